"""Formulas: the legacy sheets to every printed digit, shares of the engine's known answers, damping, explanation."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.core.multilevel import fit
from threecircles.definitions import load, load_text
from threecircles.funding.explain import explain
from threecircles.funding.formula import Formula
from threecircles.funding.ladder import evaluate_ladder
from threecircles.funding.shares import Shares, damped, from_fit, pennies, predict

loaded = spec_from_file_location("pm", Path(__file__).parents[1] / "core_multilevel" / "pm.py")
pm = module_from_spec(loaded)
loaded.loader.exec_module(pm)

SHEETS = [
    ("r679-2008-09", "14,553", "0.0783", "0.1366", "1.0455", "0.00003255438829"),
    ("2008-09", "44,319", "0.0000", "0.1002", "1.0964", "0.00008079111405"),
    ("2008-09", "17,649", "0.0398", "0.0078", "1.0080", "0.00003085129178"),
    ("2010-11", "21,016", "0.1517", "0.1969", "1.0220", "0.00006152534476"),
    ("2010-11", "51,538", "0.0179", "0.0157", "1.0165", "0.00009149445078"),
    ("2010-11", "44,876", "0.0168", "0.0140", "1.0207", "0.00007955883959"),
]


@pytest.mark.parametrize(
    ("sheet", "population", "deprivation", "ethnicity", "cost", "printed"), SHEETS
)
def test_the_legacy_sheets_come_out_to_every_printed_digit(
    sheet, population, deprivation, ethnicity, cost, printed
):
    """funding A7: six rows, from YAML files, in decimal arithmetic."""
    formula = load(f"formulas/youth-and-community-{sheet}", Formula)
    row = {
        "population_13_19": population,
        "deprivation": deprivation,
        "ethnicity": ethnicity,
        "area_cost_adjustment": cost,
    }
    assert evaluate_ladder(formula, row)["rnf"] == printed


def test_the_top_ups_of_two_sheets_are_the_printed_ones():
    """funding 3.2: R679 4.36197555 and 2.21671748; R419 1.07234067 and 0.27423504."""
    row = {
        "population_13_19": "1",
        "deprivation": "0.0783",
        "ethnicity": "0.1366",
        "area_cost_adjustment": "1",
    }
    told = evaluate_ladder(load("formulas/youth-and-community-r679-2008-09", Formula), row)
    assert (told["top_up.deprivation"], told["top_up.ethnicity"]) == ("4.36197555", "2.21671748")
    told = evaluate_ladder(
        load("formulas/youth-and-community-2010-11", Formula),
        {**row, "deprivation": "0.0179", "ethnicity": "0.0157"},
    )
    assert (told["top_up.deprivation"], told["top_up.ethnicity"]) == ("1.07234067", "0.27423504")


@pytest.fixture(scope="module")
def cells():
    return pm.cells(pm.children()[0])


@pytest.fixture(scope="module")
def k5(cells):
    fitted = fit(
        cells,
        outcome="y",
        trials="n",
        categorical=["age"],
        numeric=["sex", "fsm", "x1", "x2"],
        groups=["area", "la"],
    )
    outcome = from_fit(fitted, outcome="y", categorical=["age"])
    return Formula(
        id="pm",
        label="PM",
        source="made up",
        kind="logistic_child",
        status="fictitious",
        outcomes=[outcome],
    )


def test_shares_of_k5_at_zero_and_marginal(k5, cells):
    """funding A8: shares, totals and pennies of K5."""
    zero, marginal = predict(k5, cells, rule="at_zero"), predict(k5, cells, rule="marginal")
    assert zero.share[:5] == pytest.approx(
        [0.014510, 0.019467, 0.025260, 0.030008, 0.034107], abs=1e-6
    )
    assert marginal.share[:5] == pytest.approx(
        [0.014498, 0.019463, 0.025256, 0.029991, 0.034113], abs=1e-6
    )
    assert (zero.expected.sum(), marginal.expected.sum()) == (
        pytest.approx(2119.14, abs=0.15),
        pytest.approx(2359.76, abs=0.15),
    )
    assert np.abs(marginal.share / zero.share - 1).max() == pytest.approx(0.0035, abs=2e-4)
    money = pennies(zero, 100_000_000)
    assert sum(money.values()) == 100_000_000
    expected = {
        "0": 14_510.19,
        "1": 19_467.23,
        "2": 25_260.38,
        "3": 30_008.06,
        "4": 34_106.58,
        "39": 35_817.15,
    }
    assert {la: money[la] / 100 for la in expected} == pytest.approx(expected, abs=0.35)


def test_the_parts_of_an_explanation_add_up(k5, cells):
    """funding A20: to 1e-10, and nought for a place at the national mean."""
    groups = {"ages": ["age", "sex"], "income": ["fsm"], "area": ["x1", "x2"]}
    shares = predict(k5, cells)
    children = cells.group_by("la", maintain_order=True).agg(pl.col("n").sum())["n"].to_numpy()
    for la in ("0", "17", "39"):
        whole = np.log(shares.share[int(la)] / (children[int(la)] / children.sum()))
        assert sum(explain(k5, cells, la, groups).values()) == pytest.approx(whole, abs=1e-10)
    even = pl.DataFrame(
        {
            "la": ["a", "b"],
            "age": ["1", "1"],
            "sex": [1, 1],
            "fsm": [0, 0],
            "x1": [0.5, 0.5],
            "x2": [0.0, 0.0],
            "n": [10, 30],
        }
    )
    assert list(explain(k5, even, "a", groups).values()) == pytest.approx([0, 0, 0], abs=1e-12)
    with pytest.raises(UsageError, match="belongs to one group"):
        explain(k5, cells, "0", {"ages": ["age"]})


def test_damping_known_answer():
    """funding 3.5: B=100, s=(.5,.3,.2), p=(40,36,24), floor .95 gives scale .86 and 43.0, 34.2, 22.8."""
    amounts, scale = damped(np.array([0.5, 0.3, 0.2]), np.array([40.0, 36.0, 24.0]), 100.0, 0.95)
    assert amounts == pytest.approx([43.0, 34.2, 22.8])
    assert scale == pytest.approx(0.86)


@given(
    st.lists(st.tuples(st.floats(0.01, 1), st.floats(1, 100)), min_size=2, max_size=20),
    st.floats(0, 1),
)
def test_floors_hold_and_sums_are_exact(pairs, floor):
    """funding A19; without a floor nothing changes."""
    share = np.array([s for s, _ in pairs]) / sum(s for s, _ in pairs)
    prior = np.array([p for _, p in pairs])
    amounts, _ = damped(share, prior, float(prior.sum()), floor)
    assert amounts.sum() == pytest.approx(prior.sum(), rel=1e-9)
    assert (amounts >= floor * prior - 1e-9).all()
    assert damped(share, prior, 50.0, 0.0)[0] == pytest.approx(share * 50, rel=1e-9)


def test_an_impossible_floor_is_refused_with_both_sums():
    with pytest.raises(UsageError, match=r"floors 100\.00.*budget 90\.00"):
        damped(np.array([0.5, 0.5]), np.array([50.0, 50.0]), 90.0, 1.0)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=200), st.integers(1, 10**13))
def test_pennies_add_up_for_any_budget(weights, budget):
    """funding A18."""
    share = np.array(weights) / sum(weights)
    codes = tuple(f"E{i:03}" for i in range(len(weights)))
    money = pennies(Shares(codes, share, share), budget)
    assert sum(money.values()) == budget
    assert pennies(Shares(codes[::-1], share[::-1], share[::-1]), budget) == money


MODEL = """id: f
label: A formula
source: made up
kind: logistic_child
status: fictitious
outcomes:
  - id: cin
    label: In need
    link: logit
    intercept: -3
    terms:
      - {name: fsm, estimate: 0.9}
      - {name: age, coding: factor, reference_level: "0", estimates: {"1": 0.2}}
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MODEL.replace("name: age", "name: fsm"), "stands twice"),
        (MODEL.replace("    intercept: -3\n", ""), "lacks: intercept"),
        (MODEL.replace(", estimate: 0.9", ""), "line 12.*lacks its estimate"),
        (MODEL.replace("kind: logistic_child", "kind: magic"), "line 4.*not one of the allowed"),
    ],
)
def test_a_wrong_formula_is_refused_with_its_line(text, words):
    """funding A24."""
    with pytest.raises(DefinitionError, match=f"(?s){words}"):
        load_text(text, Formula, where="f.yaml")


def test_an_unknown_level_is_an_error_not_the_reference():
    """funding 3.1, A24."""
    formula = load_text(MODEL, Formula)
    with pytest.raises(UsageError, match=r"(?s)age has levels.*Found: 7"):
        predict(formula, pl.DataFrame({"la": ["a"], "fsm": [1], "age": ["7"], "n": [3]}))
