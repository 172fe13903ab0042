"""Nurseries, funded places at two and alternative provision: without it a fifth of children would stand in no census."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, age_at, birthday, day_of
from threecircles.synthetic.draw import highest
from threecircles.synthetic.need import DIMENSIONS
from threecircles.synthetic.profile import Section
from threecircles.synthetic.world import World


@dataclass(frozen=True)
class Nurseries:
    """Who is where on the day of the January censuses, and the offers to two-year-olds.

    nursery_*: child, day it began, number of the setting, whether the place is a funded one of a
    two-year-old. two_*: along the two-year-olds who are eligible: offered and taken up (NEVER when not).
    away_*: along the pupils in alternative provision: child, from, on a school's roll as well.
    """

    day: int
    nursery_child: np.ndarray
    nursery_from: np.ndarray
    nursery_setting: np.ndarray
    nursery_funded: np.ndarray
    two_child: np.ndarray
    two_offered: np.ndarray
    two_taken: np.ndarray
    away_child: np.ndarray
    away_from: np.ndarray
    away_dual: np.ndarray


def make_nurseries(world: World) -> Nurseries:
    """Places by age, funded places by deprivation, alternative provision by behaviour.

    Source: specification of this project, page synthetic, sections 5 and 7; shares are design values.
    """
    p, day = world.profile["nurseries"], day_of(world.year, 1, 15)
    age = age_at(world.people.birth, day)
    here = world.people.present(day) & (world.people.family >= 0)
    two, offered, taken = _two_year_places(world, p, np.flatnonzero(here & (age == 2)), day)
    funded = np.zeros(world.people.n, dtype=bool)
    funded[two[taken < NEVER]] = True
    child = _at_nursery(world, p, here, age, funded)
    g = rng(world.seed, "nurseries", "places")
    born = np.maximum(world.people.birth[child], np.where(world.people.arrive[child] > -NEVER // 2, world.people.arrive[child], 0))  # fmt: skip
    began = day - np.minimum(g.integers(14, 480, len(child)), day - born)
    place = np.full(world.people.n, NEVER)
    place[two] = taken
    began = np.where(funded[child], place[child], began)
    setting = world.people.fam_lsoa[world.people.family[child]] // 2 * 3 + g.integers(0, 3, len(child))  # fmt: skip
    away, since, dual = _away(world, p, here, age, day)
    return Nurseries(day, child, began, setting, funded[child], two, offered, taken, away, since, dual)  # fmt: skip


def _two_year_places(
    world: World, p: Section, child: np.ndarray, day: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Those eligible, the likelier the poorer the area; nine in ten are offered a place, and fewer take it where it is poor."""
    g = rng(world.seed, "nurseries", "two")
    d = world.land.d[world.people.fam_lsoa[world.people.family[child]]]
    poorer = 0.9 * d + g.normal(size=len(child))
    eligible = highest(poorer, np.ones(len(child), dtype=bool), p["two_eligible"])
    child, d = child[eligible], d[eligible]
    second = birthday(world.people.birth[child], 2)
    offered = np.where(g.random(len(child)) < p["two_offered"], second - g.integers(10, 60, len(child)), NEVER)  # fmt: skip
    odds = np.log(p["two_taken"] / (1 - p["two_taken"])) - p["two_taken_slope"] * (d - d.mean())
    takes = (g.random(len(child)) < 1 / (1 + np.exp(-odds))) & (offered < NEVER)
    taken = np.where(takes, np.maximum(second, offered + 14) + g.integers(0, 40, len(child)), NEVER)
    return child, offered, np.where(taken > day, NEVER, taken)


def _at_nursery(
    world: World, p: Section, here: np.ndarray, age: np.ndarray, funded: np.ndarray
) -> np.ndarray:
    """Children under five with a place: by age, and fewer of those whom a school has already."""
    g = rng(world.seed, "nurseries", "at")
    share = np.array([p["share_at_age"][str(a)] for a in range(5)])
    young = here & (age >= 0) & (age < 5)
    chance = share[np.clip(age, 0, 4)]
    chance = np.where(world.enrolment.school >= 0, p["dual_with_school"], chance)
    return np.flatnonzero(young & ((g.random(world.people.n) < chance) | funded))


def _away(
    world: World, p: Section, here: np.ndarray, age: np.ndarray, day: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pupils in alternative provision: most stay on a school's roll, the others are there under a plan."""
    g = rng(world.seed, "nurseries", "away")
    school_age = here & (age >= 5) & (age < 16) & (world.ids.upn != "")
    wanted = p["alternative_share"] * school_age.sum()
    on_roll = world.enrolment.school >= 0
    behaviour = world.need.eta[-1][:, DIMENSIONS.index("be")]
    chosen = []
    for pool, part in ((school_age & on_roll, p["alternative_dual"]), (school_age & ~on_roll, 1 - p["alternative_dual"])):  # fmt: skip
        who = np.flatnonzero(pool)
        n = min(len(who), round(wanted * part))
        weight = np.exp(1.2 * behaviour[who])
        chosen.append(g.choice(who, n, replace=False, p=weight / weight.sum()) if n else who[:0])
    child = np.sort(np.concatenate(chosen))
    return child, day - g.integers(10, 400, len(child)), on_roll[child]
