"""Reach of open places: persons where held, two ends where heads are counted (need N25)."""

from datetime import date

import narwhals as nw
import numpy as np
import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL
from threecircles.need.distance import band_names, bands, nearest, open_on
from threecircles.need.reach import PERSONS, Reported, reach_definition, reach_table
from threecircles.need.reach_step import reporting
from threecircles.record.derive.reach_base import reach_base

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
REPORTED = {"youth_club": Reported(4, 4), "family_hub": Reported(17, 14)}
AGED = CHILDREN.filter(pl.col("age").is_between(8, 17))


def eligible(children=AGED, service="youth_club", group="ward"):
    return children.group_by(group).agg(children=pl.len()).with_columns(service=pl.lit(service))


def told(used=USED, heads=HEADS, at_least=None):
    mine = used.join(AGED.select("person_id", "ward"), on="person_id")
    return reach_table(
        eligible(), mine, heads, reach_definition(), REPORTED, "2025-26", at_least=at_least
    )


def cells(table):
    return {(r["service"], r["ward"], r["measure"]): r for r in table.frame.to_dicts()}


def test_reach_equals_a_count_by_hand_in_every_ward():
    """need N25: eligible, registered, once, regularly and not using, by service and ward."""
    found = cells(told())
    joined = AGED.join(USED, on="person_id", how="left")
    for ward in (TOTAL, "W0", "W1", "W2"):
        part = joined if ward == TOTAL else joined.filter(pl.col("ward") == ward)
        assert found["youth_club", ward, "eligible"]["value"] == part.height
        for flag in ("registered", "attended_once", "attended_regularly"):
            assert found["youth_club", ward, flag]["value"] == part[flag].sum()
        using = found["youth_club", ward, "attended_once"]["value"]
        assert found["youth_club", ward, "eligible_not_using"]["value"] == part.height - using


@pytest.mark.parametrize("group", ["ward", "group"])
def test_reach_equals_the_generators_truth_with_errors_off(group):
    """need N25: per service, ward and group, from registrations and visits as they were."""
    from threecircles.synthetic.attendance import make_attendance
    from threecircles.synthetic.profile import load_profile
    from threecircles.synthetic.reach import reach_table as truth_table
    from threecircles.synthetic.world import build_world

    world = build_world(load_profile("hamlet"), 3, 2026)
    made = make_attendance(world)
    truth = truth_table(world, made)
    kind = np.array(made.venue["kind"].to_list())
    day = np.datetime64("1970-01-01")
    registrations = pl.DataFrame(
        {
            "person_id": made.member_child, "service_id": kind[made.member_venue],
            "valid_from": day + made.registered,
            "valid_to": np.where(made.left > 10**6, np.datetime64("NaT"), day + made.left),
        }
    ).with_columns(pl.col("valid_from", "valid_to").cast(pl.Date))  # fmt: skip
    month = (day + made.visit_day).astype("datetime64[M]").astype(int) % 12 + 1
    visits = pl.DataFrame(
        {
            "person_id": made.visit_child, "on_date": day + made.visit_day,
            "service_id": kind[made.session_venue[made.visit_session]],
            "term": np.select([month >= 9, month <= 3], ["autumn", "spring"], "summer"),
        }
    ).with_columns(pl.col("on_date").cast(pl.Date))  # fmt: skip
    definition = reach_definition()
    used = collect(
        reach_base(
            nw.from_native(registrations.lazy()), nw.from_native(visits.lazy()),
            date(2025, 4, 1), date(2026, 3, 31), sessions=definition.sessions, terms=definition.terms,
        )
    )  # fmt: skip
    from threecircles.synthetic.truth import person_table

    home = person_table(world).drop("person_id").with_row_index("person_id").with_columns(
        ward=pl.when(pl.col("ward") == "").then(pl.lit("not_known")).otherwise("ward"),
        group=pl.Series(made.group),
    )  # fmt: skip
    living, users = [], []
    for service, child in made.eligible.items():
        here = home.filter(pl.col("person_id").is_in(child.tolist()))
        living.append(eligible(here, service, group))
        users.append(
            used.filter(pl.col("service_id") == service).join(
                here.select(pl.col("person_id").cast(pl.Int64), group), on="person_id"
            )
        )
    table = reach_table(
        pl.concat(living), pl.concat(users), HEADS.clear(), definition, {}, "2025-26", group
    )
    found = {(r["service"], r[group], r["measure"]): r["value"] for r in table.frame.to_dicts()}
    other = "group" if group == "ward" else "ward"
    named = {"attended": "attended_once", "regular": "attended_regularly"}
    checked = 0
    for row in truth.filter(pl.col(other) == "all").to_dicts():
        value = TOTAL if row[group] == "all" else row[group]
        for column in ("eligible", "registered", "attended", "regular", "eligible_not_using"):
            key = (row["service"], value, named.get(column, column))
            assert found[key] == row[column], key
            checked += 1
    assert checked >= 30


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


