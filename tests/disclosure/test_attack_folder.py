"""The attacker on folders of tables: it ends, misses nothing across files, and reads our own tables as they are."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
from tests.disclosure.random_tables import Line, bounds

from threecircles.core.errors import UsageError
from threecircles.disclosure.attack_files import attack_files

NAMES = ("ward", "sex", "year group")


def margins(folder, seed):
    "One to three tables of the same children, each over some of three dimensions, cells hidden by chance."
    rng = np.random.default_rng(seed)
    n = rng.integers(0, 4, size=(2, 2, 2))
    subsets = [s for k in (1, 2, 3) for s in itertools.combinations(range(3), k)]
    chosen = rng.choice(len(subsets), size=int(rng.integers(2, 4)), replace=False)
    lines, shown = [], []
    for number, at in enumerate(chosen):
        over, rows = subsets[at], []
        for place in itertools.product(*(range(2) for _ in over)):
            inside = np.zeros(n.shape, bool)
            where: list[object] = [slice(None)] * 3
            for d, v in zip(over, place, strict=True):
                where[d] = v
            inside[tuple(where)] = True
            labels = tuple(f"{'wsy'[d]}{v}" for d, v in zip(over, place, strict=True))
            line = Line(labels, int(n[inside].sum()), tuple(np.flatnonzero(inside.ravel()).tolist()))  # fmt: skip
            told = None if rows and rng.random() < 0.35 else float(line.value)
            lines.append(line)
            shown.append(told)
            rows.append((*labels, "c" if told is None else int(told)))
        with (folder / f"t{number}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([(*[NAMES[d] for d in over], "count"), *rows])
    lines.append(Line((), int(n.sum()), tuple(range(8))))
    shown.append(float(n.sum()))
    (folder / "all.csv").write_text(f"area,count\nAll,{int(n.sum())}\nAll of it,{int(n.sum())}\n")
    return lines, shown


@pytest.mark.parametrize("seed", range(12))
def test_what_a_second_attacker_finds_in_a_folder_this_one_finds(tmp_path, seed):
    """disclosure A2: folders of linked tables, beside programmes over the finest cells written apart."""
    lines, shown = margins(tmp_path, seed)
    found = {tuple(sorted(f.group.values())): f for f in attack_files([tmp_path]).hidden}
    told = bounds(lines, shown, 8)
    for line, value in zip(lines, shown, strict=True):
        if value is None:
            mine, (low, high) = found[tuple(sorted(line.labels))], told[line.cells]
            top = np.inf if mine.high is None else mine.high
            assert mine.low <= line.value <= top, (seed, line)
            # Whole numbers may leave less than sums alone; never more.
            assert mine.low >= low - 1e-6 and top <= high + 1e-6, (seed, line, low, high)


def own(path, table, columns, rows):
    "A table as `report` writes it."
    header = ["number_id", "table", "period", *columns, "measure", "value", "low", "high", "numerator", "denominator", "n", "symbol", "unit", "definition"]  # fmt: skip
    made = []
    for i, (labels, n) in enumerate(rows):
        figures = ["", "", "", "", "", "", "[c]"] if n is None else [n, "", "", "", "", n, ""]
        made.append([f"N{table}{i}", table, "2026", *(x for v in labels for x in (v, v)), "children", *figures, "children", "d@1"])  # fmt: skip
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *made])


def test_our_own_tables_are_attacked_together_wherever_they_lie(tmp_path):
    "A copied folder: labels, numbers of figures and units are no groups."
    own(tmp_path / "a.csv", "a", ["ward_code", "ward_name"], [(("All",), 50), (("x",), None), (("y",), 30)])  # fmt: skip
    own(tmp_path / "b.csv", "b", ["ward_code", "ward_name", "sex_code", "sex_name"], [(("x", "F"), None), (("x", "M"), 17), (("y", "F"), 14), (("y", "M"), 16)])  # fmt: skip
    report = attack_files([tmp_path])
    told = {tuple(sorted(f.group.values())): f.low for f in report.hidden if f.exact}
    assert told == {("x",): 20, ("F", "x"): 3}


def test_a_table_without_counts_is_passed_over_in_a_folder_and_an_error_alone(tmp_path):
    (tmp_path / "words.csv").write_text("name,remark\na,b\nc,d\n")
    (tmp_path / "t.csv").write_text("ward,count\na,c\nb,12\nAll,15\n")
    report = attack_files([tmp_path])
    assert report.exact == 1 and any("words.csv" in n for n in report.notes)
    with pytest.raises(UsageError, match="No column holds counts"):
        attack_files([tmp_path / "words.csv"])


def test_tables_that_contradict_one_are_still_attacked_with_the_others(tables):
    "A later edition that differs by many stands apart; the two that agree are taken together."
    one = tables.csv("a", ["ward", "sex", "count"], [("a", "F", "c"), ("a", "M", 30), ("b", "F", 12), ("b", "M", 15)])  # fmt: skip
    two = tables.csv("b", ["ward", "count"], [("a", 33), ("b", 27), ("All", 60)])
    other = tables.csv("c", ["sex", "count"], [("F", 150), ("M", 450), ("All", 600)])
    assert [f.low for f in attack_files([one, two, other]).hidden if f.exact] == [3]
