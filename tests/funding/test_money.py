"""Prices, shares, terms and pools: money neither appears nor vanishes (spend of spec/funding.md 1)."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.definitions import load_text
from threecircles.funding.deflate import load_deflator, real_pence
from threecircles.funding.share_rules import ShareRule, ShareRules, load_share_rules, shared
from threecircles.funding.terms import carried, cliffs, pooled, total_pence


def test_a_real_terms_figure_without_a_series_is_refused():
    """funding A5."""
    with pytest.raises(UsageError, match="needs a named price series"):
        load_deflator(None)
    with pytest.raises(UsageError, match="needs a named price series"):
        real_pence(100, 2020, 2025, None)


def test_a_series_turns_money_and_names_years_it_lacks():
    series = load_deflator("demo")
    assert real_pence(10_000, 2016, 2018, series) == 10_500
    assert (
        series.said(2018) == "2017-18 prices (Demonstration price series (fictitious), 2024-01-01)"
    )
    with pytest.raises(UsageError, match="no index for 2009-10"):
        real_pence(1, 2010, 2018, series)


def rule(**changes):
    plain = {
        "id": "r", "version": 1, "lines": ["3.1"], "kind": "fixed", "reason": "made up", "author": "me",
        "on": "2026-01-01", "confidence": "agreed", "dimension": "prevention_level", "shares": {"universal": 0.5},
    }  # fmt: skip
    return ShareRule(**{**plain, **changes})


def rules(*made):
    return ShareRules(id="t", label="T", source="made up", rules=list(made))


def lines(*rows):
    return pl.DataFrame(
        rows,
        schema={"spend_id": pl.Utf8, "budget_line": pl.Utf8, "net_pence": pl.Int64},
        orient="row",
    )


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=8),
    st.floats(0.01, 1),
    st.integers(-(10**10), 10**12),
)
def test_any_rules_split_any_amount_to_the_penny(parts, used, pence):
    """funding A4: the parts add up, and what nobody allocated is shown."""
    scale = used / max(sum(parts), 1e-9)
    made = rules(rule(shares={f"p{i}": p * scale for i, p in enumerate(parts)}))
    table = shared(lines(("a", "3.1.1", pence), ("b", "3.4", pence)), made, "prevention_level")
    sums = dict(table.group_by("spend_id").agg(pl.col("pence").sum()).iter_rows())
    assert sums == {"a": pence, "b": pence}
    assert table.filter(pl.col("spend_id") == "b")["part"].to_list() == ["unallocated"]


def test_a_measured_share_goes_by_its_activity_and_an_empty_one_is_unallocated():
    """funding A4: headcount, activity, area and cost-weighted."""
    by = rules(
        rule(
            kind="cost_weighted",
            shares={},
            activity="care days",
            period="2025",
            unit_costs={"f": 1, "h": 7},
        )
    )
    split = shared(
        lines(("a", "3.1", 800)), by, "prevention_level", {"care days": {"f": 10, "h": 10}}
    )
    assert dict(split.select("part", "pence").iter_rows()) == {"f": 100, "h": 700}
    none = shared(lines(("a", "3.1", 800)), by, "prevention_level")
    assert none["part"].to_list() == ["unallocated"]
    assert split["rule_id"][0] == "r v1"


def test_a_rule_that_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="at most 1"):
        rule(shares={"a": 0.8, "b": 0.3})
    with pytest.raises(ValueError, match="its period"):
        rule(kind="headcount", shares={})
    with pytest.raises(UsageError, match="Two rules share line"):
        shared(lines(("a", "3.1", 1)), rules(rule(), rule(id="q")), "prevention_level")
    assert load_share_rules("demo").of("3.5.1", "prevention_level").id == "youth-by-level"
    with pytest.raises(DefinitionError):
        load_text("id: x\nlabel: x\nsource: x\nrules: 3\n", ShareRules)


def test_fenced_money_stays_in_its_fence():
    """funding A27: a share outside a ring fence is refused."""
    made = rules(rule(dimension="area_code", shares={"W1": 0.5, "W2": 0.5}))
    fenced = lines(("a", "3.1", 100)).with_columns(
        ring_fence_area=pl.lit(["W1", "W2"], pl.List(pl.Utf8))
    )
    assert shared(fenced, made, "area_code")["pence"].sum() == 100
    with pytest.raises(UsageError, match="fence"):
        shared(
            fenced.with_columns(ring_fence_area=pl.lit(["W1"], pl.List(pl.Utf8))), made, "area_code"
        )


TERMS = pl.DataFrame(
    [
        ("grant", "Family fund", 36_500, 2026, "ends", date(2026, 6, 30)),
        ("core", "Core", 10_000, 2026, "recurrent", None),
        ("odd", "Odd", 500, 2026, "unknown", None),
    ],
    schema=["spend_id", "line_label", "net_pence", "year", "term", "ends_on"],
    orient="row",
)


def test_a_grant_that_ends_lowers_only_later_years_by_its_pence():
    """funding A27: part of a year by days; nought after; an unknown term changes nothing and says so."""
    years = carried(TERMS, (2026, 2027, 2028))
    grant = years.filter(pl.col("spend_id") == "grant")
    assert grant["pence"].to_list() == [36_500, 9_100, 0]
    assert grant["state"].to_list() == ["goes on", "ends in this year", "ended"]
    without = carried(TERMS.filter(pl.col("spend_id") != "grant"), (2026, 2027, 2028))
    rest = years.filter(pl.col("spend_id") != "grant")
    assert rest.equals(without)
    assert rest.filter(pl.col("spend_id") == "odd")["state"].unique().to_list() == ["unknown"]
    assert carried(TERMS, (2028,), renew=["grant"])["pence"].sum() == 47_000
    assert cliffs(TERMS).row(0) == ("grant", "Family fund", date(2026, 6, 30), 36_500, 2028)
    with pytest.raises(UsageError, match="needs the day it ends"):
        carried(TERMS.with_columns(ends_on=pl.lit(None, pl.Date)), (2027,))


POOL = pl.DataFrame(
    [
        ("a", "local authority", "p", 600, 1_000),
        ("b", "health", "p", 300, 1_000),
        ("c", "police", "p", 100, 1_000),
        ("d", "local authority", None, 50, None),
    ],
    schema=["spend_id", "agency", "pool_id", "net_pence", "pool_total_pence"],
    orient="row",
)


def test_a_pool_of_three_partners_is_counted_once():
    """funding A27: also when one partner's ledger books the whole of it, which is a finding naming the others."""
    assert total_pence(POOL) == 1_050
    assert pooled(POOL)[0].row(0) == ("p", 3, 1_000)
    whole = POOL.vstack(
        pl.DataFrame([("e", "health", "p", 1_000, 1_000)], schema=POOL.schema, orient="row")
    )
    assert total_pence(whole) == 1_050
    finding = pooled(whole)[1].row(0, named=True)
    assert finding["spend_id"] == "e"
    assert "a (local authority)" in finding["sentence"]
