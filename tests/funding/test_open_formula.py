"""The country that is shipped for the page of the formula, and what an answer holds (funding A25)."""

import csv
from math import log

import pytest

from threecircles.core.errors import UsageError
from threecircles.definitions import HOME
from threecircles.funding.open_formula import Choice, answer, open_country
from threecircles.funding.open_words import reading
from threecircles.synthetic.country import OPEN_HEADER, open_cells


def test_the_shipped_country_is_the_one_its_generator_draws():
    with (HOME / "formula_country" / "cells.csv").open(encoding="utf-8", newline="") as file:
        held = list(csv.reader(file))
    assert held == [list(OPEN_HEADER), *([str(v) for v in row] for row in open_cells())]


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
    (own / "cells.csv").write_bytes((HOME / "formula_country" / "cells.csv").read_bytes())
    country, path = open_country(tmp_path)
    assert country.label == "Ours" and path.parent == own
    with pytest.raises(UsageError, match="no such authority"):
        answer(country, path, Choice("E1", 1))
