"""The ledger: what was released once is reckoned with for ever."""

from __future__ import annotations

import sqlite3
import time

import pytest

from threecircles.disclosure import ledger
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.numbers import told
from threecircles.disclosure.protect_file import protect_file


def released(tables, name, rows, header=("ward", "age", "children")):
    path = tables.csv(name, list(header), rows)
    ledger.write_down(tables.folder, name, ledger.file_entries([path]))
    return path


def test_the_second_release_is_refused_naming_the_first(tables):
    """disclosure A1, known answer C: 0-17 is out; 0-15 would tell 16-17."""
    released(tables, "first", [("X", "0-17", 58)])
    new = tables.csv("second", ["ward", "age", "children"], [("X", "0-15", 55), ("X", "0-17", 58)])
    found = ledger.check_files(tables.folder, [new])
    assert (
        len(found.leaks) == 1 and "16-17" in found.leaks[0] and "is 3 = 58 − 55" in found.leaks[0]
    )


def test_a_table_run_again_without_one_child_is_refused(tables):
    """disclosure A1, known answer H: erasure; both releases together would tell."""
    first = [("a", "F", 10), ("a", "M", 20), ("b", "F", 30), ("b", "M", 40)]
    released(tables, "first", first, ("ward", "sex", "children"))
    new = tables.csv("second", ["ward", "sex", "children"], [("a", "F", 9), *first[1:]])
    found = ledger.check_files(tables.folder, [new])
    assert found.leaks == (
        "sex F, ward a is 10 in first.csv of release first and 9 in new second.csv; "
        "the difference of 1 is a child or a few",
    )


def test_the_same_table_again_is_no_leak(tables):
    rows = [("a", "F", 10), ("a", "M", 20), ("b", "F", 30), ("b", "M", 40)]
    path = released(tables, "first", rows, ("ward", "sex", "children"))
    assert ledger.check_files(tables.folder, [path]).leaks == ()


def test_what_was_withdrawn_still_counts(tables):
    "What is out is out."
    released(tables, "first", [("a", 33), ("b", 27), ("All", 60)], ("ward", "children"))
    ledger.withdrawn(tables.folder, "first")
    new = tables.csv(
        "new", ["ward", "sex", "children"], [("a", "All", 33), ("a", "F", "c"), ("a", "M", 30)]
    )
    assert any("is 3" in leak for leak in ledger.check_files(tables.folder, [new]).leaks)
    assert "what is out is out" in ledger.ledger_text(tables.folder)


def test_tables_of_other_children_are_not_touched(tables):
    released(tables, "first", [("a", 33), ("b", 27)], ("ward", "children"))
    new = tables.csv("new", ["school", "children"], [("s", 12), ("t", 20)])
    assert ledger.check_files(tables.folder, [new]).tables == 0


def test_the_ledger_only_grows(tables):
    released(tables, "first", [("a", 33), ("b", 27)], ("ward", "children"))
    with (
        sqlite3.connect(tables.folder / ledger.FILE) as raw,
        pytest.raises(sqlite3.IntegrityError, match="only grows"),
    ):
        raw.execute("DELETE FROM ledger")


def test_differences_from_an_earlier_release_are_told_cell_by_cell(tables):
    released(tables, "first", [("a", 33), ("b", 27)], ("ward", "children"))
    new = tables.csv("first", ["ward", "children"], [("a", 34), ("c", 9)])
    assert ledger.differences(tables.folder, "first", ledger.file_entries([new])) == [
        "first.csv: count of ward a was 33, now 34",
        "first.csv: count of ward c is new, now 9",
        "first.csv: count of ward b was 27, now not shown",
    ]


def test_a_new_table_is_protected_against_what_is_out(tables):
    """disclosure A1: an earlier table shows the ward's total, so it cannot be hidden now."""
    old = tables.csv("old", ["ward", "children"], [("a", 33), ("b", 27), ("All", 60)])
    rows = [("a", "F", 3), ("a", "M", 30), ("b", "F", 12), ("b", "M", 15)]
    new = tables.csv(
        "new", ["ward", "sex", "children"], [*rows, ("All", "F", 15), ("All", "M", 45)]
    )
    out = tables.folder / "safe.csv"
    protect_file(new, "la-default", out, earlier=[old])
    ledger.write_down(tables.folder, "old", ledger.file_entries([old]))
    assert ledger.check_files(tables.folder, [out]).leaks == ()
    assert out.read_text().splitlines()[1:5] == ["a,F,c", "a,M,c", "b,F,c", "b,M,c"]


