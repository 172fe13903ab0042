"""Shares of the year hold after one raking pass, and facts that no file shows are true of the place."""

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.check import check
from threecircles.synthetic.days import NEVER, day_of
from threecircles.synthetic.draw import quota


def test_a_quota_has_as_many_of_each_as_whole_numbers_allow():
    made = quota(rng(1, "quota"), np.array([0.5, 0.3, 0.2]), 11)
    assert sorted(np.bincount(made).tolist()) == [2, 3, 6]
    assert made.tolist() != sorted(made.tolist())


def test_ended_plans_have_the_published_lengths(borough):
    """A1, fact 26: within the plans that whole numbers and days that are not free leave over."""
    e, start = borough.episodes, day_of(borough.year - 1, 4, 1)
    year = (e.conference < NEVER) & (e.protect_end >= start) & (e.protect_end <= borough.end)
    length = (e.protect_end - e.conference)[year]
    share = borough.profile["protection"]["ended_length_shares"]
    bounds = [*(int(k) for k in share), NEVER]
    got = np.histogram(length, bounds)[0] / year.sum()
    assert year.sum() >= 40
    assert np.abs(got - np.array(list(share.values()))).max() < 0.02


def test_a_plan_that_ends_later_is_still_followed_by_the_next(borough):
    """A7: moving an end keeps the order of what follows, inside the episode."""
    e = borough.episodes
    both = (e.conference < NEVER) & (e.plan_start < NEVER)
    assert (e.plan_start[both] > e.protect_end[both]).all()
    assert (e.protect_end <= np.where(e.conference < NEVER, e.close, NEVER)).all()


def test_plans_of_the_day_have_the_published_categories(borough):
    """A1, fact 24: to the plan."""
    e, names = borough.episodes, borough.profile["protection"].shares("category_shares")
    now = (e.conference <= borough.end) & (e.protect_end > borough.end)
    for name, share in zip(*names, strict=True):
        assert abs((borough.details.category[now] == name).sum() - share * now.sum()) < 1


def test_what_no_file_shows_is_told_in_truth(hamlet):
    """A1: plans and requests, key stages, workers, births and young people in nothing have their truth."""
    person = pl.read_parquet(hamlet / "truth" / "person.parquet")
    for name in ("plan_case", "plan_request", "key_stage", "birth", "conception", "condition"):
        told = pl.read_parquet(hamlet / "truth" / f"{name}.parquet")
        assert set(told["person_id"]) <= set(person["person_id"]), name
    births = pl.read_parquet(hamlet / "truth" / "birth.parquet")
    low = births.filter("low_at_term")
    assert ((low["weeks"] >= 37) & (low["grams"] < 2500)).all()
    after = pl.read_parquet(hamlet / "truth" / "condition.parquet").join(person, on="person_id")
    aged = after.filter(pl.col("neet").is_not_null())
    assert aged["age"].is_between(16, 18).all() and (aged.filter("neet")["urn"] == "").all()
    assert {4, 44, 47, 48, 54, 61, 64, 66, 67, 68} <= set(check(hamlet)["no"])
