"""The country that is shipped for the page of the formula, and what an answer holds (funding A25)."""

import csv
from math import log

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.definitions import HOME
from threecircles.funding.coverage import children_meant, scaled_need
from threecircles.funding.open_formula import Choice, answer, open_country
from threecircles.funding.open_words import reading
from threecircles.funding.shares import expected_each
from threecircles.synthetic.country import (
    OPEN_HEADER,
    OPEN_POPULATION,
    open_cells,
    open_population,
)


def test_the_shipped_country_is_the_one_its_generator_draws():
    drawn = {"cells": (OPEN_HEADER, open_cells()), "population": (OPEN_POPULATION, open_population())}  # fmt: skip
    for name, (header, rows) in drawn.items():
        with (HOME / "formula_country" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            held = list(csv.reader(file))
        assert held == [list(header), *([str(v) for v in row] for row in rows)]


def test_a_price_changes_shares_only_where_outcomes_are_costed_together():
    """funding 7: cost weights changed on the page; a share of one outcome knows no price."""
    country, path = open_country()
    dear = answer(country, path, Choice("X05", 1000, weights=(("in_care", 9_000.0),)))
    twice = answer(country, path, Choice("X05", 1000, weights=(("in_care", 4_200.0), ("in_need", 340.0))))  # fmt: skip
    alone = answer(country, path, Choice("X05", 1000, weights=(("in_need", 0.0),)))
    doubled = answer(country, path, Choice("X05", 1000, weights=(("in_need", 0.0), ("in_care", 4_200.0))))  # fmt: skip
    assert dear.table["points"].abs().max() > 1e-4
    assert twice.table["points"].abs().max() < 1e-12
    assert alone.table["share_b"].to_list() == pytest.approx(doubled.table["share_b"].to_list(), abs=1e-12)  # fmt: skip
    with pytest.raises(UsageError, match="above nought"):
        answer(country, path, Choice("X05", 1, weights=(("in_need", 0.0), ("in_care", 0.0))))


@pytest.mark.parametrize("counted", ["same", "area_only"])
def test_children_outside_the_data_are_counted_as_they_are_said_to_be(counted):
    """funding 3.5.2: cell by cell as `scaled_need` counts them, with their effect on every share."""
    country, path = open_country()
    found = answer(country, path, Choice("X05", 1000, counted=counted))
    cells, population = pl.read_csv(path), pl.read_csv(path.parent / country.population)
    each = expected_each(found.after.formula, cells, "marginal")
    whole = scaled_need(
        cells, each, population, strata=("la", "age"), children="children", uncovered=counted
    )  # fmt: skip
    share = dict(whole.select("la", pl.col("expected") / pl.col("expected").sum()).iter_rows())
    assert found.table["share_b"].to_list() == pytest.approx([share[la] for la in found.table["la"]])  # fmt: skip
    assert found.table["children"].sum() == pytest.approx(population["children"].sum())
    assert found.table["points"].abs().max() > 1e-4


def test_a_stratum_that_nobody_covers_goes_by_its_authority():
    cells = pl.DataFrame({"la": ["a", "a", "b"], "age": ["1", "2", "1"], "n": [10, 30, 5]})
    whole = pl.DataFrame({"la": ["a", "a", "a", "b"], "age": ["1", "2", "3", "1"], "children": [20, 30, 8, 4]})  # fmt: skip
    asked = {"strata": ("la", "age"), "children": "n"}
    for uncovered, expected in (("same", [22.0, 36.0, 5.0]), ("area_only", [14.5, 43.5, 5.0])):
        meant = children_meant(cells, whole, uncovered=uncovered, **asked)
        assert meant.tolist() == pytest.approx(expected)
        need = scaled_need(cells, np.array([0.1, 0.2, 0.3]), whole, uncovered=uncovered, **asked)
        assert need["expected"].to_list() == pytest.approx([0.1 * expected[0] + 0.2 * expected[1], 1.5])  # fmt: skip


def test_every_penny_and_every_reason_adds_up():
    country, path = open_country()
    choice = Choice("X05", 1_000_003, (("poor_health", "crowded_homes"),), ("age",))
    found = answer(country, path, choice)
    assert found.table["pence_a"].sum() == found.table["pence_b"].sum() == 100_000_300
    assert found.table["points"].sum() == pytest.approx(0, abs=1e-12)
    assert set(found.parts) == {"free_meals", "low_income_2025", "crowded_homes"}
    row = found.own("X05")
    assert sum(found.parts.values()) == pytest.approx(
        log(row["share_b"] / row["population_share"]), abs=1e-10
    )
    said = reading(country, choice, found)
    assert row["name"] in said.sentence and len(said.changes) == 22
    assert all(line.what for line in said.checks) and "never about a child" in said.example[-1]


def test_a_workspace_opens_its_own_country(tmp_path):
    own = tmp_path / "formula"
    own.mkdir()
    text = (HOME / "formula_country" / "country.yaml").read_text(encoding="utf-8")
    (own / "country.yaml").write_text(text.replace("A made-up country of 22 authorities", "Ours"))
    (own / "population.csv").write_text("la,age,children\n")
    (own / "cells.csv").write_bytes((HOME / "formula_country" / "cells.csv").read_bytes())
    country, path = open_country(tmp_path)
    assert country.label == "Ours" and path.parent == own
    with pytest.raises(UsageError, match="no such authority"):
        answer(country, path, Choice("E1", 1))
