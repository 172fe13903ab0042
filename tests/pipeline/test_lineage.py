"""From a number on a page back to the file and field it came from."""

import csv
import subprocess
import sys

import pytest

from threecircles.core.errors import UsageError
from threecircles.report.lineage import describe


def number_of(run, table: str) -> str:
    """The id of the first figure of a released table."""
    path = next(run.pack().rglob(f"data/{table}.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))["number_id"]


def test_a_published_share_leads_back_to_files_definitions_and_fields(hamlet):
    """Spine 2: `threecircles lineage NUMBER_ID` ends at received files and their columns."""
    told = describe(hamlet.workspace, number_of(hamlet, "circles-place"))
    for part in (
        "need.circles",
        "survey_pupils_2026_made-up-data.csv sha256",
        "cin_2026.xml sha256",
        "definitions:",
    ):
        assert part in told
    assert "fields of sources.survey_2026.survey_pupils: code" in told


def test_the_command_prints_the_same_lineage(hamlet):
    """Spine: `threecircles lineage ID` is among the commands others rely on."""
    number = number_of(hamlet, "circles-place")
    command = [
        sys.executable,
        "-m",
        "threecircles",
        "lineage",
        number,
        "--workspace",
        str(hamlet.workspace),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == describe(hamlet.workspace, number).strip()


def test_an_id_that_nobody_published_is_refused_in_words(hamlet):
    """S7: a wrong id gives a sentence."""
    with pytest.raises(UsageError, match="No released table holds this number"):
        describe(hamlet.workspace, "N000000000000")
