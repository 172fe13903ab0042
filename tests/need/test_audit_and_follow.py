"""Drawing case files, small areas on a page, and early measures followed, with the words that go with them."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.safety import Grant
from threecircles.need.audit_plan import draw
from threecircles.need.follow import foretold, told_in_words
from threecircles.need.small_areas import small_areas

ETHICS = Grant(purpose="evaluation", actor="a", basis="b", policies=("p",), ethics_id="E1")
NONE = Grant(purpose="evaluation", actor="a", basis="b", policies=("p",))


def frame(n=1500):
    g = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "agency": g.choice(
                ["education", "health", "police", "social care", "youth justice"], n
            ),
            "area": g.choice(["north", "south"], n),
            "age_band": g.choice(["0-4", "5-10", "11-17"], n),
        }
    )


def test_the_same_seed_draws_the_same_cases_in_any_order():
    """need N14: same list for the same seed; chances sum to the sample; weights sum to the frame."""
    first = draw(frame(), 700, 7, ETHICS)
    again = draw(frame().sample(fraction=1, shuffle=True, seed=3), 700, 7, ETHICS)
    assert first.cases.sort("case").equals(again.cases.sort("case"))
    assert not first.cases.sort("case").equals(draw(frame(), 700, 8, ETHICS).cases.sort("case"))
    everyone = pl.concat([first.cases.drop("weight"), first.replacements])
    assert everyone["chance"].sum() == pytest.approx(700)
    assert first.cases["weight"].sum() == pytest.approx(1500, rel=0.02)
    assert first.cases.height == 700 and first.replacements.height == 800
    assert first.cases.filter(pl.col("order") < 1).is_empty()


def test_draws_are_right_on_average_for_a_known_total():
    """need N14: 300 draws of a known total lie within 3 standard errors of it (2,000 by hand within 2)."""
    rows = frame(300).with_columns(y=pl.Series(np.random.default_rng(2).poisson(3, 300)))
    total, told = rows["y"].sum(), []
    for seed in range(300):
        cases = draw(rows.select("case", "agency", "area", "age_band"), 100, seed, ETHICS).cases
        mine = cases.join(rows.select("case", "y"), on="case")
        told.append((mine["weight"] * mine["y"]).sum())
    assert abs(np.mean(told) - total) < 3 * np.std(told) / np.sqrt(300)


def test_half_widths_are_said_before_anybody_reads():
    told = draw(frame(), 700, 1, ETHICS).agency_n
    assert told.filter(pl.col("agency") == "All")["half_width"][0] == pytest.approx(
        0.0316, abs=5e-4
    )


@pytest.mark.parametrize("grant", [None, NONE])
def test_no_case_is_drawn_without_an_ethics_decision(grant):
    """need N31: the plan refuses without an ethics decision and opens with one."""
    with pytest.raises(NotPermitted, match="ethics decision"):
        draw(frame(), 100, 1, grant)
    assert draw(frame(), 100, 1, ETHICS).ethics_id == "E1"


def test_a_child_stands_in_the_frame_once():
    with pytest.raises(UsageError, match="twice"):
        draw(pl.concat([frame(), frame().head(1)]), 100, 1, ETHICS)


def test_a_small_area_shows_its_own_figure_beside_the_model():
    """need N8 on a page: direct, modelled and weight side by side; an area without answers is marked."""
    g = np.random.default_rng(0)
    x = np.linspace(0.1, 0.4, 12)
    table = pl.DataFrame(
        {"area": [f"a{i}" for i in range(12)], "estimate": 0.1 + x + g.normal(0, 0.04, 12),
         "se": np.full(12, 0.05), "x": x}
    ).with_columns(pl.when(pl.col("area") != "a3").then("estimate").alias("estimate"))  # fmt: skip
    told, said = small_areas(table, ["x"])
    assert told.filter("synthetic")["area"].to_list() == ["a3"]
    assert told["weight_of_direct"].is_between(0, 1).all() and (told["se"] < 0.06).all()
    assert "1 areas had none" in said


def cohort(n=400, seed=3):
    g = np.random.default_rng(seed)
    early = g.normal(size=n)
    later = (g.random(n) < 1 / (1 + np.exp(1 - early))).astype(int)
    return pl.DataFrame({"early": early, "later": later})


def test_an_early_measure_is_told_of_groups_only():
    """need N28: bands, area, flow; no column holds a score or a person; a handful is refused."""
    told = foretold(cohort(), 1.0)
    assert (
        told.bands.columns == ["band", "n", "share", "low", "high"] and told.bands["n"].sum() == 400
    )
    assert told.flow == {"measured": 400, "followed": 400, "lost": 0}
    assert told.area.low < told.area.value < told.area.high
    assert any("coin" in line for line in told_in_words(told))
    with pytest.raises(UsageError, match="Too few"):
        foretold(cohort(20))


def test_children_lost_with_need_are_weighed_back():
    """need N28: links lost with need move the weighted area at most a third as far as the plain one."""
    plain, weighed = [], []
    for seed in range(12):
        whole = cohort(4000, seed)
        g = np.random.default_rng(seed + 100)
        gone = g.random(4000) < 1 / (1 + np.exp(1.4 - 1.2 * whole["early"].to_numpy()))
        kept = whole.with_columns(later=pl.when(~pl.Series(gone)).then("later"))
        truth, told = foretold(whole).area.value, foretold(kept)
        plain.append(told.area.value - truth)
        weighed.append(told.weighted.value - truth)
    assert abs(np.mean(weighed)) <= abs(np.mean(plain)) / 3
