"""Who comes to centres, hubs and clubs: without it no reach of an open place could be marked right or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.spatial import cKDTree

from threecircles.core.seeds import rng
from threecircles.synthetic.centres import register_table
from threecircles.synthetic.days import NEVER, age_at, day_of
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.profile import Section
from threecircles.synthetic.world import World


@dataclass(frozen=True)
class Attendance:
    """Venues, their sessions, who is registered and who came, for the year that ends at the reference day.

    venue: the register with provider_id ("" where nobody reports) and level (1 heads, 2 tokens, 3 names).
    session_*: along the sessions, in order of venue and day; activity is a code of the attendance standard.
    member_*: along the registrations of children; left is NEVER for those who still belong.
    visit_*: along the visits of children; member and session are positions.
    eligible: service -> children here now whom it is for; fair: the chance of each to be registered, were no
    group passed over. group: along all children, the planted group reached at half the rate, or "other".
    """

    venue: pl.DataFrame
    session_venue: np.ndarray
    session_day: np.ndarray
    session_activity: np.ndarray
    member_child: np.ndarray
    member_venue: np.ndarray
    registered: np.ndarray
    left: np.ndarray
    visit_member: np.ndarray
    visit_session: np.ndarray
    eligible: dict[str, np.ndarray]
    fair: dict[str, np.ndarray]
    group: np.ndarray

    @property
    def visit_child(self) -> np.ndarray:
        """The child of each visit."""
        return self.member_child[self.visit_member]

    @property
    def visit_day(self) -> np.ndarray:
        """The day of each visit."""
        return self.session_day[self.visit_session]


def make_attendance(world: World) -> Attendance:
    """Registrations fall with distance and rise with need; visits are Poisson-gamma; groups are passed over.

    Source: specification of this project, page synthetic, section 5 (centres, hubs, youth provision).
    """
    p = world.profile["attendance"]
    venue = _with_providers(register_table(world), p)
    session = _sessions(world, p, venue)
    group = _groups(world, p)
    eligible: dict[str, np.ndarray] = {}
    fair: dict[str, np.ndarray] = {}
    members: list[tuple[np.ndarray, np.ndarray]] = []
    for service, rule in p["services"].items():
        mine = np.flatnonzero((venue["kind"] == service).to_numpy() & _open(world, venue))
        child = _eligible(world, rule)
        if not len(mine):
            continue
        chance, nearest = _chances(world, p, rule, venue, mine, child)
        eligible[service], fair[service] = child, chance
        g = rng(world.seed, "attendance", service)
        draw = _draws(g, world, rule, child)
        taken = draw < chance * np.where(group[child] == "other", 1.0, p["passed_over_factor"])
        members.append((child[taken], nearest[taken]))
    child = np.concatenate([m[0] for m in members]) if members else np.empty(0, "int64")
    at = np.concatenate([m[1] for m in members]) if members else np.empty(0, "int64")
    registered, left, keep = _membership(world, p, venue, child, at)
    child, at, registered, left = child[keep], at[keep], registered[keep], left[keep]
    member, seen = _visits(world, p, session, at, registered, left)
    return Attendance(
        venue, *session, member_child=child, member_venue=at, registered=registered, left=left,
        visit_member=member, visit_session=seen, eligible=eligible, fair=fair, group=group,
    )  # fmt: skip


def _groups(world: World, p: Section) -> np.ndarray:
    """The planted group of every child by ethnic group; "other" where none was planted."""
    code = np.array(world.people.ethnic_codes)[world.people.ethnic]
    groups = p["passed_over"].items()
    return np.select(
        [np.isin(code, codes) for _, codes in groups], [name for name, _ in groups], "other"
    )


def _with_providers(venue: pl.DataFrame, p: Section) -> pl.DataFrame:
    """Who reports for each venue: council services in four parts, and the first eight trusts."""
    trusts = venue.filter(pl.col("provider_kind") == "voluntary")["provider"].unique(
        maintain_order=True
    )
    number = {t: i for i, t in enumerate(trusts[: p["trusts_reporting"]])}
    centres = (venue["kind"] == "childrens_centre").to_numpy()
    half = np.cumsum(centres) > (centres.sum() + 1) // 2
    council = np.select(
        [centres & ~half, centres, (venue["kind"] == "family_hub").to_numpy()], ["P01", "P02", "P03"], "P04"
    )  # fmt: skip
    levels = p["trust_levels"]
    provider, level = [], []
    for part, kind, trust in zip(council, venue["provider_kind"], venue["provider"], strict=True):
        own = number.get(trust, -1)
        provider.append(part if kind == "council" else f"P{own + 5:02d}" if own >= 0 else "")
        level.append(3 if kind == "council" else levels[own] if own >= 0 else 0)
    return venue.with_columns(provider_id=pl.Series(provider), level=pl.Series(level))


def _span(world: World, venue: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """First and last day of each venue inside the year."""
    opened = venue["opened_on"].cast(pl.Int32).to_numpy().astype("int64")
    closed = venue["closed_on"].cast(pl.Int32).fill_null(NEVER).to_numpy().astype("int64")
    return np.maximum(opened, day_of(world.year - 1, 4, 1)), np.minimum(closed, world.end + 1)


def _open(world: World, venue: pl.DataFrame) -> np.ndarray:
    first, stop = _span(world, venue)
    return stop - first >= 90


def _sessions(
    world: World, p: Section, venue: pl.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every open day of every venue by its weekly timetable, holidays left out: venue, day, activity."""
    first, stop = _span(world, venue)
    held = [
        (number, day, activity, slot)
        for number, kind in enumerate(venue["kind"])
        for slot, (weekday, activity) in enumerate(p["services"][kind]["timetable"])
        for day in range(first[number] + (weekday - (first[number] + 3)) % 7, stop[number], 7)
    ]
    at, day, activity, slot = (np.array(c) for c in zip(*held, strict=True))
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype("int64") % 12 + 1
    keep = ~np.isin(month, p["closed_months"])
    order = np.lexsort((slot[keep], day[keep], at[keep]))
    return at[keep][order], day[keep][order], activity[keep][order]


