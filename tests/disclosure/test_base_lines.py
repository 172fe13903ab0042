"""Counts beside the base that they divide: the base less the others is a hidden count (disclosure A1, A2)."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
from tests.disclosure.random_tables import Line, bounds

from threecircles.disclosure.attack_files import attack_files
from threecircles.disclosure.protect_file import protect_file


def answers(path, seed, *, totals, wide):
    "Pupils by ward and answer with the base of the ward in each line: long or wide, some totals or none."
    rng = np.random.default_rng(seed)
    n = rng.poisson(rng.gamma(1.2, 8, size=(4, 3)))
    wards = [(f"w{i}", [i]) for i in range(4)] + ([("All", [0, 1, 2, 3])] if totals else [])
    kinds = ("never", "some", "most")
    rows, lines = [], []
    for ward, inside in wards:
        own = [int(n[inside, k].sum()) for k in range(3)]
        cells = [tuple(3 * i + k for i in inside) for k in range(3)]
        base = Line((ward, "base"), sum(own), tuple(c for k in cells for c in k))
        lines += [base, *(Line((ward, kinds[k]), own[k], cells[k]) for k in range(3))]
        if wide:
            rows.append((ward, *own, sum(own)))
        else:
            rows += [(ward, kinds[k], own[k], sum(own)) for k in range(3)]
    header = ("ward", *kinds, "base") if wide else ("ward", "answer", "pupils", "base")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return lines


def shown_of(path, lines, wide):
    "What the safe copy shows of each line; a base counts as shown where any of its rows shows it."
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told: dict[tuple[str, str], float | None] = {}
    for row in rows:
        if wide:
            told |= {(row["ward"], k): _figure(row[k]) for k in ("never", "some", "most")}
        else:
            told[row["ward"], row["answer"]] = _figure(row["pupils"])
        if _figure(row["base"]) is not None:
            told[row["ward"], "base"] = _figure(row["base"])
    return [told.get(x.labels) for x in lines]


def _figure(text):
    return float(text) if text.isdigit() else None


@pytest.mark.parametrize(
    ("seed", "totals", "wide"), list(itertools.product(range(4), (True, False), (True, False)))
)
def test_no_small_count_comes_back_from_its_base(tmp_path, seed, totals, wide):
    """disclosure A2: judged by programmes written apart from the product's."""
    lines = answers(tmp_path / "t.csv", seed, totals=totals, wide=wide)
    protect_file(tmp_path / "t.csv", "la-default", tmp_path / "safe.csv")
    shown = shown_of(tmp_path / "safe.csv", lines, wide)
    values = {x.cells: x.value for x in lines}
    assert all(s is None or s == x.value for x, s in zip(lines, shown, strict=True))
    for cells, (low, high) in bounds(lines, shown, 12).items():
        assert not 1 <= values[cells] <= 5 or high - low >= 3 - 1e-6, (seed, cells, low, high)


def test_the_attacker_takes_hidden_answers_from_their_base(tables):
    "No total row says what the answers add up to; the base in each line does."
    rows = [
        ("a", "never", "c", 53), ("a", "some", 20, 53), ("a", "most", 30, 53),
        ("b", "never", 12, 60), ("b", "some", 18, 60), ("b", "most", 30, 60),
    ]  # fmt: skip
    report = attack_files([tables.csv("t", ["ward", "answer", "pupils", "base"], rows)])
    assert [(f.group, f.low) for f in report.hidden if f.exact] == [({"answer": "never", "ward": "a"}, 3)]  # fmt: skip


def test_a_base_of_others_is_not_taken_for_a_sum(tables):
    "A population is no sum of the children counted beside it."
    rows = [("a", "F", "c", 530), ("a", "M", 20, 530), ("b", "F", 12, 600), ("b", "M", 9, 600)]
    report = attack_files([tables.csv("t", ["ward", "sex", "count", "base"], rows)])
    assert report.exact == 0


@pytest.mark.parametrize("heading", ["year group", "NC year", "school year", "period"])
def test_ages_under_a_heading_that_speaks_of_years_add_up(tmp_path, heading):
    "Year 7 is no time: its pupils and those of year 8 are all pupils."
    rows = [("a", 7, 3), ("a", 8, 20), ("a", "All", 23), ("b", 7, 18), ("b", 8, 9), ("b", "All", 27)]  # fmt: skip
    rows += [("All", 7, 21), ("All", 8, 29), ("All", "All", 50)]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("school", heading, "pupils"), *rows])
    done = protect_file(tmp_path / "t.csv", "la-default", tmp_path / "safe.csv")
    assert len(done.hidden) == 4
