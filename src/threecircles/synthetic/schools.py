"""Schools and who goes where: without it no pupil could be surveyed or counted by phase."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.care.distance import far_apart
from threecircles.synthetic.days import age_at, day_of
from threecircles.synthetic.geography import APART, Land, dfe_number
from threecircles.synthetic.homes import Homes, postcode_on
from threecircles.synthetic.names import place_names
from threecircles.synthetic.need import Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section

PHASES = ("primary", "secondary", "special", "other")
ROOM = 1.7
"""Pupils a school takes, as a multiple of the mean of its phase."""


NONE, ELSEWHERE = -1, -2
"""In place of a school: on no roll; on the roll of a school of another place."""


@dataclass(frozen=True)
class Schools:
    """One entry per school. low, high: ages taken. surveyed: took part in the survey."""

    urn: np.ndarray
    laestab: np.ndarray
    name: np.ndarray
    phase: np.ndarray
    kind: np.ndarray
    lsoa: np.ndarray
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray
    surveyed: np.ndarray


@dataclass(frozen=True)
class Enrolment:
    """For each child the school on census day, national curriculum year (Reception 0) and entry.

    school: position, or NONE or ELSEWHERE, both below 0.
    """

    school: np.ndarray
    nc_year: np.ndarray
    entry: np.ndarray


def make_schools(profile: Profile, seed: int, land: Land) -> Schools:
    """Schools placed where children live, secondary schools in the denser areas."""
    p = profile["schools"]
    g = rng(seed, "schools")
    phases: list[int] = []
    places: list[np.ndarray] = []
    for k, kind_of in enumerate(PHASES):
        n = p[kind_of]
        phases += [k] * n
        # Primary schools lie evenly among the children, so that none is far from every child.
        even = (np.arange(n) + g.random(n)) / max(n, 1)
        at = even if k == 0 else g.random(n)
        places.append(np.searchsorted(np.cumsum(land.weight), at, side="right"))
    phase, lsoa = np.array(phases), np.concatenate(places).clip(0, len(land.d) - 1)
    n = len(phase)
    low = np.choose(phase, [4, 11, 4, 11])
    low = np.where((phase == 0) & (g.random(n) < p["nursery_share"]), 3, low)
    high = np.choose(phase, [11, 16, 19, 16])
    high = np.where((phase == 1) & (g.random(n) < p["sixth_form_share"]), 18, high)
    kinds = np.array(
        ["Community school", "Academy", "Church school", "Pupil referral unit", "Special school"]
    )
    draw = g.random(n)
    kind = np.where(draw < p["church_share"], 2, np.where(draw < 0.65, 1, 0))
    kind = np.where(phase == 2, 4, np.where(phase == 3, 3, kind))
    words = place_names(g, n)
    tail = np.array(["Primary School", "High School", "School", "Centre"])[phase]
    name = np.array([f"{w.split(' ')[0]} {t}" for w, t in zip(words, tail, strict=True)])
    surveyed = np.ones(n, dtype=bool)
    asked = np.flatnonzero(phase != 3)
    surveyed[asked[g.permutation(len(asked))[: p["not_in_survey"]]]] = False
    surveyed[phase == 3] = False
    urn = 900001 + APART["school"] * profile.number + np.arange(n)
    laestab = np.array(
        [
            f"{dfe_number(profile.number)}{(2000 if ph in (0, 2) else 4000) + i:04d}"
            for i, ph in enumerate(phase)
        ]
    )
    return Schools(
        urn, laestab, name, phase, kinds[kind], lsoa, land.x[lsoa] + g.normal(0, 50, n),
        land.y[lsoa] + g.normal(0, 50, n), low, high, surveyed,
    )  # fmt: skip


def make_enrolment(
    profile: Profile,
    seed: int,
    year: int,
    land: Land,
    people: People,
    homes: Homes,
    need: Need,
    schools: Schools,
    plan_share: np.ndarray,
) -> Enrolment:
    """The nearest school that takes the age, with noise; special schools by need; some outside the state.

    plan_share: liability of an education, health and care plan, which decides who is in a special school.
    """  # fmt: skip
    p = profile["schools"]
    g = rng(seed, "enrolment")
    census = day_of(year, 1, 15)
    nc_year = age_at(people.birth, day_of(year - 1, 8, 31)) - 4
    n = people.n
    school = np.full(n, NONE)
    here = people.present(census, 3, 19) & (people.birth <= day_of(year - 1, 8, 31))
    state = g.random(n) < np.select(
        [nc_year < 0, nc_year <= 6, nc_year <= 11, nc_year <= 13],
        [0.28, p["state_primary_share"], p["state_pupil_share"], 0.38],
        0.0,
    )
    pupils = np.flatnonzero(here & state & (nc_year >= -1) & (nc_year <= 13))
    pc = postcode_on(homes, people, pupils, census)
    at = np.where(pc >= 0, pc, 0)
    px, py = land.pc_x[at], land.pc_y[at]
    choosy = g.random(len(pupils)) < p["choosy_share"]
    noise = p["catchment_noise_km"] * 1000 * np.where(choosy, 3.0, 1.0)
    px = px + g.normal(0, 1, len(pupils)) * noise
    py = py + g.normal(0, 1, len(pupils)) * noise
    years = nc_year[pupils]
    school[pupils] = _nearest_of_age(px, py, years, schools)
    _special(g, p, schools, school, pupils, years, plan_share[pupils], px, py)
    entry_year = np.where(nc_year >= 7, year - 1 - (nc_year - 7), year - 1 - nc_year.clip(0, 6))
    entry = np.array([day_of(y, 9, 2) for y in range(year - 9, year + 1)])[
        (entry_year - (year - 9)).clip(0, 9)
    ]
    late = g.random(n) < 0.06
    entry = np.where(late, np.maximum(entry, census - g.integers(20, 500, n)), entry)
    return Enrolment(school, nc_year, np.maximum(entry, people.arrive))


def taught_in_care(
    enrolment: Enrolment, people: People, land: Land, schools: Schools, year: int, lives: np.ndarray
) -> Enrolment:
    """The rolls with every child in care who lives in the area and is of an age to be at school.

    lives: postcode where each child in care is placed, -1 for all others. The virtual school finds those a
    state school near by whom their parents taught elsewhere; who came after the census is not yet on a roll.
    """
    inside = (lives >= 0) & (land.pc_la[lives] == land.la_code)
    aged = (enrolment.nc_year >= 1) & (enrolment.nc_year <= 11)
    here = people.present(day_of(year, 1, 15), 3, 19)
    child = np.flatnonzero(inside & aged & here & (enrolment.school == NONE))
    school, pc = enrolment.school.copy(), lives[child]
    school[child] = _nearest_of_age(land.pc_x[pc], land.pc_y[pc], enrolment.nc_year[child], schools)
    return replace(enrolment, school=school)


def taught_away(enrolment: Enrolment, land: Land, lives: np.ndarray, home: np.ndarray) -> Enrolment:
    """The rolls without children in care who live too far away, in another area, to be taught here.

    lives, home: postcodes where each child in care is placed and came from, -1 for all others. Who went there
    since the census is left out with them: the year's end is what the looked-after return tells.
    """
    away = (enrolment.school >= 0) & (lives >= 0) & (land.pc_la[lives] != land.la_code)
    away &= (home >= 0) & far_apart(land, lives, home)
    return replace(enrolment, school=np.where(away, ELSEWHERE, enrolment.school))


def _nearest_of_age(
    px: np.ndarray, py: np.ndarray, years: np.ndarray, schools: Schools
) -> np.ndarray:
    """The nearest primary or secondary school that teaches each year group."""
    found = np.full(len(years), NONE)
    for who, phase, low, high in (
        ((years >= -1) & (years < 0), 0, 3, 0),
        ((years >= 0) & (years <= 6), 0, 4, 0),
        ((years >= 7) & (years <= 11), 1, 11, 0),
        ((years >= 12), 1, 11, 18),
    ):
        fit = np.flatnonzero(
            (schools.phase == phase) & (schools.low <= low) & (schools.high >= high)
        )
        found[who] = _nearest(px[who], py[who], schools, fit)
    return found


def _nearest(px: np.ndarray, py: np.ndarray, schools: Schools, fit: np.ndarray) -> np.ndarray:
    """The nearest school with room; where one is full, those drawn last go to their next choice."""
    if len(fit) == 0:
        return np.full(len(px), NONE)
    from scipy.spatial import cKDTree

    places = np.column_stack([schools.x[fit], schools.y[fit]])
    choices = min(len(fit), 8)
    order = cKDTree(places).query(np.column_stack([px, py]), k=choices)[1].reshape(len(px), choices)
    room = np.ceil(ROOM * len(px) / len(fit))
    choice = np.zeros(len(px), dtype=int)
    for _ in range(choices - 1):
        at = order[np.arange(len(px)), choice]
        by_school = np.argsort(at, kind="stable")
        first = np.searchsorted(at[by_school], np.arange(len(fit)))
        place_in_line = np.arange(len(px)) - first[at[by_school]]
        full = by_school[place_in_line >= room]
        choice[full] = np.minimum(choice[full] + 1, choices - 1)
    return fit[order[np.arange(len(px)), choice]]


def _special(
    g: np.random.Generator,
    p: Section,
    schools: Schools,
    school: np.ndarray,
    pupils: np.ndarray,
    years: np.ndarray,
    plan: np.ndarray,
    px: np.ndarray,
    py: np.ndarray,
) -> None:
    """Pupils with the strongest case for a plan go to special schools; a few are taught elsewhere."""
    special = np.flatnonzero(schools.phase == 2)
    other = np.flatnonzero(schools.phase == 3)
    aged = (years >= 0) & (years <= 11)
    if len(special):
        share = 0.066 * p["special_share_of_plans"]
        cut = np.quantile(plan[aged], 1 - share)
        who = aged & (plan > cut)
        school[pupils[who]] = special[g.integers(0, len(special), who.sum())]
    if len(other):
        who = (years >= 7) & (years <= 11) & (g.random(len(years)) < 0.004)
        school[pupils[who]] = other[g.integers(0, len(other), who.sum())]