def _eligible(world: World, rule: dict[str, Any]) -> np.ndarray:
    """Children who live here at the reference day and are of the ages the service is for."""
    people = world.people
    age = age_at(people.birth, world.end)
    low, high = rule["ages"]
    here = people.present(world.end) & (people.family >= 0) & (age >= low) & (age <= high)
    return np.flatnonzero(here)


def _chances(
    world: World,
    p: Section,
    rule: dict[str, Any],
    venue: pl.DataFrame,
    mine: np.ndarray,
    child: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Chance to be registered at an open venue near by, and which it is; nought from outside the place."""
    land = world.land
    place_of = {code: i for i, code in enumerate(land.pc)}
    spots = np.array([place_of[pc] for pc in venue["postcode"].gather(mine)])
    tree = cKDTree(np.c_[land.pc_x[spots], land.pc_y[spots]])
    home = postcode_on(world.homes, world.people, child, world.end)
    near, which = tree.query(np.c_[land.pc_x[home], land.pc_y[home]], k=min(3, len(mine)))
    near, which = near.reshape(len(child), -1), which.reshape(len(child), -1)
    # A family goes to one of the three nearest, the nearer the likelier (a Gumbel draw picks by weight).
    g = rng(world.seed, "attendance", "nearest", rule["ages"])
    taste = g.gumbel(size=(len(world.people.fam_lsoa), near.shape[1]))[world.people.family[child]]
    pick = np.argmax(taste - np.log(2) * near / p["halves_per_metres"] * 4, axis=1)
    rows = np.arange(len(child))
    metres, nearest = near[rows, pick], which[rows, pick]
    chance = rule["base"] * np.where(world.need.high[-1][child], p["high_need_factor"], 1.0)
    chance = chance * 0.5 ** (metres / p["halves_per_metres"]) * (land.pc_lsoa[home] >= 0)
    return np.minimum(chance, 0.95), mine[nearest]


def _draws(
    g: np.random.Generator, world: World, rule: dict[str, Any], child: np.ndarray
) -> np.ndarray:
    """One draw a family where families register, else one a child."""
    if rule["by_family"]:
        return g.random(len(world.people.fam_lsoa))[world.people.family[child]]
    return g.random(len(child))


def _membership(
    world: World, p: Section, venue: pl.DataFrame, child: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day of registration, day of leaving, and who belonged on any day of the year."""
    g = rng(world.seed, "attendance", "membership")
    first, stop = _span(world, venue)
    opened = venue["opened_on"].cast(pl.Int32).to_numpy().astype("int64")[at]
    low = np.maximum(world.people.birth[child], np.maximum(opened, day_of(world.year - 2, 4, 1)))
    low = np.maximum(
        low, np.where(world.people.arrive[child] < -NEVER // 2, low, world.people.arrive[child])
    )
    high = np.minimum(stop[at] - 1, world.end)
    registered = low + np.floor(g.random(len(child)) ** 2 * (high - low + 1)).astype("int64")
    leaves = g.random(len(child)) < p["left_share"]
    left = np.where(leaves, registered + 60 + g.integers(0, 300, len(child)), NEVER)
    left = np.where(left > high, NEVER, left)
    return registered, left, (low <= high) & (left > first[at])


def _visits(
    world: World,
    p: Section,
    session: tuple[np.ndarray, np.ndarray, np.ndarray],
    at: np.ndarray,
    registered: np.ndarray,
    left: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Which sessions of the venue each member came to, Poisson-gamma; nobody comes twice to one session."""
    g = rng(world.seed, "attendance", "visits")
    key = session[0] * NEVER + session[1]
    low = np.searchsorted(key, at * NEVER + registered)
    stop = np.searchsorted(key, at * NEVER + np.minimum(left, NEVER - 1))
    share = np.clip((stop - low) / p["sessions_a_year"], 0, None)
    rate = g.gamma(p["visit_shape"], p["visits_a_year"] / p["visit_shape"], len(at)) * share
    wanted = np.where(stop > low, g.poisson(rate), 0)
    member = np.repeat(np.arange(len(at)), wanted)
    picked = low[member] + np.floor(g.random(len(member)) * (stop - low)[member]).astype("int64")
    both = np.unique(np.c_[member, picked], axis=0)
    return both[:, 0], both[:, 1]
