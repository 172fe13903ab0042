"""Pupils who live on one side of a border and go to school on the other: without them rolls and homes would agree by luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, day_of
from threecircles.synthetic.homes import Homes, postcode_on
from threecircles.synthetic.people import PER_CHILD, of_children
from threecircles.synthetic.places.moves import Settled
from threecircles.synthetic.places.share import postcodes
from threecircles.synthetic.profile import Section
from threecircles.synthetic.schools import ELSEWHERE, Enrolment, Schools
from threecircles.synthetic.world import Across, Ground


@dataclass(frozen=True)
class Crossing:
    """Pupils of one place at the schools of the next: along them the child there and the school here."""

    home: int
    goal: int
    child: np.ndarray
    school: np.ndarray


def crossings(
    seed: int, year: int, p: Section, grounds: Sequence[Ground], settled: Sequence[Settled]
) -> list[Crossing]:
    """Who goes to a school across the border: often where that school is nearer, seldom elsewhere.

    From the first year of school to the last that all attend, in primary and secondary schools.
    """
    made = []
    for home, ground in enumerate(grounds):
        gone = np.zeros(ground.people.n, dtype=bool)
        for goal in (home - 1, home + 1):
            if not 0 <= goal < len(grounds):
                continue
            known = np.isin(settled[home].person, settled[goal].person)
            child, school, nearer = _offers(ground, grounds[goal].schools, year, gone | known)
            g = rng(seed, "adjoining", "pupils", home, goal)
            chosen = g.random(len(child)) < np.where(nearer, p["pupils_nearer"], p["pupils_other"])
            gone[child[chosen]] = True
            made.append(Crossing(home, goal, child[chosen], school[chosen]))
    return made


def _offers(
    ground: Ground, across: Schools, year: int, left_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pupils, the nearest school across the border that takes their age, and whether it is nearer than their own."""
    people, enrolment, land = ground.people, ground.enrolment, ground.land
    in_years = (enrolment.nc_year >= 1) & (enrolment.nc_year <= 11) & (enrolment.school >= 0)
    usual = ground.schools.phase[np.maximum(enrolment.school, 0)] <= 1
    child = np.flatnonzero(in_years & usual & (people.family >= 0) & ~left_out)
    pc = postcode_on(ground.homes, people, child, day_of(year, 1, 15))
    at = np.column_stack([land.pc_x[pc], land.pc_y[pc]])
    own = enrolment.school[child]
    far = np.hypot(at[:, 0] - ground.schools.x[own], at[:, 1] - ground.schools.y[own])
    school, nearer = np.full(len(child), -1), np.zeros(len(child), dtype=bool)
    for phase, years in ((0, enrolment.nc_year[child] <= 6), (1, enrolment.nc_year[child] >= 7)):
        fit = np.flatnonzero(across.phase == phase)
        if len(fit) and years.any():
            metres, which = cKDTree(np.column_stack([across.x[fit], across.y[fit]])).query(
                at[years]
            )
            school[years], nearer[years] = fit[which], metres < far[years]
    has = school >= 0
    return child[has], school[has], nearer[has]


def with_guests(
    grounds: Sequence[Ground], settled: Sequence[Settled], found: Sequence[Crossing]
) -> tuple[list[Ground], list[Across]]:
    """The places with their guests: pupils who are on a roll here and live elsewhere.

    A guest is of no age group that lives here: it comes into no count of residents and has no other service.
    """
    told = [_left(ground, [c for c in found if c.home == k]) for k, ground in enumerate(grounds)]
    numbers = [Across(s.person, s.family) for s in settled]
    for c in found:
        told[c.goal], numbers[c.goal] = _joined(
            told[c.goal], numbers[c.goal], grounds[c.home], settled[c.home], c
        )
    return told, numbers


def _left(ground: Ground, found: Sequence[Crossing]) -> Ground:
    school = ground.enrolment.school.copy()
    for c in found:
        school[c.child] = ELSEWHERE
    return replace(ground, enrolment=replace(ground.enrolment, school=school))


def _joined(
    here: Ground, numbers: Across, there: Ground, from_there: Settled, c: Crossing
) -> tuple[Ground, Across]:
    """The place with the guests of one other place at the end of its children and families."""
    own, other = here.people, there.people
    families, which = np.unique(other.family[c.child], return_inverse=True)
    first, n, m = len(own.fam_lsoa), len(c.child), len(families)
    never = np.full(n, NEVER)
    guests = replace(
        of_children(other, c.child), family=first + which, arrive=never, exit=never,
        twin=np.where(other.twin[c.child] >= 0, other.twin[c.child] + int(own.twin.max(initial=-1)) + 1, -1),
    )  # fmt: skip
    joined: dict[str, Any] = {k: np.concatenate([getattr(own, k), getattr(guests, k)]) for k in PER_CHILD}  # fmt: skip
    joined |= {
        "fam_lsoa": np.r_[own.fam_lsoa, np.zeros(m, dtype=own.fam_lsoa.dtype)],
        "fam_arrive": np.r_[own.fam_arrive, np.full(m, NEVER)],
        "fam_leave": np.r_[own.fam_leave, np.full(m, NEVER)],
        "fam_lone": np.r_[own.fam_lone, other.fam_lone[families]],
        "fam_community": np.r_[own.fam_community, other.fam_community[families]],
    }
    a, b = here.need, there.need
    need = replace(
        a, eta=np.concatenate([a.eta, b.eta[:, c.child]], axis=1), states=np.concatenate([a.states, b.states[:, c.child]], axis=1),
        severe=np.concatenate([a.severe, b.severe[c.child]]), held=np.concatenate([a.held, b.held[c.child]]),
        high=np.concatenate([a.high, b.high[:, c.child]], axis=1), index=np.concatenate([a.index, b.index[:, c.child]], axis=1),
        other={k: np.concatenate([v, b.other[k][c.child]]) for k, v in a.other.items()},
    )  # fmt: skip
    enrolment = Enrolment(
        np.r_[here.enrolment.school, c.school], np.r_[here.enrolment.nc_year, there.enrolment.nc_year[c.child]],
        np.r_[here.enrolment.entry, there.enrolment.entry[c.child]],
    )  # fmt: skip
    ground = replace(
        here, people=replace(own, **joined), need=need, enrolment=enrolment,
        homes=_homes(here, there, families), plan=np.r_[here.plan, there.plan[c.child]],
    )  # fmt: skip
    more = Across(
        np.r_[numbers.person, from_there.person[c.child]], np.r_[numbers.family, from_there.family[families]]
    )  # fmt: skip
    return ground, more


def _homes(here: Ground, there: Ground, families: np.ndarray) -> Homes:
    """The homes of a place and, after them, those of its guests' families."""
    own, other = here.homes, there.homes
    number = np.full(int(other.family.max()) + 1, -1)
    number[families] = len(here.people.fam_lsoa) + np.arange(len(families))
    rows = np.flatnonzero(number[other.family] >= 0)
    pc = postcodes(here.land, there.land.pc[other.pc[rows]])
    return Homes(
        np.r_[own.family, number[other.family[rows]]], np.r_[own.start, other.start[rows]],
        np.r_[own.stop, other.stop[rows]], np.r_[own.pc, pc], np.r_[own.uprn, other.uprn[rows]],
    )  # fmt: skip
