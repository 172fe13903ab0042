"""Ratios of hazards and rates under each design: known answers, planted ratios, words, refusals (need 7a, N23)."""

from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from threecircles.core.effects import hazard_ratio, rate_ratio
from threecircles.core.errors import DefinitionError
from threecircles.need.effects import as_text, estimate
from threecircles.need.effects.plan import Covariate

HERE = Path(__file__).parents[2] / "benchmarks" / "need_effects.py"
loaded = spec_from_file_location("need_effects_benchmark", HERE)
bench = module_from_spec(loaded)
loaded.loader.exec_module(bench)


def told(design, seed=0, ratio=0.80, **more):
    rows, changed = bench.RATIOS[design](np.random.default_rng(seed), ratio)
    return estimate(bench.plan(outcome_primary=bench.OF_REFERRAL, **{**changed, **more}), rows)


def test_two_rates_give_the_ratio_and_error_known_from_their_counts():
    """need 7a: 30 events in 1,000 days against 20 in 1,000: ratio 1.5, error of the log sqrt(1/30 + 1/20)."""
    found = rate_ratio(np.array([30, 20]), np.array([1000, 1000]), np.array([1, 0]), np.zeros(2))
    assert np.exp(found.log_ratio[0]) == pytest.approx(1.5)
    assert found.se[0] == pytest.approx(np.sqrt(1 / 30 + 1 / 20))


def test_grouped_times_agree_with_cox():
    """need 7a: with a level for every day the rates are Cox's (Breslow), close to Efron's where ties are few."""
    g = np.random.default_rng(3)
    x, n = g.integers(0, 2, 400), 400
    days = np.ceil(5000 * g.exponential(np.exp(0.5 * x)))
    cox = hazard_ratio(days, np.ones(n), x)
    edges = np.unique(days)
    # One row a child and day of an event at which it was still at risk.
    child, day = np.nonzero(days[:, None] >= edges[None, :])
    grouped = rate_ratio(days[child] == edges[day], np.ones(len(child)), x[child], day)
    assert grouped.log_ratio[0] == pytest.approx(cox.log_ratio[0], abs=0.01)
    assert grouped.se[0] == pytest.approx(cox.se[0], rel=0.02)


def test_levels_of_strata_never_matter():
    """Ten times as many days at risk in one stratum changes nothing but its level."""
    g = np.random.default_rng(1)
    events, x, stratum = g.poisson(5, 40), g.normal(size=40), np.repeat([0, 1], 20)
    days = np.ones(40)
    one = rate_ratio(events, days, x, stratum)
    other = rate_ratio(events, np.where(stratum == 1, 10.0, 1.0), x, stratum)
    assert one.log_ratio == pytest.approx(other.log_ratio)


@pytest.mark.parametrize(
    "design", ["randomised", "stepped_wedge", "did_area", "did_access", "matched"]
)
def test_a_planted_ratio_lies_in_the_interval_of_its_design(design):
    """need N23: .80 on users (.86 of those offered, where three in ten do not take it up), over six seeds."""
    truth = 0.86 if design == "randomised" else 0.80
    found = [told(design, seed) for seed in range(6)]
    assert all(t.scale == "hazard_ratio" and t.value is not None for t in found)
    assert sum(t.low <= truth <= t.high for t in found) >= 5
    assert abs(np.mean([np.log(t.value) for t in found]) - np.log(truth)) < 0.12


def test_without_an_effect_no_clear_difference_is_told():
    """need N23: with a planted null the words are there, as a ratio."""
    found = told("did_area", 2, ratio=1.0)
    assert found.sentence.startswith("No clear difference; it could be from")
    assert found.low < 1 < found.high


def test_a_hidden_cause_moves_users_away_from_the_truth_and_the_e_value_is_told():
    """need N23: with one cause of use hidden the interval no longer holds the truth."""
    assert not any(
        t.low <= 0.80 <= t.high for t in (told("matched, a cause hidden", k) for k in range(3))
    )
    found = told("matched")
    assert found.sensitivity["e_value"] >= found.sensitivity["e_value_of_nearer_end"] >= 1
    assert "e_value" in as_text(found)


def test_each_design_keeps_its_word():
    """need N20: a ratio changes the figure, never the word."""
    assert told("randomised").word == told("stepped_wedge").word == "effect"
    assert told("matched").word == "difference between users and like non-users"
    assert told("did_area").word in (
        "effect, if trends would have stayed alike",
        "difference in change",
    )
    assert told("did_area").pretrend["periods"] >= 2


def test_what_a_ratio_cannot_tell_is_refused_with_the_reason():
    """need N20: before and after has no one to compare with; a ratio of those who used it is not to be had."""
    rows, changed = bench.RATIOS["randomised"](np.random.default_rng(0), 0.8)
    used = estimate(bench.plan(outcome_primary=bench.OF_REFERRAL, estimand="used", **changed), rows)
    assert "those who used it" in used.refused[0]
    alone = bench.plan(outcome_primary=bench.OF_REFERRAL, design="before_after", unit="child")
    before = pl.DataFrame({"unit": [1, 2], "before": [1, 0], "value": [0, 0]})
    assert "nobody" in estimate(alone, before).refused[0]
    with pytest.raises(DefinitionError, match="days"):
        estimate(bench.plan(outcome_primary=bench.OF_REFERRAL, **changed), rows.drop("days"))


def test_a_side_without_any_event_is_told_in_words():
    """Nobody referred among users: no ratio, and a sentence instead of a number."""
    rows, changed = bench.RATIOS["matched"](np.random.default_rng(0), 0.8)
    rows = rows.with_columns(ended=pl.when(pl.col("arm") == 1).then(0).otherwise("ended"))
    changed["covariates"] = (Covariate(id="a", dated=date(2024, 9, 1)),)
    found = estimate(bench.plan(outcome_primary=bench.OF_REFERRAL, **changed), rows)
    assert found.value is None
    assert "no event" in found.refused[0]


def test_places_that_never_differ_in_time_are_refused():
    """Everybody starts at once and nobody stays without: there is nothing to compare."""
    rows, changed = bench.RATIOS["did_area"](np.random.default_rng(0), 0.8)
    rows = rows.with_columns(start=pl.lit(4))
    found = estimate(bench.plan(outcome_primary=bench.OF_REFERRAL, **changed), rows)
    assert found.value is None
    assert found.refused
