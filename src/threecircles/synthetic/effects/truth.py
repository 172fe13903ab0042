"""What is true of the planted services: without it no evaluation could be marked right or wrong.

Tables: effects (one row a service), exposure (who had how much, from when), first_referral, risk (what
drives a child's rate, year by year), effect_wave (pupils at each wave), effect_change (before and after),
hidden (causes nobody measures), effect_place (centres with their days).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from threecircles.synthetic.days import NEVER, as_dates
from threecircles.synthetic.effects.hazard import acted, first_day, ratio_on_exposed
from threecircles.synthetic.effects.plant import Planted
from threecircles.synthetic.effects.scene import Columns, Scene
from threecircles.synthetic.effects.under import Trail
from threecircles.synthetic.need import Need

if TYPE_CHECKING:
    from threecircles.synthetic.world import World

DAYS = ("start", "stop", "opened_on", "closed_on", "day")


def effect_tables(
    scene: Scene, planted: Planted, trail: Trail, need: Need, person_id: np.ndarray
) -> dict[str, pl.DataFrame]:
    """All truth tables of the services; need is that under them."""
    tables = {
        "effects": _effects(scene, planted, trail),
        "exposure": _exposure(planted, person_id),
        "first_referral": _first(scene, planted, trail, person_id),
        "risk": _risk(scene, planted, trail, need, person_id),
    }
    kept: dict[str, list[pl.DataFrame]] = {}
    for effect in planted.effects:
        for name, columns in effect.kept.items():
            kept.setdefault(name, []).append(_frame(columns, person_id))
    return tables | {name: pl.concat(frames) for name, frames in kept.items()}


def world_effects(world: World) -> dict[str, pl.DataFrame]:
    """The same of a whole place; empty where no service is planted."""
    if world.planted is None or world.trail is None:
        return {}
    scene = Scene(
        world.profile, world.seed, world.year, world.land, world.people, world.need, world.homes,
        world.schools, world.enrolment,
    )  # fmt: skip
    return effect_tables(scene, world.planted, world.trail, world.need, world.ids.person_id)


def _effects(scene: Scene, planted: Planted, trail: Trail) -> pl.DataFrame:
    """One row a service; on_exposed is the mean effect on those who had it, by the same seed without it."""
    rows = []
    for e in planted.effects:
        on = e.value
        given: int | None = None
        without: int | None = None
        if e.hazard is not None:
            given, without = ratio_on_exposed(
                scene.seed, planted.hazards, e.hazard, scene.people.n, trail.drawn, trail.more
            )
            on = given / without if without else float("nan")
        rows.append({
            "effect": e.id, "service": e.service, "design": e.design, "population": e.population, "outcome": e.outcome,
            "scale": e.scale, "true_effect": float(e.value), "on_exposed": float(on),
            "events_with": given, "events_without": without, "from_day": e.start, "areas": e.areas,
            "schools": e.schools, "seed": scene.seed, "misleads": e.misleads,
        })  # fmt: skip
    frame = pl.DataFrame(
        rows, schema_overrides={"events_with": pl.Int64, "events_without": pl.Int64}
    )
    return frame.with_columns(from_day=as_dates(frame["from_day"].to_numpy()))


def _exposure(planted: Planted, person_id: np.ndarray) -> pl.DataFrame:
    """One row a child and stretch of time: effect, person_id, start, stop (null = goes on), dose, offered, used, place."""
    frames = [
        _frame({"effect": np.full(len(e.exposed["child"]), e.id), **e.exposed}, person_id)
        for e in planted.effects
    ]
    return pl.concat(frames)


def _first(scene: Scene, planted: Planted, trail: Trail, person_id: np.ndarray) -> pl.DataFrame:
    """First referral of each child who ever had one: person_id, day."""
    first = first_day(scene.people.n, acted(scene.seed, planted.hazards, trail.drawn, trail.more))
    who = np.flatnonzero(first < NEVER)
    return _frame({"child": who, "day": first[who]}, person_id)


def _risk(
    scene: Scene, planted: Planted, trail: Trail, need: Need, person_id: np.ndarray
) -> pl.DataFrame:
    """What drives the rate of each child, by financial year: need (index), log_rate (without any service), rise (of its area)."""
    frames = []
    slope = planted.rise[scene.area()]
    for back, rate in enumerate(trail.rate):
        who = np.flatnonzero(rate > 0)
        columns = {
            "child": who, "year": np.full(len(who), scene.year - back), "log_rate": np.log(rate[who]),
            "need": need.index[len(need.days) - 1 - back][who], "rise": slope[who],
        }  # fmt: skip
        frames.append(_frame(columns, person_id))
    return pl.concat(frames)


def _frame(columns: Columns, person_id: np.ndarray) -> pl.DataFrame:
    told: dict[str, object] = {}
    for name, values in columns.items():
        if name == "child":
            told["person_id"] = person_id[values]
        else:
            told[name] = as_dates(values) if name in DAYS else values
    return pl.DataFrame(told)
