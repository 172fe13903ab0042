"""Tables as they really come: what nobody described must not give anybody away."""

from __future__ import annotations

import csv

import pytest

from threecircles.disclosure.attack_files import attack_files
from threecircles.disclosure.protect_file import protect_file


def protected(tables, header, rows, **said):  # type: ignore[no-untyped-def]
    "The lines of the safe copy, and the report."
    out = tables.folder / "safe.csv"
    told = protect_file(tables.csv("t", header, rows), "la-default", out, **said)
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:], told


@pytest.mark.parametrize("heading", ["prevalence", "Total score", "change", "z"])
def test_a_figure_beside_a_hidden_count_goes_with_it(tables, heading):
    "Whatever its heading says: 25.0 of 12 is 3, and a fall of 5 from 8 is 3."
    rows = [("Abbey", 3, -5), ("Castle", 14, 56.5), ("Mill", 20, 50), ("All", 37, 46.8)]
    lines, _ = protected(tables, ["ward", "children", heading], rows)
    assert [line[2] for line in lines] == ["c", "c", "50", "46.8"]


def test_counts_side_by_side_are_all_counted_whatever_their_headings(tables):
    "One heading says that it counts; the others are parts of it."
    rows = [
        ("Abbey", 30, 3, 27),
        ("Castle", 40, 14, 26),
        ("Mill", 50, 20, 30),
        ("All", 120, 37, 83),
    ]
    header = ["ward", "children", "of whom with SEN", "remaining"]
    lines, _ = protected(tables, header, rows)
    assert [line[2:] for line in lines] == [["c", "c"], ["c", "c"], ["20", "30"], ["37", "83"]]


def test_what_is_left_of_a_count_side_by_side_is_protected(tables):
    "Nobody printed the three without SEN."
    rows = [("Abbey", 30, 27), ("Castle", 40, 26), ("Mill", 50, 30), ("All", 120, 83)]
    lines, _ = protected(tables, ["ward", "children", "of whom with SEN"], rows)
    assert lines[0][2] == "c" and [line[2] for line in lines].count("c") >= 2


def test_a_named_count_does_not_leave_the_other_counts_bare(tables):
    rows = [("Abbey", 12, 3, 9), ("Castle", 25, 11, 14), ("Mill", 40, 20, 20), ("All", 77, 34, 43)]
    lines, _ = protected(tables, ["ward", "total", "boys", "girls"], rows, count="total")
    assert lines[0][2:] == ["c", "c"]


def test_remarks_are_not_in_the_copy_and_the_report_says_how_columns_were_taken(tables):
    rows = [("Abbey", 3, "three siblings"), ("Castle", 14, ""), ("Mill", 20, ""), ("All", 37, "")]
    lines, told = protected(tables, ["ward", "count", "comment"], rows)
    assert all(line[2] == "" for line in lines)
    assert "counts count; divides by ward; left out, being remarks: comment" in told.text()


def test_a_coded_column_that_tells_lines_apart_divides(tables):
    "Nothing in the heading says so, but without it two lines would count the same group."
    rows = [(w, tier, 10 * tier + 7) for w in ("Abbey", "Mill") for tier in (1, 2, 3)]
    _, told = protected(tables, ["ward", "tier", "count"], rows)
    assert "divides by ward, tier" in told.text()


WARDS = [("Abbey", 12), ("Castle", 11), ("Mill", 40), ("Total", 63)]
SEXES = [
    *(("ABBEY", s, 6) for s in "FM"),
    ("CASTLE", "F", 9),
    ("CASTLE", "M", 2),
    *(("mill ", s, 20) for s in "FM"),
]


def test_the_same_wards_under_another_heading_and_spelling_are_the_same(tables):
    "11 in the ward less 9 girls are 2 boys."
    (tables.folder / "in").mkdir()
    tables.csv("in/one", ["Ward name", "Number"], WARDS)
    tables.csv("in/two", ["Ward", "Sex", "Count"], SEXES)
    protect_file(tables.folder / "in", "la-default", tables.folder / "safe")
    assert attack_files([tables.folder / "safe"]).safe()
    lines = (tables.folder / "safe" / "two.csv").read_text().splitlines()
    assert "CASTLE,F,c" in lines and "CASTLE,M,c" in lines


def test_the_attacker_sees_the_same_wards_too(tables):
    one = tables.csv("one", ["Ward name", "Number"], WARDS)
    hidden = [(w, s, "c" if n < 6 else n) for w, s, n in SEXES]
    report = attack_files([one, tables.csv("two", ["Ward", "Sex", "Count"], hidden)])
    assert [f.low for f in report.hidden if f.exact] == [2]


def test_a_table_across_and_one_down_are_seen_to_divide_alike(tables):
    across = [("Abbey", 6, 6), ("Castle", 9, 2), ("Mill", 20, 20)]
    one = tables.csv(
        "one", ["ward", "Female", "Male"], [(w, f, "c" if m < 6 else m) for w, f, m in across]
    )
    two = tables.csv("two", ["sex", "count"], [("Female", 35), ("Male", 28)])
    assert [f.low for f in attack_files([one, two]).hidden if f.exact] == [2]


def test_yes_and_no_of_two_questions_are_two_questions(tables):
    "The same words divide in another way where the counts differ."
    one = tables.csv("one", ["fsm", "count"], [("yes", 100), ("no", 300)])
    two = tables.csv("two", ["sen", "count"], [("yes", 60), ("no", 340)])
    report = attack_files([one, two])
    assert not report.changes and not report.notes


def test_england_is_the_sum_of_what_stands_beside_it(tables):
    rows = [("England", 103), ("North", 35), ("Midlands", "c"), ("South", 65)]
    assert [
        f.low for f in attack_files([tables.csv("t", ["area", "n"], rows)]).hidden if f.exact
    ] == [3]


def test_a_table_with_every_count_hidden_tells_nothing(tables):
    report = attack_files([tables.csv("t", ["ward", "count"], [("Abbey", "c")])])
    assert report.safe() and "shows no figure at all" in report.text()


def test_groups_that_are_equal_by_chance_do_not_make_a_table_contradict_itself(tables):
    "Two wards with the same counts, and only the grand total printed: random table 298."
    cells = {"w0": (5, 10), "w1": (5, 10), "w2": (3, 17), "w3": (1, 10)}
    rows = [(w, s, n) for w, two in cells.items() for s, n in zip(("x0", "x1"), two, strict=True)]
    lines, _ = protected(tables, ["area", "sex", "children"], [*rows, ("All", "All", 61)])
    assert lines[0][2] == "c"


def test_districts_listed_below_their_region_in_one_column_add_up(tables):
    "England, a region, its districts, the next region: no heading or word says which holds which."
    rows = [("England", 46), ("North", 15), ("n1", 3), ("n2", 12), ("South", 31), ("s1", 22), ("s2", 9)]  # fmt: skip
    out = tables.folder / "safe.csv"
    protect_file(tables.csv("t", ["area", "children"], rows), "la-default", out)
    assert "n1,c\nn2,c\n" in out.read_text() and "North,15" in out.read_text()


def test_a_mean_of_ages_goes_with_its_count_and_is_no_group(tables):
    "The mean age of three children is theirs; with the other means it tells how many they are."
    rows = [("a", 3, 11.2), ("b", 20, 12.1), ("All", 23, 12.0)]
    out = tables.folder / "safe.csv"
    protect_file(tables.csv("t", ["ward", "children", "mean_age"], rows), "la-default", out)
    assert out.read_text().splitlines()[1:] == ["a,c,c", "b,c,c", "All,23,12.0"]
