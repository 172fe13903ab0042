"""Reach of open places: persons where held, two ends where heads are counted (need N25)."""

import numpy as np
import polars as pl

from threecircles.core.tables import TOTAL
from threecircles.need.reach import PERSONS, reach_definition, reach_table

CHILDREN = pl.DataFrame(
    {
        "person_id": [f"p{i}" for i in range(200)],
        "age": [i % 18 for i in range(200)],
        "ward": [f"W{i % 3}" for i in range(200)],
    }
)
USED = pl.DataFrame(
    {
        "person_id": [f"p{i}" for i in range(0, 200, 4)],
        "service_id": ["youth_club"] * 50,
        "registered": [True] * 50,
        "attended_once": [i % 2 == 0 for i in range(50)],
        "attended_regularly": [i % 4 == 0 for i in range(50)],
    }
)
HEADS = pl.DataFrame(
    {"service_id": ["family_hub"], "attendances": [340], "largest_session": [41], "sessions": [30]}
)
REPORTED = {"youth_club": (4, 4), "family_hub": (14, 17)}


def told(used=USED, heads=HEADS):
    return reach_table(CHILDREN, used, heads, reach_definition(), REPORTED, "2025-26")


def cells(table):
    return {(r["service"], r["ward"], r["measure"]): r for r in table.frame.to_dicts()}


def test_reach_equals_a_count_by_hand_in_every_ward():
    """need N25: eligible, registered, once, regularly and not using, by service and ward."""
    found = cells(told())
    joined = CHILDREN.filter(pl.col("age").is_between(8, 17)).join(USED, on="person_id", how="left")
    for ward in (TOTAL, "W0", "W1", "W2"):
        part = joined if ward == TOTAL else joined.filter(pl.col("ward") == ward)
        assert found["youth_club", ward, "eligible"]["value"] == part.height
        for flag in ("registered", "attended_once", "attended_regularly"):
            assert found["youth_club", ward, flag]["value"] == part[flag].sum()
        using = found["youth_club", ward, "attended_once"]["value"]
        assert found["youth_club", ward, "eligible_not_using"]["value"] == part.height - using


def test_heads_alone_give_two_ends_and_no_person():
    """need N25: with headcounts only no persons, registered or regular figure exists, and no point between."""
    found = {k: v for k, v in cells(told()).items() if k[0] == "family_hub"}
    assert {m for _, _, m in found} == {"attendances", "users"}
    users = found["family_hub", TOTAL, "users"]
    assert (users["value"], users["low"], users["high"]) == (None, 41, 340)
    assert not {m for _, _, m in found} & set(PERSONS)


def test_places_that_did_not_report_are_counted_and_figures_are_at_least():
    """need N25: 14 of 17 places reported; figures are at least, never nought."""
    assert any("14 of 17 places reported" in n and "at least" in n for n in told().spec.notes)


def test_nobody_is_eligible_below_or_above_the_ages():
    found = cells(told())
    expected = int(np.isin(CHILDREN["age"].to_numpy(), range(8, 18)).sum())
    assert found["youth_club", TOTAL, "eligible"]["value"] == expected
