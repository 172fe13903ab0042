"""What is publicly known of each ward: without it a model could not say why wards differ."""

from __future__ import annotations

from collections.abc import Mapping

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.areas import Areas
from threecircles.need.services.stock import VALUES, frame_of

RURAL = "r"
"""How rural classes and their codes begin, in small letters."""


def ward_facts(
    areas: Areas, far: Mapping[str, float], ages: range, period: str, unit: str = "km"
) -> Measured | None:
    """areas-ward: children of the ages asked, mean deprivation, share of children in rural areas, and how far the
    nearest open place is; None where the place holds no wards.

    far: lsoa21 -> how far. All weighted by the children who live in each small area. Nothing of it counts
    anybody whom a record knows: population, deprivation and rural class are published, places are registered.
    """
    lsoas = [(lsoa, ward) for lsoa, ward in areas.ward.items() if ward]
    if not lsoas:
        return None
    people = {a: sum(areas.people.get((a, age), 0.0) for age in ages) for a, _ in lsoas}
    told: Mapping[str, Mapping[str, float]] = {
        "children_living": people,
        "deprivation_fifth": {a: float(f) for a, f in areas.deprivation.items()},
        "rural_share": {a: float(c.lower().startswith(RURAL)) for a, c in areas.rural.items()},
        f"far_{unit}": far,
    }
    rows = []
    for ward in sorted(set(areas.ward.values())):
        mine = [a for a, w in lsoas if w == ward]
        living = sum(people[a] for a in mine)
        for measure, known in told.items():
            held = [(people[a] or 1.0, known[a]) for a in mine if a in known]
            value = _mean(held) if measure != "children_living" else living
            reason = "not_available" if value is None else None
            rows.append({"ward": ward, "measure": measure, "value": value, "reason": reason})
    spec = TableSpec(
        id="areas-ward",
        title="What is known of each ward",
        population="wards",
        period=period,
        unit=f"children; fifths; share; {unit}",
        dimensions=(
            Dimension(column="ward", label="Ward", labels=areas.ward_names, vintage="ward24"),
        ),
        values=VALUES,
        kind="published",
        page="small-areas",
        sources=("centre-register",),
        step="need.areas",
    )
    return Measured(spec, frame_of(rows, ["ward"]))


def _mean(held: list[tuple[float, float]]) -> float | None:
    """The weighted mean, or None of nothing."""
    base = sum(w for w, _ in held)
    return sum(w * v for w, v in held) / base if base else None
