"""No cell under the threshold in what the circles give out, differences between regions and breakdowns counted."""

import pytest
from tests.need.made_up import NEED, many, record

from threecircles.core.engines import engine
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.release import protect
from threecircles.need.areas import Areas
from threecircles.need.circles_step import circles_tables
from threecircles.need.targeted import targeted_services

LSOAS = [f"E0190000{i}" for i in range(1, 6)]
AREAS = Areas(
    ward={a: f"W{i % 3}" for i, a in enumerate(LSOAS)},
    deprivation={a: str(i + 1) for i, a in enumerate(LSOAS)},
    ward_names={"W0": "North", "W1": "South", "W2": "West"},
    rural={a: "Rural" if i < 2 else "Urban" for i, a in enumerate(LSOAS)},
    distance={a: "0-1" if i else "8+" for i, a in enumerate(LSOAS)},
)
GROUPS = {"ward", "phase", "age", "sex", "deprivation", "rural", "distance"}
SMALLEST = 5


@pytest.fixture(scope="module")
def released():
    """Every table of the circles of one small place, protected together; and the tables as they were."""
    run = engine("polars")
    frames = [run.frame(f) for f in record(many(260, schools=8), roll=False)]
    made = circles_tables(
        *frames,
        need=NEED,
        services=targeted_services("council_and_justice"),
        areas=AREAS,
        academic_year=2026,
    )
    circles = [m for m in made if m.spec.id.startswith("circles-")]
    return circles, protect(circles)


def test_circles_are_told_by_rural_class_and_distance_too(released):
    """need N31: every circles page offers rural-urban class, distance to a place and deprivation."""
    assert {m.spec.id.removeprefix("circles-") for m in released[0]} >= GROUPS


def test_no_count_of_few_children_is_shown(released):
    """need N18: in no breakdown and no region does a count of 1 to 4 children stand."""
    small = 0
    for made, safe in zip(*released, strict=True):
        counts = made.frame["n_with"].drop_nulls()
        small += int(counts.is_between(1, SMALLEST - 1).sum())
        assert not safe.frame["n_with"].drop_nulls().is_between(1, SMALLEST - 1).any(), made.spec.id
    assert small > 10


def test_differences_between_regions_and_breakdowns_give_no_small_count_away(released):
    """need N18: what one table hides cannot be had by taking others from each other."""
    assert sum(s.suppressed["hidden"] for s in released[1]) > 20
    assert attack_safe(released[1]) == []
