"""Areas of the place by small area: ward and deprivation fifth of a home, with their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from threecircles.definitions.place import Place
from threecircles.need.travel import Bands


@dataclass(frozen=True)
class Areas:
    """lsoa21 -> ward code, fifth (1 most deprived), rural or urban class (ONS 2021), and band of distance to the
    nearest open place (empty until `travel` reckons it; bands: which those are); ward code -> name; children by ward, by age, and
    by (lsoa21, age).
    """

    ward: dict[str, str] = field(default_factory=dict)
    deprivation: dict[str, str] = field(default_factory=dict)
    ward_names: dict[str, str] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)
    by_age: dict[int, int] = field(default_factory=dict)
    rural: dict[str, str] = field(default_factory=dict)
    distance: dict[str, str] = field(default_factory=dict)
    people: dict[tuple[str, int], float] = field(default_factory=dict)
    bands: Bands = field(default_factory=Bands)

    @property
    def all_children(self) -> int:
        """Children 0-17 of the place by the population file; 0 where it holds none."""
        return sum(self.children.values())

    def by_lsoa(self) -> dict[str, dict[str, str]]:
        """The breakdowns that a home area decides; those the place holds nothing for are left out."""
        found: Mapping[str, dict[str, str]] = {"rural": self.rural, "distance": self.distance}
        held = {name: values for name, values in found.items() if values}
        return {"ward": self.ward, "deprivation": self.deprivation, **held}


FIFTHS = {
    "1": "Most deprived fifth",
    "2": "Second fifth",
    "3": "Middle fifth",
    "4": "Fourth fifth",
    "5": "Least deprived fifth",
}


def areas_of(place: Place) -> Areas:
    """Read the place's lookups; what is absent stays empty and its breakdown says "not known"."""
    lookup, deprived, people = (_table(place, n) for n in ("lsoa", "deprivation", "population"))
    ward: dict[str, str] = {}
    names: dict[str, str] = {}
    fifth: dict[str, str] = {}
    children: dict[str, int] = {}
    ages: dict[int, int] = {}
    rural: dict[str, str] = {}
    cells: dict[tuple[str, int], float] = {}
    if lookup is not None:
        ward = dict(lookup.select("LSOA21CD", "WD24CD").iter_rows())
        names = dict(lookup.select("WD24CD", "WD24NM").iter_rows())
        if "RUC21" in lookup.columns:
            rural = dict(lookup.select("LSOA21CD", "RUC21").drop_nulls().iter_rows())
    if deprived is not None:
        decile = pl.col("imd_decile").cast(pl.Int64)
        fifth = dict(deprived.select("LSOA21CD", ((decile + 1) // 2).cast(pl.String)).iter_rows())
    if people is not None:
        counted = people.group_by("LSOA21CD").agg(pl.col("population").cast(pl.Float64).sum())
        for lsoa, number in counted.iter_rows():
            children[ward.get(lsoa, "not_known")] = children.get(
                ward.get(lsoa, "not_known"), 0
            ) + round(number)
        by_age = people.group_by(pl.col("age").cast(pl.Int64)).agg(
            pl.col("population").cast(pl.Float64).sum()
        )
        ages = {age: round(number) for age, number in by_age.sort("age").iter_rows()}
        by_cell = people.group_by("LSOA21CD", pl.col("age").cast(pl.Int64)).agg(
            pl.col("population").cast(pl.Float64).sum()
        )
        cells = {(lsoa, age): n for lsoa, age, n in by_cell.sort("LSOA21CD", "age").iter_rows()}
    return Areas(ward, fifth, names, children, ages, rural, {}, cells)


def _table(place: Place, name: str) -> pl.DataFrame | None:
    path = place.reference.get(name)
    return pl.read_csv(path, infer_schema=False) if path is not None else None