def test_a_coarser_age_alone_is_held_against_a_finer_one(tables):
    """disclosure A1, known answer C, where no cell stands in both: 58 aged 0-17 is out, 55 aged 0-15 would tell."""
    released(tables, "first", [("X", "0-17", 58)])
    new = tables.csv("second", ["ward", "age", "children"], [("X", "0-15", 55)])
    found = ledger.check_files(tables.folder, [new])
    assert found.tables == 1
    assert len(found.leaks) == 1 and "16-17" in found.leaks[0] and "is 3" in found.leaks[0]


def test_parts_that_are_out_tell_a_hidden_total(tables):
    """disclosure A1: no total is printed in the first table; the second hides one that its parts make up."""
    released(tables, "first", [("a", "F", 2), ("a", "M", 2), ("b", "F", 30), ("b", "M", 9)], ("ward", "sex", "children"))  # fmt: skip
    new = tables.csv("new", ["ward", "children"], [("a", "c"), ("b", 39)])
    assert any("is 4" in leak for leak in ledger.check_files(tables.folder, [new]).leaks)


def test_a_total_over_two_dimensions_is_held_against_their_parts(tables):
    """disclosure A1: the first table divides a ward twice and prints no total of it."""
    parts = [("a", s, f, n) for s, f, n in (("F", "y", 9), ("F", "n", 8), ("M", "y", 7), ("M", "n", 6))]  # fmt: skip
    released(tables, "first", parts, ("ward", "sex", "free meals", "children"))
    new = tables.csv("new", ["ward", "children"], [("a", "c"), ("b", 39), ("All", 69)])
    assert any("is 30" in leak for leak in ledger.check_files(tables.folder, [new]).leaks)


def test_tables_that_show_the_same_and_nothing_else_are_not_attacked(tables):
    """disclosure A4: of a thousand tables only those are read that can tell something."""
    for k in range(5):
        rows = [("a", f"k{k}", 20), ("b", f"k{k}", 27), ("a", "All", 33), ("b", "All", 47)]
        released(tables, f"open{k}", rows, ("ward", f"thing {k}", "children"))
    released(tables, "hides", [("b", "F", "c"), ("b", "M", 30), ("b", "All", 47)], ("ward", "sex", "children"))  # fmt: skip
    shown = tables.csv("same", ["ward", "children"], [("a", 33), ("b", 47)])
    assert ledger.check_files(tables.folder, [shown]).tables == 0
    hides = tables.csv("hides", ["ward", "sex", "children"], [("a", "F", "c"), ("a", "M", 30)])
    assert ledger.check_files(tables.folder, [hides]).tables == 6


def test_a_ledger_of_an_older_version_is_read_as_any(tables):
    """What tables touch is noted when an older ledger is first opened."""
    released(tables, "first", [("X", "0-17", 58)])
    with sqlite3.connect(tables.folder / ledger.FILE) as raw:
        raw.execute("DROP TABLE ledger_atom")
        raw.execute("PRAGMA user_version = 0")
    new = tables.csv("second", ["ward", "age", "children"], [("X", "0-15", 55)])
    assert ledger.check_files(tables.folder, [new]).tables == 1


def counted(sheet, period, figures):
    "What a table of our own shows of the children of a period."
    return [
        Entry(sheet, i, "n", at, f"children:count|children|children|{period}", told(text))
        for i, (at, text) in enumerate(figures.items(), 1)
    ]


def test_of_a_thousand_tables_those_that_share_something_open_are_read(tables):
    """disclosure A4: 1,000 released tables of ten years; those of the new one's year give it away, no other is read."""
    ward, sex = (("ward", "a"),), (("sex", "F"), ("ward", "a"))
    for year in range(10):
        found = []
        for k in range(100):
            thing = (("thing", f"{k}"), ("ward", "a"))
            found += counted(f"t{k}", f"20{year + 10}", {thing: "20", ward: "33"})
        ledger.write_down(tables.folder, f"release {year}", found)
    new = counted("new", "2019", {sex: "c", (("sex", "M"), ("ward", "a")): "30"})
    begun = time.process_time()
    held = ledger.check(tables.folder, new)
    assert 1 <= held.tables <= 100 and held.cells <= 202
    assert any("is 3" in leak for leak in held.leaks)
    assert time.process_time() - begun < 60
