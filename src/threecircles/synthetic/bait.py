"""Chances to work a child out, listed: without them nobody could say whether disclosure control was tried."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.truth import service_flags
from threecircles.synthetic.world import World

OUTCOMES = ("cin", "cpp", "cla", "youth_justice")
SMALL = 4
_COLUMNS = {
    "kind": pl.String, "outcome": pl.String, "ward": pl.String, "lsoa21": pl.String,
    "group": pl.String, "children": pl.Int64, "given_away_by": pl.String,
}  # fmt: skip


def bait_table(world: World) -> pl.DataFrame:
    """Every chance of the place: small cells, a ward less its areas, and two years that differ by a few.

    small_cell: children of an ethnic group in a ward with an outcome, 1 to 4. ward_less_area: an area
    with 1 to 4, whose ward and other areas all have 0 or more than five, so that subtracting gives it
    away. two_years: children of a ward with the outcome now who were not there a year ago, 1 to 4.
    Columns: kind, outcome, ward, lsoa21, group, children, given_away_by.
    """
    people = _people(world)
    frames = [_small_cells(people, o) for o in OUTCOMES]
    frames += [_ward_less_area(people, o) for o in OUTCOMES]
    frames += [_two_years(people, o) for o in OUTCOMES]
    made = pl.concat([f.select(list(_COLUMNS)).cast(_COLUMNS) for f in frames])  # type: ignore[arg-type]
    return made.sort("kind", "outcome", "ward", "lsoa21", "group")


def _people(world: World) -> pl.DataFrame:
    people, land = world.people, world.land
    who = np.flatnonzero(people.present(world.end) & (people.family >= 0))
    pc = world.homes.pc[world.homes.at(people.family[who], world.end)]
    inside = land.pc_lsoa[pc] >= 0
    who, pc = who[inside], pc[inside]
    area = land.pc_lsoa[pc]
    flags = service_flags(world)
    return pl.DataFrame({
        "lsoa21": land.lsoa[area], "ward": land.ward_code[land.ward[area]], "group": world.ethnic[who],
        "new": people.arrive[who] > world.end - 365, **{o: flags[o][who] for o in OUTCOMES},
    })  # fmt: skip


def _named(frame: pl.DataFrame, kind: str, outcome: str, why: str, **missing: str) -> pl.DataFrame:
    return frame.with_columns(
        kind=pl.lit(kind), outcome=pl.lit(outcome), given_away_by=pl.lit(why),
        **{name: pl.lit(value) for name, value in missing.items()},
    )  # fmt: skip


def _small_cells(people: pl.DataFrame, outcome: str) -> pl.DataFrame:
    cells = people.filter(outcome).group_by("ward", "group").agg(children=pl.len())
    small = cells.filter(pl.col("children") <= SMALL)
    return _named(small, "small_cell", outcome, "the cell itself", lsoa21="")


def _ward_less_area(people: pl.DataFrame, outcome: str) -> pl.DataFrame:
    areas = people.group_by("ward", "lsoa21").agg(children=pl.col(outcome).sum())
    hidden = pl.col("children").is_between(1, 5)
    alone = areas.filter(hidden.sum().over("ward") == 1)
    alone = alone.filter(hidden & (pl.col("children") <= SMALL))
    return _named(alone, "ward_less_area", outcome, "the ward less its other areas", group="")


def _two_years(people: pl.DataFrame, outcome: str) -> pl.DataFrame:
    wards = people.filter(pl.col(outcome) & pl.col("new")).group_by("ward").agg(children=pl.len())
    few = wards.filter(pl.col("children") <= SMALL)
    why = "this year's ward less the children who were here a year ago"
    return _named(few, "two_years", outcome, why, lsoa21="", group="")