def test_without_a_neighbours_return_a_ward_and_the_whole_are_at_least():
    """need N25: removing one provider's return turns its catchment to "at least", and no other ward."""
    found = cells(told(at_least={"youth_club": {"W1"}}))
    for ward in ("W1", TOTAL):
        row = found["youth_club", ward, "attended_once"]
        assert row["low"] == row["value"] and row["high"] == row["denominator"]
        rest = found["youth_club", ward, "eligible_not_using"]
        assert (rest["low"], rest["high"]) == (0, rest["value"])
    assert found["youth_club", "W0", "attended_once"]["low"] is None


def test_only_places_of_the_register_are_asked_for_a_return():
    venues = pl.DataFrame(
        {
            "org_id": ["v1", "v2", "v3", "v1"], "service_id": ["youth-club"] * 4,
            "valid_from": [date(2020, 1, 1), date(2020, 1, 1), date(2010, 1, 1), None],
            "valid_to": [None, None, date(2020, 1, 1), None],
        }
    )  # fmt: skip
    found = reporting(venues, {"v1"}, ["youth_club"], date(2025, 4, 1), date(2026, 3, 31))
    assert found == {"youth_club": Reported(2, 1)}


def test_nobody_is_eligible_below_or_above_the_ages():
    found = cells(told())
    expected = int(np.isin(CHILDREN["age"].to_numpy(), range(8, 18)).sum())
    assert found["youth_club", TOTAL, "eligible"]["value"] == expected


MIDDLES = pl.DataFrame(
    {"lsoa21": ["A", "B", "C"], "x": [0.0, 2000.0, 9000.0], "y": [0.0] * 3, "radius": [400.0] * 3}
)


def test_a_place_is_nearest_only_on_days_when_it_is_open():
    """need N25: distance bands at the grain of small areas; a closed place is near nobody."""
    places = pl.DataFrame(
        {
            "org_id": ["v1", "v2"], "service_id": ["youth-club"] * 2, "lsoa21": ["A", "C"],
            "valid_from": [date(2020, 1, 1)] * 2, "valid_to": [date(2026, 1, 1), None],
        }
    )  # fmt: skip
    before, after = (nearest(MIDDLES, open_on(places, date(2025 + k, 6, 1))) for k in (0, 1))
    assert before["km"].to_list() == [0.4, 2.0, 0.4]
    assert after["km"].to_list() == [9.0, 7.0, 0.4]
    assert bands(before, (1, 3, 8)) == {"A": "0-1", "B": "1-3", "C": "0-1"}
    assert bands(after, (1, 3, 8)) == {"A": "8+", "B": "3-8", "C": "0-1"}


def test_bands_have_names_from_near_to_far():
    assert band_names((1, 3, 8)) == ["0-1", "1-3", "3-8", "8+"]


def test_reach_gives_no_small_count_away():
    """need N18, N31: reach by four groupings of the same children, protected together, hides what is small for good."""
    from threecircles.disclosure.attack_release import attack_safe
    from threecircles.disclosure.release import protect

    g = np.random.default_rng(4)
    n = 500
    people = pl.DataFrame(
        {
            "person_id": [f"p{i}" for i in range(n)],
            **{
                c: [f"{c[0]}{v}" for v in g.integers(0, k, n)]
                for c, k in (("ward", 9), ("rural", 2), ("distance", 4), ("deprivation", 5))
            },
        }
    )
    came = g.random(n) < 0.1
    used = people.filter(pl.Series(came | (g.random(n) < 0.05))).with_columns(
        service_id=pl.lit("youth_club"), registered=pl.lit(True)
    )
    often = g.random(used.height)
    used = used.with_columns(
        attended_once=pl.Series(often < 0.7), attended_regularly=pl.Series(often < 0.3)
    )
    made = [
        reach_table(
            eligible(people, group=c), used, HEADS.clear(), reach_definition(), REPORTED, "2025-26",
            c, c, at_least={"youth_club": {f"{c[0]}1"}},
        )
        for c in ("ward", "rural", "distance", "deprivation")
    ]  # fmt: skip
    safe = protect(made)
    assert sum(s.suppressed["hidden"] for s in safe) > 10
    assert attack_safe(safe) == []
    for s in safe:
        assert not s.frame["n"].drop_nulls().is_between(1, 4).any()
