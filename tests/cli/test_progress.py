"""The command `progress` over two checks and over more (spec/quality.md 4.2 and 5)."""

import json

import pytest
import typer
from tests.quality.four_checks import store_four
from typer.testing import CliRunner

from threecircles.cli import quality
from threecircles.core.errors import UsageError


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    quality.register(made)
    return made


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return store_four(tmp_path_factory.mktemp("checks"))


def run(app, *arguments):
    return CliRunner().invoke(app, ["progress", *map(str, arguments)])


def test_four_checks_are_told_week_by_week_and_written(app, folders, tmp_path):
    """quality 4.2: screen, page, tables and JSON by one command."""
    done = run(app, *folders, "--deadline", "2026-07-31", "--out", tmp_path / "way", "--json", tmp_path / "way.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "2026-W22" in done.output and "not a promise" in done.output
    assert (tmp_path / "way" / "progress.html").exists()
    assert json.loads((tmp_path / "way.json").read_text(encoding="utf-8"))["year"] == 2026
    only = run(app, *folders, "--json", "-")
    assert len(json.loads(only.output)["weeks"]) == 3


def test_two_checks_are_compared_as_they_are_named(app, folders, tmp_path):
    """quality 4.2: the form with two checks stays; with --out the page of both is written."""
    done = run(app, folders[0], folders[1], "--out", tmp_path / "two")
    assert done.output.startswith("04/05/2026 to 07/05/2026\n") and "2 mended" in done.output
    assert "Week" not in done.output and (tmp_path / "two" / "progress.html").exists()
    back = run(app, folders[1], folders[0])
    assert "07/05/2026 to 04/05/2026" in back.output and "2 new" in back.output


def test_what_cannot_be_told_is_said_in_words(app, folders):
    """quality 4.2: one check alone, one twice, a deadline that is no day, a worker nobody knows."""
    for arguments, said in (
        (folders[:1], "two or more checks"),
        ([folders[0], folders[0]], "named twice"),
        ([*folders, "--deadline", "soon"], "soon is not a date"),
        ([*folders, "--worker", "W. Wone"], "worker W. Wone"),
    ):
        done = run(app, *arguments)
        assert isinstance(done.exception, UsageError) and said in str(done.exception), said
