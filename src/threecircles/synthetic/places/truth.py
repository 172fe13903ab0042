"""What is true across the borders of adjoining places: without it nobody could mark what was joined over them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from threecircles.synthetic.days import as_dates
from threecircles.synthetic.geography import in_pocket, on_line
from threecircles.synthetic.place_file import place_name
from threecircles.synthetic.places.build import Places, placed_across
from threecircles.synthetic.places.pool import contributions
from threecircles.synthetic.world import World


def shared_truth(places: Places) -> dict[str, pl.DataFrame]:
    """Tables of all places together: crossing, straddling_need, border, pool."""
    return {
        "crossing": crossing_table(places),
        "border": border_table(places),
        "straddling_need": straddling_table(places),
        "pool": contributions(places.worlds),
    }


def crossing_table(places: Places) -> pl.DataFrame:
    """Every child known to two places: person_id, kind (moved, school, placed), from_place, to_place, since.

    moved: the family left one place for the other. school: lives in one, is on a roll in the other. placed:
    looked after by one, living in the other on the last day.
    """
    worlds = places.worlds
    names = [place_name(w)[0] for w in worlds]
    parts: list[tuple[World, np.ndarray, str, int, int, np.ndarray]] = []
    for move in places.moves:
        here, there = worlds[move.goal], worlds[move.origin]
        day = np.full(len(here.people.fam_lsoa), 0)
        day[move.here] = move.day
        came = (here.people.family >= 0) & np.isin(here.people.family, move.here)
        rows = np.flatnonzero(came & np.isin(here.ids.person_id, there.ids.person_id))
        parts.append((here, rows, "moved", move.origin, move.goal, day[here.people.family[rows]]))
    for c in places.crossings:
        since = worlds[c.home].enrolment.entry[c.child]
        parts.append((worlds[c.home], c.child, "school", c.home, c.goal, since))
    for home, goal, child, since in placed_across(worlds):
        parts.append((worlds[home], child, "placed", home, goal, since))
    frames = [
        pl.DataFrame({
            "person_id": world.ids.person_id[rows].astype(str), "kind": np.full(len(rows), kind), "from_place": np.full(len(rows), names[a]),
            "to_place": np.full(len(rows), names[b]), "since": as_dates(np.asarray(since, dtype="int64")),
        })
        for world, rows, kind, a, b, since in parts
    ]  # fmt: skip
    return pl.concat(frames).sort("kind", "from_place", "to_place", "person_id", "since")


def border_table(places: Places) -> pl.DataFrame:
    """Small areas that touch across a border: place, lsoa21, other_place, other_lsoa21, metres."""
    rows = []
    for west, east in pairwise(places.worlds):
        line = west.land.side * (west.profile.number + 1)
        for a, low, high in on_line(west.land.corners, west.land.cells, line):
            for b, other_low, other_high in on_line(east.land.corners, east.land.cells, line):
                metres = min(high, other_high) - max(low, other_low)
                if metres > 1:
                    rows.append((place_name(west)[0], west.land.lsoa[a], place_name(east)[0], east.land.lsoa[b], round(metres)))  # fmt: skip
    return pl.DataFrame(
        rows, schema=["place", "lsoa21", "other_place", "other_lsoa21", "metres"], orient="row"
    )


def straddling_table(places: Places) -> pl.DataFrame:
    """Pockets of need on a border, each on both sides: pocket, place, areas, children, high_need, share, place_share."""
    rows = []
    for number, (pair, north) in enumerate(zip(pairwise(places.worlds), places.pockets, strict=True)):  # fmt: skip
        line = pair[0].land.side * (number + 1)
        for world in pair:
            rows.append((f"pocket-{number + 1}", place_name(world)[0], *_pocket(world, line, north)))  # fmt: skip
    columns = ["pocket", "place", "areas", "children", "high_need", "share", "place_share"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _pocket(world: World, line: float, north: float) -> tuple[str, int, int, float, float]:
    reach = world.land.side * world.profile["adjoining"]["pocket_reach_share"]
    areas = in_pocket(world.land.corners, world.land.cells, line, north, reach)
    here = np.flatnonzero(world.people.present(world.end) & (world.people.family >= 0))
    high = world.need.high[-1][here]
    inside = np.isin(world.people.fam_lsoa[world.people.family[here]], areas)
    text = " ".join(world.land.lsoa[areas])
    found = int(high[inside].sum())
    return text, int(inside.sum()), found, found / max(int(inside.sum()), 1), float(high.mean())
