"""Education, health and care plans from request to plan: without it nobody could say how long children wait."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, age_at, as_dates, day_of, on_weekday
from threecircles.synthetic.draw import even, exactly, highest
from threecircles.synthetic.education import plan_liability
from threecircles.synthetic.world import World

WEEKS_20 = 140


def plan_cases(world: World) -> np.ndarray:
    """Children and young people with a plan in January: pupils with one, and others by the strength of their case.

    The others are under school age, past it, or in schools that the census does not ask. Returns positions.
    Source: number of cases, LAIT (fact 47).
    """
    p, day = world.profile["send"], day_of(world.year, 1, 15)
    pupils = world.education.sen == "E"
    here = world.people.present(day, 2, 25) & (world.enrolment.school < 0)
    wanted = p["cases_per_10000"] * world.people.present(world.end).sum() / 10_000 - pupils.sum()
    g = rng(world.seed, "send", "cases")
    case = plan_liability(world.seed, world.people, world.need) + 0.6 * g.normal(
        size=world.people.n
    )
    case = case + 0.4 * (age_at(world.people.birth, day) >= 16)
    others = highest(case, here, max(0.0, wanted) / max(here.sum(), 1))
    return np.flatnonzero(pupils | others)


def request_table(world: World) -> pl.DataFrame:
    """Requests of two calendar years: person_id, requested, decided, agreed, plan_on (null: none, or not yet).

    A decision to assess comes within six weeks; plans within twenty weeks as published (fact 48), the others
    later. Plans made by January belong to children who have one then. Requests: LAIT (fact 47).
    """
    p, g = world.profile["send"], rng(world.seed, "send", "requests")
    cases = plan_cases(world)
    per_year = p["requests_per_10000"] * world.people.present(world.end).sum() / 10_000
    frames = []
    free = g.permutation(cases[age_at(world.people.birth[cases], world.end) <= 20])
    asked = g.permutation(np.flatnonzero(world.education.sen == "K"))
    for back in (2, 1):
        n = round(per_year)
        day = on_weekday(day_of(world.year - back, 1, 1) + g.integers(0, 363, n))
        agreed = exactly(g, p["agreed_share"], n)
        # Spread evenly over the year, so that any year of plans has the share.
        in_time = even(g, day) < p["in_time_share"]
        late = np.exp(np.log(p["late_days_median"]) + p["late_days_sigma"] * g.normal(size=n))
        days = np.where(
            in_time, g.integers(100, WEEKS_20 + 1, n), WEEKS_20 + 1 + late.astype("int64")
        )
        made = np.where(agreed, day + days, NEVER)
        has = agreed & (made <= day_of(world.year, 1, 15))
        child = np.empty(n, dtype="int64")
        child[has], free = _take(free, int(has.sum()))
        child[~has], asked = _take(asked, int((~has).sum()))
        frames.append(pl.DataFrame({
            "person_id": world.ids.person_id[child], "requested": as_dates(day),
            "decided": as_dates(day + g.integers(20, 43, n)), "agreed": agreed,
            "plan_on": as_dates(np.where(made <= world.end, made, NEVER)),
        }))  # fmt: skip
    return pl.concat(frames).sort("requested", "person_id")


def case_table(world: World) -> pl.DataFrame:
    """Everybody with a plan in January: person_id, age, in_census (a pupil of a school that returns one)."""
    cases = plan_cases(world)
    return pl.DataFrame({
        "person_id": world.ids.person_id[cases], "age": age_at(world.people.birth[cases], world.end),
        "in_census": world.education.sen[cases] == "E",
    })  # fmt: skip


def _take(pool: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The first n of a pool and the rest; a pool that runs dry begins again."""
    enough = np.resize(pool, max(n, len(pool))) if len(pool) else np.zeros(n, dtype="int64")
    return enough[:n], np.roll(pool, -n)
