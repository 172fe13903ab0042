"""The worlds of several adjoining places: without it each would be an island, and no border would hold anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.seeds import rng, stable_hash
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.geography import Land, make_land
from threecircles.synthetic.homes import make_homes
from threecircles.synthetic.identifiers import PLACE, Identifiers
from threecircles.synthetic.need import judged, make_latents
from threecircles.synthetic.people import add_alone, make_everyone
from threecircles.synthetic.places.moves import Move, Settled, exchanged
from threecircles.synthetic.places.pupils import Crossing, crossings, with_guests
from threecircles.synthetic.places.share import shared_homes, shared_latents
from threecircles.synthetic.profile import Profile
from threecircles.synthetic.world import World, make_ground, world_on


@dataclass(frozen=True)
class Places:
    """Adjoining places, from west to east, and all that crosses their borders.

    pockets: one row a border: how far north of the southern edge a pocket of need straddles it.
    """

    worlds: tuple[World, ...]
    moves: tuple[Move, ...]
    crossings: tuple[Crossing, ...]
    pockets: np.ndarray


def build_worlds(profile: Profile, seed: int, year: int, number: int) -> Places:
    """So many places side by side, each calibrated as a place alone: families move and pupils go between them.

    profile: of one place, with the section `adjoining`. Every place has a seed of its own, drawn from the seed.
    """
    p, side = profile["adjoining"], profile["land"]["side_km"] * 1000.0
    own = [replace(profile, number=k) for k in range(number)]
    seeds = [seed_of(seed, k) for k in range(number)]
    pockets = side * (0.25 + 0.5 * rng(seed, "adjoining", "pockets").random(number - 1))
    lands = side_by_side([
        make_land(q, s, _local(pockets, k, number, side)) for k, (q, s) in enumerate(zip(own, seeds, strict=True))
    ])  # fmt: skip
    every = list(zip(own, seeds, lands, strict=True))
    settled, moves = exchanged(
        seed, p["moves_share"], [make_everyone(q, s, year, land) for q, s, land in every]
    )
    settled = [_with_alone(q, s, told) for (q, s, _), told in zip(every, settled, strict=True)]
    drawn = [make_latents(*one, told.people) for one, told in zip(every, settled, strict=True)]
    needs = [
        judged(q, told.people, latents)
        for q, told, latents in zip(own, settled, shared_latents(settled, moves, drawn), strict=True)
    ]  # fmt: skip
    homes = shared_homes(moves, lands, [
        make_homes(*one, told.people, need) for one, told, need in zip(every, settled, needs, strict=True)
    ])  # fmt: skip
    grounds = [
        make_ground(q, s, year, land, told.people, need, home)
        for (q, s, land), told, need, home in zip(every, settled, needs, homes, strict=True)
    ]
    found = crossings(seed, year, p, grounds, settled)
    grounds, across = with_guests(grounds, settled, found)
    worlds = [
        world_on(q, s, year, ground, numbers)
        for q, s, ground, numbers in zip(own, seeds, grounds, across, strict=True)
    ]
    return Places(tuple(with_one_number_each(worlds)), tuple(moves), tuple(found), pockets)


def seed_of(seed: int, number: int) -> int:
    """The seed of one place; the first has the seed itself."""
    return seed if number == 0 else stable_hash(seed, "place", number) % 2**31


def _local(pockets: np.ndarray, number: int, of: int, side: float) -> np.ndarray:
    """Points on the western and eastern border of a place, from its own south-west corner."""
    west = [(0.0, pockets[number - 1])] if number > 0 else []
    east = [(side, pockets[number])] if number < of - 1 else []
    return np.array(west + east)


def side_by_side(lands: Sequence[Land]) -> list[Land]:
    """The lands with the postcodes of all others, which lie outside; no made-up neighbour lies inside another place."""
    made = []
    for k, land in enumerate(lands):
        inside = land.pc_lsoa >= 0
        others = [(o, o.pc_lsoa >= 0) for j, o in enumerate(lands) if j != k]
        free = ~inside
        for o, _ in others:
            west = o.corners[:, 0].min()
            free &= ~((land.pc_x >= west) & (land.pc_x <= west + o.side) & (land.pc_y >= 0) & (land.pc_y <= o.side))  # fmt: skip
        columns: dict[str, Any] = {
            name: np.concatenate([
                getattr(land, name)[inside], *(getattr(o, name)[mine] for o, mine in others), getattr(land, name)[free]
            ])
            for name in ("pc", "pc_x", "pc_y", "pc_la")
        }  # fmt: skip
        areas = np.full(len(columns["pc"]), -1)
        areas[: inside.sum()] = land.pc_lsoa[inside]
        made.append(replace(land, pc_lsoa=areas, **columns))
    return made


def _with_alone(profile: Profile, seed: int, told: Settled) -> Settled:
    people = add_alone(profile, seed, told.people)
    more = people.n - told.people.n
    # Half of the room of a place is for the children of its families.
    number = PLACE * profile.number + PLACE // 2 + np.arange(more)
    return replace(told, people=people, person=np.r_[told.person, number])


def with_one_number_each(worlds: Sequence[World]) -> list[World]:
    """The worlds with the national numbers of every child whom two places know made one: those of the first home."""
    frames = []
    for k, world in enumerate(worlds):
        assert world.across is not None
        frames.append(pl.DataFrame({
            "person": world.across.person, "place": np.full(world.people.n, k), "row": np.arange(world.people.n),
            **{name: getattr(world.ids, name) for name in ("upn", "uln", "nhs")},
        }))  # fmt: skip
    told = pl.concat(frames).with_columns(home=pl.col("place") != pl.col("person") // PLACE)
    told = told.sort("person", "home", "place")
    # A pupil number that only one place ever gave holds in the other too.
    one = pl.col("upn", "uln", "nhs")
    told = told.with_columns(one.filter(one != "").first().over("person").fill_null("")).sort("place", "row")  # fmt: skip
    return [_numbered(w, told.filter(pl.col("place") == k)) for k, w in enumerate(worlds)]


def _numbered(world: World, told: pl.DataFrame) -> World:
    text = np.char.zfill((told["person"].to_numpy() + 1).astype(str), 7)
    numbers = {name: told[name].to_numpy().astype(str) for name in ("upn", "uln", "nhs")}
    ids: Identifiers = replace(world.ids, person_id=np.char.add("P", text), **numbers)
    return replace(world, ids=ids)


def placed_across(worlds: Sequence[World]) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
    """Children looked after who live in another of the places on the last day: from, to, child, since when."""
    codes = [w.land.la_code for w in worlds]
    told = []
    for k, world in enumerate(worlds):
        care = world.care
        now = (care.start <= world.end) & (care.end > world.end) & (care.end < NEVER)
        for goal, code in enumerate(codes):
            rows = np.flatnonzero(now & (world.land.pc_la[care.pc] == code))
            if goal != k:
                told.append((k, goal, care.period_child[care.period[rows]], care.start[rows]))
    return told
