"""The record of a made-up place without errors says what truly happened (record A5)."""

from datetime import date

import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.derive.care import care_rules, days_in_care, period_of_care
from threecircles.record.derive.re_referral import re_referral, re_referral_rule
from threecircles.record.derive.stock import flows
from threecircles.record.derived import placements

FIRST, LAST = date(2024, 4, 1), date(2026, 3, 31)
"""Two censuses: from 1 April 2024 to 31 March 2026."""


def true_spells(made, process, first=FIRST):
    """Spells that a return of the two years should show; an end after its last day is not known yet."""
    return (
        made.truth("spell")
        .filter(
            (pl.col("process") == process)
            & (pl.col("start") <= LAST)
            & (pl.col("stop").is_null() | (pl.col("stop") >= first))
        )
        .select(
            "person_id",
            valid_from="start",
            valid_to=pl.when(pl.col("stop") <= LAST).then(pl.col("stop")),
        )
    )


def spells(made, process):
    rows = made.table("episode").filter(pl.col("process") == process)
    return rows.select("person_id", "valid_from", "valid_to")


def same(found, expected):
    assert sorted(map(str, found.rows())) == sorted(map(str, expected.rows()))


@pytest.mark.parametrize("process", ["cin", "cin_plan", "cpp"])
def test_every_child_and_day_in_a_service_is_as_it_was(hamlet, process):
    """A5: children in need and plans, both ends, equal for every child."""
    expected = true_spells(hamlet, process)
    assert expected.height
    same(spells(hamlet, process), expected)


def test_stock_starts_and_ends_are_as_they_were(hamlet, engine):
    """A5: stock at 31 March, starts and ends of the year."""
    rows = hamlet.table("episode").select(
        "row_id", "person_id", "process", "valid_from", "valid_to"
    )
    first, last = date(2025, 4, 1), date(2026, 3, 31)
    counted = collect(flows(engine.frame(rows), "cin", first, last))
    found = dict(counted.select("figure", "rows").iter_rows())
    true = true_spells(hamlet, "cin")
    begun = true.filter(pl.col("valid_from").is_between(first, last)).height
    ended = true.filter(pl.col("valid_to").is_between(first, last)).height
    still = true.filter(pl.col("valid_to").is_null()).height
    assert (found["starts"], found["ends"], found["stock_after"]) == (begun, ended, still)
    assert found["stock_after"] == found["stock_before"] + found["starts"] - found["ends"]


def test_days_in_care_are_as_they_were(hamlet):
    """A5: days in care of every child in the year to 31 March 2026."""
    rows = placements(make("polars").frame(hamlet.table("episode")))
    periods = period_of_care(rows, care_rules())
    found = collect(days_in_care(periods, date(2025, 4, 1), LAST), ["person_id"])
    true = true_spells(hamlet, "cla", date(2025, 4, 1))
    start = pl.max_horizontal("valid_from", pl.lit(date(2025, 4, 1)))
    days = (
        true.with_columns(
            days=(pl.col("valid_to").fill_null(date(2026, 4, 1)) - start).dt.total_days()
        )
        .group_by("person_id")
        .agg(pl.col("days").sum())
        .filter(pl.col("days") > 0)
    )
    assert days.height
    same(found.select("person_id", "days"), days.select("person_id", "days"))


def test_referrals_are_all_there_and_repeats_follow_from_them(hamlet):
    """A5: a referral for every module of the two censuses; one within 12 months is a repeat."""
    events = hamlet.table("event").filter(pl.col("process") == "referral")
    modules = {
        (key, day)
        for received in hamlet.received["cin-census"]
        for key, day in received.tables["CINdetails"]
        .select("LAchildID", "CINreferralDate__date")
        .iter_rows()
    }
    assert events.height == len(modules)
    told = collect(re_referral(make("polars").frame(events), re_referral_rule(), FIRST), ["row_id"])
    dates = {}
    for person, day in events.select("person_id", "on_date").iter_rows():
        dates.setdefault(person, []).append(day)
    for person, day, verdict in told.select("person_id", "on_date", "re_referral").iter_rows():
        repeats = any(d < day <= d.replace(year=d.year + 1) for d in dates[person])
        assert repeats == (verdict == "yes")


@pytest.mark.slow
@pytest.mark.parametrize("process", ["cin", "cin_plan", "cpp"])
def test_a_borough_is_as_it_was(made_up, process):
    """A5 on a borough."""
    borough = made_up("borough", "none")
    same(spells(borough, process), true_spells(borough, process))
