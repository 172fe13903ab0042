"""Spend beside outcomes over years: what the estimates are, and what the page may say (spec/funding.md 1.4)."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.funding.deflate import Deflator
from threecircles.funding.panel import (
    FIXED,
    FOLLOWS,
    NO_LINK,
    as_dict,
    panel,
    panel_text,
    said,
    within,
)

loaded = spec_from_file_location("nations", Path(__file__).with_name("nations.py"))
nations = module_from_spec(loaded)
loaded.loader.exec_module(nations)


def test_demeaned_estimates_are_those_of_least_squares_with_dummies():
    """funding A28: to 1e-9, also when years are missing."""
    table = nations.nation(3, areas=30, missing=40).drop_nulls()
    y, x = np.log(table["outcome"].to_numpy()), np.log(table["spend"].to_numpy())[:, None]
    area, year = (np.unique(table[c].to_numpy(), return_inverse=True)[1] for c in ("area", "year"))
    dummies = [np.eye(area.max() + 1)[area], np.eye(year.max() + 1)[year][:, 1:]]
    full = np.linalg.lstsq(np.hstack([x, *dummies]), y, rcond=None)[0]
    assert within(y, x, area, year)[0] == pytest.approx(full[0], abs=1e-9)


def test_what_is_held_level_no_longer_stands_for_spend():
    """funding A28: an outcome that moves with low income alone goes with spend until low income is held level."""
    table = nations.nation(5, elasticity=0.0, areas=40)
    low = np.log(table["spend"].to_numpy()) + np.random.default_rng(1).normal(0, 0.2, table.height)
    table = table.with_columns(low=low, outcome=pl.Series(np.exp(0.5 * low)))
    assert panel(table, lags=(0,)).estimates[0].clear
    held = panel(table, lags=(0,), controls=("low",)).estimates[0]
    assert held.b == pytest.approx(0, abs=1e-9)


def test_leaving_one_out_is_the_estimate_without_it():
    table = nations.nation(6, areas=12)
    found = panel(table, lags=(0,)).estimates[0]
    each = [
        panel(table.filter(pl.col("area") != f"E{i:03}"), lags=(0,)).estimates[0].b
        for i in range(12)
    ]
    assert found.without_one == pytest.approx((min(each), max(each)), abs=1e-9)
    without = panel(table.filter(pl.col("region") != "R3"), lags=(0,)).estimates[0].b
    assert found.without_region["R3"] == pytest.approx(without, abs=1e-9)


def test_the_price_series_changes_no_estimate():
    """funding A28: spend is in logs and years are taken out, so prices cancel (1e-10)."""
    table = nations.nation(4, areas=40)
    odd = Deflator(
        id="odd", label="Odd", source="made up", publisher="me", published_on="2026-01-01", base_year=2015,
        values={str(y): 100 * 1.07 ** (y - 2013) + y % 3 for y in range(2013, 2026)},
    )  # fmt: skip
    plain = panel(table, lags=(-1, 0, 2))
    priced = panel(table, lags=(-1, 0, 2), series=odd)
    scaled = panel(table.with_columns(pl.col("spend") * 7.5), lags=(-1, 0, 2))
    for other in (priced, scaled):
        assert [e.b for e in other.estimates] == pytest.approx(
            [e.b for e in plain.estimates], abs=1e-10
        )
    assert "Odd" in panel_text(priced)
    assert "cash" in panel_text(plain)


def test_a_planted_link_is_found_at_its_lag_and_nowhere_else_when_there_is_none():
    """funding A28 on 10 nations (200: benchmarks/funding_panel.py)."""
    covered = clear = 0
    for number in range(10):
        estimate = panel(nations.nation(number, areas=60), lags=(2,)).estimates[0]
        covered += estimate.low <= -0.10 <= estimate.high
        found = panel(nations.nation(number, elasticity=0.0, areas=60), lags=(2,))
        clear += NO_LINK not in said(found, found.estimates[0])
    assert covered >= 8
    assert clear <= 2


def test_spend_that_follows_need_is_warned_of_and_greys_the_lags():
    """funding A28: planted feedback."""
    found = panel(nations.nation(1, feedback=0.8), lags=(-2, -1, 0, 1, 2))
    assert found.spending_follows
    assert FOLLOWS in panel_text(found)
    assert "not to be read" in said(found, found.estimates[2])


def test_the_page_holds_the_fixed_sentence_and_no_word_of_cause():
    """funding A29."""
    for feedback in (0.0, 0.8):
        found = panel(nations.nation(2, feedback=feedback), lags=(-1, 0, 1))
        for text in (panel_text(found), json.dumps(as_dict(found))):
            assert FIXED in text
            rest = text.replace(FIXED, "").lower()
            assert not any(word in rest for word in ("effect", "caused", "saved"))


def test_authorities_with_symbols_are_named_not_counted_as_nought():
    """funding A28: a page with symbols names each."""
    table = nations.nation(5, areas=20).with_columns(
        outcome=pl.when(pl.col("area") != "E007").then("outcome")
    )
    found = panel(table, lags=(0, 1))
    assert found.left_out == {"E007": "0 usable years"}
    assert "E007" in panel_text(found)
    with pytest.raises(UsageError, match="below nought"):
        panel(table.with_columns(spend=-pl.col("spend")), lags=(0,))


@pytest.mark.reference
def test_published_panels_name_the_reorganised_and_the_missing(reference_data):
    """funding A28: authorities that ended or were founded in these years are left out by name."""
    from threecircles.funding.panel_data import panel_data

    folder = reference_data("lait/lait_long.parquet").parents[1]
    table, left_out = panel_data(folder, "TotalLACFinance", "LAC")
    assert left_out["Cumbria (909)"] == "ended in these years"
    assert left_out["Cumberland (E06000063)"].startswith("founded after")
    assert table["area"].n_unique() > 130
    found = panel(table, lags=(-1, 0, 1), every_row=True)
    assert found.estimates[1].authorities > 130


@pytest.mark.reference
def test_a_published_measure_can_be_held_level(reference_data):
    """funding 1.4: what else moved, such as children of low income, is held level and named."""
    from threecircles.funding.panel_data import panel_data

    folder = reference_data("lait/lait_long.parquet").parents[1]
    table, _ = panel_data(folder, "TotalLACFinance", "LAC", controls=["PriFSM"])
    plain = panel(table.drop("PriFSM"), lags=(0, 1), every_row=True)
    held = panel(table, lags=(0, 1), controls=("PriFSM",), every_row=True)
    assert held.estimates[0].b != plain.estimates[0].b
    assert "Held level: PriFSM." in panel_text(held)
    with pytest.raises(UsageError, match="no measure Weather"):
        panel_data(folder, "TotalLACFinance", "LAC", controls=["Weather"])
