"""The attacker on anyone's files: the known answers of disclosure 6, and the shapes tables come in."""

from __future__ import annotations

import json

import pytest

from threecircles.core.errors import UsageError
from threecircles.disclosure.attack_files import attack_files

A = [[12, 3, 20], [9, 14, 2], [31, 8, 4]]
SMALL_OF_A = {(0, 1), (1, 2), (2, 2)}
B = [[4, 9, 30, 12], [7, 8, 3, 25], [22, 18, 6, 11], [16, 27, 13, 5]]
HIDDEN_OF_B = {(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 2), (3, 3)}


def values(report):
    return [f.low for f in report.hidden if f.exact]


def test_table_a_with_the_rule_alone_gives_all_three_away(tables):
    """Known answer A."""
    report = attack_files([tables.cross("a", A, SMALL_OF_A)])
    assert values(report) == [3, 2, 4] and report.exact == 3 and not report.safe()
    assert "is 3 = 35 − 20 − 12" in report.hidden[0].sentence


def test_table_a_with_two_more_cells_still_gives_the_two(tables):
    """Known answer A."""
    assert values(attack_files([tables.cross("a", A, SMALL_OF_A | {(2, 1), (0, 2)})])) == [2]


def test_table_a_with_three_more_cells_is_safe(tables):
    """Known answer A: intervals 0-23, 0-16, 0-12."""
    report = attack_files([tables.cross("a", A, SMALL_OF_A | {(0, 2), (1, 1), (2, 1)})])
    assert sorted({(f.low, f.high) for f in report.hidden}) == [(0, 12), (0, 16), (0, 23)]
    assert report.safe()


def test_table_b_falls_though_each_line_hides_two(tables):
    """Known answer B."""
    report = attack_files([tables.cross("b", B, HIDDEN_OF_B)])
    assert values(report) == [3]
    bounds = [(f.low, f.high) for f in report.hidden if not f.exact]
    assert bounds == [(0, 11), (2, 13), (0, 11), (4, 15), (1, 17), (0, 16), (2, 18), (0, 16)]


def test_two_releases_give_the_ages_between_them(tables):
    """Known answer C: 0-17 less 0-15."""
    one = tables.csv("one", ["ward", "age", "children"], [("X", "0-17", 58)])
    two = tables.csv("two", ["ward", "age", "children"], [("X", "0-15", 55)])
    report = attack_files([one, two])
    assert [(f.group, f.low) for f in report.derived] == [({"age": "16-17"}, 3)]
    assert report.derived[0].by == ("age 0-17: 58", "age 0-15: 55")
    assert attack_files([one]).safe() and attack_files([two]).safe()


def test_a_percentage_gives_the_count_away(tables):
    """Known answer D: 33.3% of 12."""
    rows = [("a", "c", 12, "33.3%"), ("b", 6, 10, "60.0%"), ("d", 7, 20, "35.0%")]
    assert values(
        attack_files([tables.csv("d", ["ward", "count", "denominator", "percent"], rows)])
    ) == [4]


def test_a_share_of_a_total_in_the_same_table_gives_the_count_away(tables):
    "Nobody printed a denominator column, but every shown share fits the total of the ward."
    rows = [
        ("a", "F", "c", 25.0),
        ("a", "M", "c", 75.0),
        ("a", "All", 12, 100.0),
        ("b", "F", 6, 60.0),
        ("b", "M", 4, 40.0),
        ("b", "All", 10, 100.0),
    ]
    assert values(attack_files([tables.csv("d", ["ward", "sex", "count", "percent"], rows)])) == [
        3,
        9,
    ]


def test_rolling_sums_give_the_year_away(tables):
    """Known answer E."""
    rows = [("2022", 8), ("2023", 7), ("2024", "c"), ("2022-24", 18)]
    assert values(attack_files([tables.csv("e", ["year", "count"], rows)])) == [3]


def test_the_shown_sibling_gives_the_hidden_one_away(tables):
    """Known answer F."""
    rows = [("S", "All", 64), ("S", "not FSM", 57), ("S", "FSM", "*")]
    assert values(attack_files([tables.csv("f", ["school", "fsm", "n"], rows)])) == [7]


def test_a_change_of_boundaries_gives_the_difference_away(tables):
    """Known answer G: the same ward less one LSOA."""
    rows = [("P, 2023 boundaries", 40), ("P, 2024 boundaries", 37)]
    inside = [
        ("ward", "P, 2023 boundaries", "P, 2024 boundaries"),
        ("ward", "P, 2023 boundaries", "LSOA E01900007"),
    ]
    report = attack_files([tables.csv("g", ["ward", "count"], rows)], declared=inside)
    assert [(f.group["ward"], f.low) for f in report.derived] == [("LSOA E01900007", 3)]


