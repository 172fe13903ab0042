"""Making anyone's table safe: what is hidden, why, and that the attacker then fails."""

from __future__ import annotations

import csv

import pytest

from threecircles.core.errors import UsageError
from threecircles.disclosure.attack_files import attack_files
from threecircles.disclosure.protect_file import protect_file

A = [[12, 3, 20], [9, 14, 2], [31, 8, 4]]


def test_table_a_gets_its_least_safe_pattern(tables):
    """Known answer A: three more cells of value 42."""
    out = tables.folder / "out.csv"
    done = protect_file(tables.cross("a", A, set()), "la-default", out)
    assert (done.primary, done.secondary, done.value) == (3, 3, 3 + 2 + 4 + 42)
    assert attack_files([out]).safe()


def test_the_725_cell_table_beats_the_comparator(tables):
    """A3: not above 40.7% of cells and value 1,664; none narrower than 3."""
    out = tables.folder / "out.csv"
    done = protect_file(tables.hierarchy("t", 4, 6, 4, 4), "la-default", out)
    assert (done.cells, done.primary) == (725, 187)
    assert (done.primary + done.secondary) / done.cells <= 0.407 and done.value <= 1664
    report = attack_files([out])
    assert len(report.hidden) == done.primary + done.secondary
    primary = {(h.row, h.column) for h in done.hidden if h.why.startswith("it is")}
    assert report.exact == 0
    assert all(
        f.width is None or f.width >= 3 for f in report.hidden if (f.row, f.column) in primary
    )


def test_the_rule_alone_leaves_124_of_187_exact(tables):
    """A3: the attacker bites."""
    path = tables.hierarchy("t", 4, 6, 4, 4)
    with path.open() as file:
        header, *rows = csv.reader(file)
    hidden = tables.csv(
        "h", header, [(*r[:-1], "c" if 1 <= int(r[-1]) <= 5 else r[-1]) for r in rows]
    )
    report = attack_files([hidden])
    assert (len(report.hidden), report.exact, report.narrow) == (187, 124, 143)


def test_a_table_without_totals_is_protected_as_if_they_were_known(tables):
    out = tables.folder / "out.csv"
    done = protect_file(tables.hierarchy("t", 2, 3, 3, 3, totals=False), "la-default", out)
    assert any("holds no totals" in n for n in done.notes)
    if done.primary:
        assert done.secondary > 0


def test_what_is_derived_from_a_hidden_count_goes_too(tables):
    rows = [("a", 3, "30.0"), ("b", 7, "35.0"), ("c", 40, "40.0"), ("All", 50, "38.5")]
    out = tables.folder / "out.csv"
    protect_file(tables.csv("t", ["ward", "count", "percent"], rows), "la-default", out)
    assert [r.split(",")[1:] for r in out.read_text().splitlines()[1:3]] == [["c", "c"], ["c", "c"]]


def test_the_report_says_why_each_cell_is_hidden(tables):
    done = protect_file(tables.cross("a", A, set()), "la-default", tables.folder / "out.csv")
    assert "row 3, category c2, ward w1: it is 1 to 5" in done.text()
    assert sum("could be worked out" in h.why for h in done.hidden) == 3


def test_nothing_is_hidden_where_nothing_is_small(tables):
    done = protect_file(
        tables.cross("a", [[10, 20], [30, 40]], set()), "la-default", tables.folder / "o.csv"
    )
    assert done.hidden == ()


def test_the_profile_decides_symbol_and_rounding(tables):
    out = tables.folder / "o.csv"
    protect_file(tables.cross("a", [[13, 22], [31, 6]], set()), "nhs-hes", out)
    lines = {tuple(r.split(",")[:2]): r.split(",")[2] for r in out.read_text().splitlines()[1:]}
    assert lines["w2", "c2"] == "*" and lines["All", "All"] in ("70", "*")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "c"), ("b", 3)], "hidden already"),
        ([("a", "2.5"), ("b", 3)], "not a count"),
        ([("a", -1), ("b", 3)], "not a count"),
        ([("a", 1), ("a", 3)], "same group"),
    ],
)
def test_a_table_that_cannot_be_judged_is_refused_and_nothing_is_written(tables, rows, message):
    out = tables.folder / "o.csv"
    with pytest.raises(UsageError, match=message):
        protect_file(tables.csv("t", ["ward", "count"], rows), "la-default", out)
    assert not out.exists()


def test_an_unknown_profile_is_refused_with_the_nearest(tables):
    with pytest.raises(UsageError, match="did you mean la-default"):
        protect_file(tables.cross("a", A, set()), "la-defalt", tables.folder / "o.csv")


def test_text_that_a_spreadsheet_would_run_is_made_harmless(tables):
    out = tables.folder / "o.csv"
    protect_file(
        tables.csv("t", ["ward", "count"], [("=1+1", 3), ("b", 30), ("c", 40)]), "la-default", out
    )
    assert "'=1+1" in out.read_text()
