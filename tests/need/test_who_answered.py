"""Two gates stand before a child is seen: answering, and leave to link. Each has its own chance (spine S3)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.response import chances, fit
from threecircles.need.ground import expected_need, reliability


def pupils(n=40000, seed=3):
    """Need; poverty, which goes with need; absence. Need keeps from answering and a little from leave to link."""
    g = np.random.default_rng(seed)
    need = g.normal(size=n)
    poor = (g.random(n) < 1 / (1 + np.exp(1 - need))).astype(float)
    away = g.exponential(0.5, n)
    answered = g.random(n) < 1 / (1 + np.exp(-(1.5 - 0.6 * need - 0.8 * away)))
    leave = g.random(n) < 1 / (1 + np.exp(-(2.0 - 0.4 * need)))
    return need, poor, away, answered, leave


def test_those_with_leave_stand_for_all_who_answered_by_their_own_answers():
    "S3: leave to link is modelled among those who answered, whose answers are seen."
    need, _, _, answered, leave = pupils()
    x = np.column_stack([np.ones(answered.sum()), need[answered]])
    weights = 1 / chances(x, leave[answered].astype(float))[leave[answered]]
    told = np.average(need[answered & leave], weights=weights)
    assert abs(need[answered & leave].mean() - need[answered].mean()) > 0.03
    assert told == pytest.approx(need[answered].mean(), abs=0.01)


def test_two_gates_one_after_the_other_give_back_the_need_of_everyone():
    "S3: with need deciding both gates, the mean and the log-odds of answering come back."
    need, poor, away, answered, leave = pupils()
    seen = answered & leave
    x = np.column_stack([np.ones(answered.sum()), need[answered]])
    stage = 1 / chances(x, leave[answered].astype(float))[leave[answered]]
    z = np.column_stack([np.ones(len(need)), away, poor])
    told = fit(np.column_stack([z[seen, :2], need[seen]]), z[seen], z.sum(axis=0), stage)
    assert told.coefficients[-1] == pytest.approx(-0.6, abs=3 * told.errors[-1])
    assert np.average(need[seen], weights=told.weights) == pytest.approx(need.mean(), abs=0.05)
    assert need[seen].mean() < need.mean() - 0.15


def test_where_all_gave_leave_nothing_is_weighed():
    assert (chances(np.ones((5, 1)), np.ones(5)) == 1).all()


def test_answers_that_measure_need_with_error_still_find_who_did_not_answer():
    "S3: need decides who answers, scales only point at it; poverty must not seem to tell of answering itself."
    need, poor, away, answered, _ = pupils(60000)
    g = np.random.default_rng(9)
    scales = need[:, None] + g.normal(0, 1.2, (len(need), 4))
    heavy = scales.mean(axis=1)
    heavy = (heavy - heavy[answered].mean()) / heavy[answered].std()
    table = pl.DataFrame(scales[answered], schema=[f"s{k}" for k in range(4)])
    reliable = reliability(table, table.columns)
    held = float(np.var(need[answered]) / scales[answered].mean(axis=1).var())
    assert reliable == pytest.approx(held, abs=0.02)
    z = np.column_stack([np.ones(len(need)), away, poor])
    seen, told = z[answered], {}
    for name, x in (
        ("as answered", heavy[answered]),
        ("expected", expected_need(heavy[answered], seen, reliable)),
    ):
        found = fit(np.column_stack([seen[:, :2], x]), seen, z.sum(axis=0))
        told[name] = abs(
            np.average(scales[answered].mean(axis=1), weights=found.weights) - need.mean()
        )
    assert told["expected"] < 0.5 * told["as answered"] and told["expected"] < 0.05