def test_a_table_run_again_without_one_child_is_told(tables):
    """Known answer H: erasure."""
    one = tables.cross("first", [[10, 20], [30, 40]], set())
    two = tables.cross("second", [[9, 20], [30, 40]], set())
    report = attack_files([one, two])
    assert not report.safe()
    assert any("ward w1 is 30 in first.csv and 29 in second.csv" in c for c in report.changes)


def test_several_files_are_attacked_together(tables):
    "Neither file gives it away; the ward's total stands in the other."
    one = tables.csv(
        "one",
        ["ward", "sex", "count"],
        [("a", "F", "c"), ("a", "M", 30), ("b", "F", 12), ("b", "M", 15)],
    )
    two = tables.csv("two", ["ward", "count"], [("a", 33), ("b", 27), ("All", 60)])
    assert attack_files([one]).exact == 0
    assert values(attack_files([one, two])) == [3]


def test_bounds_that_a_symbol_tells_are_used(tables):
    rows = [("a", "<5"), ("b", "1 to 5"), ("d", 10), ("All", 16)]
    assert [
        (f.low, f.high) for f in attack_files([tables.csv("t", ["ward", "count"], rows)]).hidden
    ] == [(1, 4), (2, 5)]


def test_rounded_tables_are_ranges_and_give_nothing_exact(tables):
    cells = [[10, 5, 20], [25, 15, 5], [30, 10, 5], [5, 5, 40]]
    rows = [
        r
        for r in [(f"w{i}", f"c{j}", v) for i, line in enumerate(cells) for j, v in enumerate(line)]
    ]
    rows += [(f"w{i}", "All", sum(line)) for i, line in enumerate(cells)]
    report = attack_files(
        [tables.csv("r", ["ward", "category", "count"], [*rows[:-1], ("w3", "All", "c")])]
    )
    assert report.exact == 0 and any("multiples of 5" in n for n in report.notes)


@pytest.mark.parametrize("shape", ["wide", "semicolon", "titled", "xlsx"])
def test_the_same_table_in_other_dress_gives_the_same(tables, shape):
    lines = [
        ["Ward", "c1", "c2", "c3", "Total"],
        ["w1", 12, "c", 20, 35],
        ["w2", 9, 14, "c", 25],
        ["w3", 31, 8, "c", 43],
        ["Total", 52, 25, 26, 103],
    ]
    if shape == "xlsx":
        import xlsxwriter

        path = tables.folder / "t.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write(0, 0, "Children by ward and category")
            for i, line in enumerate(lines):
                for j, cell in enumerate(line):
                    sheet.write(i + 2, j, cell)
    else:
        text = "\n".join(
            (";" if shape == "semicolon" else ",").join(map(str, line)) for line in lines
        )
        path = tables.text(
            "t.csv",
            f"Children by ward\n\n{text}\n\nSource: made up\n" if shape == "titled" else text,
        )
    assert values(attack_files([path])) == [3, 2, 4]


def test_levels_in_one_column_are_found_by_adding_up(tables):
    "Nobody says that North holds w1 and w2."
    area = {
        "LA": (60, 33, 27),
        "North": (35, 20, 15),
        "South": (25, 13, 12),
        "w1": (15, 12, 3),
        "w2": (20, 8, 12),
        "w3": (15, 7, 8),
        "w4": (10, 6, 4),
    }
    rows = [
        (a, s, v)
        for a, three in area.items()
        for s, v in zip(("All", "F", "M"), three, strict=True)
    ]
    hidden = [
        (a, s, "c" if (a, s) in {("w1", "M"), ("w2", "M"), ("w1", "F")} else v) for a, s, v in rows
    ]
    assert 12 in values(attack_files([tables.csv("h", ["area", "sex", "count"], hidden)]))


def test_a_folder_of_releases_is_attacked_as_one(tables):
    tables.csv(
        "one",
        ["ward", "sex", "count"],
        [("a", "F", "c"), ("a", "M", 30), ("b", "F", 12), ("b", "M", 15)],
    )
    tables.csv("two", ["ward", "count"], [("a", 33), ("b", 27), ("All", 60)])
    report = attack_files([tables.folder])
    assert json.loads(report.to_json())["exact"] == 1 and "one.csv" in report.files


def test_figures_that_contradict_each_other_are_named(tables):
    report = attack_files(
        [
            tables.csv(
                "t",
                ["ward", "sex", "count"],
                [
                    ("a", "F", 10),
                    ("a", "M", 12),
                    ("a", "All", 20),
                    ("b", "F", 1),
                    ("b", "M", 1),
                    ("b", "All", 2),
                ],
            )
        ]
    )
    assert any("add up to more" in n for n in report.notes)


def test_a_file_without_figures_is_refused(tables):
    with pytest.raises(UsageError, match="No column holds counts"):
        attack_files([tables.text("t.csv", "a,b\nx,y\nz,w\n")])
    with pytest.raises(UsageError, match="no such file"):
        attack_files([tables.folder / "none.csv"])
