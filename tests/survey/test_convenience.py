"""Answers of whoever came speak for nobody else: survey page, section 3a."""

import json

import polars as pl
import pytest

from threecircles.cli.survey import estimate as command
from threecircles.core.errors import UsageError
from threecircles.survey.convenience import LABEL, answers_table, check_may_pool
from threecircles.survey.estimate import estimate_file

SPEC = "data: a.csv\nbasis: convenience\nestimates:\n  - {statistic: proportion, variable: sad}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_text("sad,sex,w\nyes,F,1\nno,M,2\nyes,M,1\n,F,1\n")
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def test_an_estimate_has_no_error_no_interval_and_its_label(folder):
    """A25: on the API."""
    rows = estimate_file(folder / "spec.yaml")["estimates"]
    assert [(r["answer"], r["n"]) for r in rows] == [("no", 3), ("yes", 3)]
    assert all(r["of"] == LABEL for r in rows)
    assert not {"se", "low", "high", "df", "deff", "n_weighted", "group"} & {
        k for r in rows for k in r
    }


def test_the_command_and_its_file_keep_the_label(folder, capsys):
    """A25: on the screen and in the export."""
    command(folder / "spec.yaml", folder / "out.json")
    assert LABEL in capsys.readouterr().out
    told = json.loads((folder / "out.json").read_text())
    assert {r["of"] for r in told["estimates"]} == {LABEL}


@pytest.mark.parametrize("line", ["weight: w", "stratum: sex", "by: [sex]", "psu: sex"])
def test_weights_and_groups_are_refused(folder, line):
    """A25: no group difference, no prevalence."""
    (folder / "spec.yaml").write_text(SPEC + line + "\n")
    with pytest.raises(UsageError, match="cannot be weighted, compared by group"):
        estimate_file(folder / "spec.yaml")


def test_a_total_is_refused(folder):
    (folder / "spec.yaml").write_text(SPEC.replace("proportion", "total"))
    with pytest.raises(UsageError, match="cannot be weighted"):
        estimate_file(folder / "spec.yaml")


def test_a_table_of_answers_has_no_ends_and_says_whose_they_are():
    """A25: the label goes with the table to page, CSV and pack."""
    table = answers_table(pl.DataFrame({"sad": ["yes", "no", "yes"]}), "sad", "open-link", "2026")
    assert "low" not in table.frame.columns and "low" not in table.spec.values
    assert LABEL in table.spec.title
    assert table.frame["n"].to_list() == [3, 1, 2]


def test_whoever_came_is_not_pooled_with_a_sample():
    """A25: no pooled row."""
    check_may_pool({"open": "convenience"})
    check_may_pool({"a": "sample", "b": "census"})
    with pytest.raises(UsageError, match="not put together"):
        check_may_pool({"a": "sample", "open": "convenience"})
