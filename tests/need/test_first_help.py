"""First sign to first help as groups (need N26)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.competing import curve, redrawn
from threecircles.core.tables import TOTAL
from threecircles.need.first_help import MARKS, first_help_table


def signs(told, prior="no"):
    """told: days with E early, S statutory, C censored."""
    rows = []
    for i, text in enumerate(told.split()):
        days, route = int(text[:-1]), text[-1]
        rows.append(
            (
                f"{prior}{i}",
                "suspension",
                days,
                route == "C",
                prior,
                {"E": False, "S": True, "C": None}[route],
                f"E{i % 4}",
            )
        )
    schema = [
        "person_id",
        "sign_id",
        "days",
        "censored",
        "prior_help",
        "first_help_statutory",
        "lsoa21",
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


KNOWN = "10E 30S 30E 45C 60E 90C 120S 200C 200C 365C"


def cells(table):
    return {(r["before"], r["measure"]): r for r in table.frame.to_dicts()}


def test_shares_helped_by_each_route_and_the_median():
    "N26."
    told = cells(first_help_table(signs(KNOWN), None, {}, "x"))
    assert told["no", "helped_early_30"]["value"] == pytest.approx(0.2)
    assert told["no", "helped_early_90"]["value"] == pytest.approx(0.3166667, abs=1e-7)
    assert told["no", "helped_statutory_180"]["value"] == pytest.approx(0.2458333, abs=1e-7)
    assert told["no", "waiting_365"]["value"] == pytest.approx(0.4375)
    assert told["no", "median_days"]["value"] == 120
    assert told["no", "statutory_first"]["value"] == pytest.approx(2 / 5)
    early = told["no", "helped_early_90"]
    assert early["low"] <= early["value"] <= early["high"]


def test_help_before_any_sign_and_unknown_look_back_are_counted_apart():
    mixed = pl.concat([signs(KNOWN), signs("5E 9C", "unknown"), signs("1E 1E 1S", "yes")])
    told = cells(first_help_table(mixed, None, {}, "x"))
    assert [told[b, "children"]["value"] for b in ("no", "unknown", "yes")] == [10, 2, 3]
    assert told["no", "median_days"]["value"] == 120
    assert ("yes", "median_days") not in told


def test_a_median_that_is_not_reached_has_a_reason_and_no_value():
    told = cells(first_help_table(signs("5E 9C 9C 9C"), None, {}, "x"))
    assert told["no", "median_days"]["value"] is None
    assert told["no", "median_days"]["reason"] == "not_applicable"


def test_groups_come_beside_the_total_and_no_child_is_listed():
    table = first_help_table(signs(KNOWN), "sign_id", {"suspension": "Suspended"}, "x")
    assert set(table.frame["sign_id"]) == {TOTAL, "suspension"}
    assert "person_id" not in table.frame.columns
    assert any("no help recorded" in note for note in table.spec.notes)


def test_all_draws_at_once_tell_what_each_draw_alone_tells():
    "N26: intervals rest on the same curve as the figure; ties, censoring and days after the last mark too."
    g = np.random.default_rng(3)
    days, ends = g.integers(0, 500, 300).astype(float), g.choice(["early", "statutory", ""], 300)
    area = g.integers(0, 12, 300)
    times = g.multinomial(12, np.full(12, 1 / 12), size=20)
    told = redrawn(days, ends, area, times, MARKS)
    for draw, row in enumerate(times):
        weight = row[area].astype(float)
        alone = curve(days[weight > 0], ends[weight > 0], weight[weight > 0])
        for route in ("early", "statutory", None):
            assert told[route][draw] == pytest.approx([alone.at(m, route) for m in MARKS])
