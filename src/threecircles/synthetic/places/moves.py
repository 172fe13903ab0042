"""Families that leave one place for another: without them no child would stand in two places' records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.identifiers import PLACE
from threecircles.synthetic.people import PER_CHILD, People, ever_here, of_children


@dataclass(frozen=True)
class Move:
    """Families that went from one place to another: along them its number there, its number here, the day."""

    origin: int
    goal: int
    there: np.ndarray
    here: np.ndarray
    day: np.ndarray


@dataclass(frozen=True)
class Settled:
    """People of one place. person, family: one number a child and a family, the same in every place."""

    people: People
    person: np.ndarray
    family: np.ndarray


def exchanged(
    seed: int, share: float, everyone: Sequence[People]
) -> tuple[list[Settled], list[Move]]:
    """The people of every place after some leaving families have taken the house of one that came elsewhere.

    everyone: children of all families, also those born before it came or after it left. As many come as
    would have come, so that the number of children stays that of the profile.
    """
    going = [_going(rng(seed, "adjoining", "going", k), share, p) for k, p in enumerate(everyone)]
    coming = [_coming(rng(seed, "adjoining", "coming", k), p) for k, p in enumerate(everyone)]
    taken = [0] * len(everyone)
    moves = []
    for origin, families in enumerate(going):
        others = [k for k in range(len(everyone)) if k != origin]
        for turn, goal in enumerate(others):
            part = families[turn :: len(others)]
            here = coming[goal][taken[goal] : taken[goal] + len(part)]
            there = part[: len(here)]
            taken[goal] += len(here)
            day = everyone[origin].fam_leave[there]
            moves.append(Move(origin, goal, there, here, day))
    return [_settled(everyone, k, moves) for k in range(len(everyone))], moves


def _going(g: np.random.Generator, share: float, people: People) -> np.ndarray:
    """Families that leave with a child still under age, as many as the share says, in random order."""
    leave = people.fam_leave[people.family]
    with_it = (leave < NEVER) & (people.birth < leave) & (people.death > leave)
    with_it &= (people.birth > leave - 17 * 365) & ever_here(people)
    families = g.permutation(np.unique(people.family[with_it]))
    return families[: round(share * len(families))]


def _coming(g: np.random.Generator, people: People) -> np.ndarray:
    """Families that come from elsewhere with a child, in random order."""
    came = (people.fam_arrive[people.family] > -NEVER) & ever_here(people)
    return g.permutation(np.unique(people.family[came]))


def _settled(everyone: Sequence[People], number: int, moves: Sequence[Move]) -> Settled:
    """The people of one place with the families that moved in instead of others."""
    own = everyone[number]
    mine = [m for m in moves if m.goal == number]
    n = len(own.fam_lsoa)
    family = PLACE * number + np.arange(n)
    by_family = {k: getattr(own, k).copy() for k in ("fam_arrive", "fam_lone", "fam_community")}
    stays = ~np.isin(own.family, np.concatenate([m.here for m in mine]))
    parts, person = [of_children(own, stays)], [PLACE * number + np.flatnonzero(stays)]
    twins = int(own.twin.max(initial=-1)) + 1
    for m in mine:
        there = everyone[m.origin]
        by_family["fam_arrive"][m.here] = m.day
        by_family["fam_lone"][m.here] = there.fam_lone[m.there]
        by_family["fam_community"][m.here] = there.fam_community[m.there]
        family[m.here] = PLACE * m.origin + m.there
        slot = np.full(len(there.fam_lsoa), -1)
        slot[m.there] = m.here
        rows = np.flatnonzero(slot[there.family] >= 0)
        part, home = of_children(there, rows), slot[there.family[rows]]
        parts.append(replace(
            part, family=home, arrive=by_family["fam_arrive"][home], exit=part.death,
            twin=np.where(part.twin >= 0, part.twin + twins, -1),
        ))  # fmt: skip
        twins += int(there.twin.max(initial=-1)) + 1
        person.append(PLACE * m.origin + rows)
    joined: dict[str, Any] = {k: np.concatenate([getattr(p, k) for p in parts]) for k in PER_CHILD}
    people = replace(own, **joined, **by_family)
    order = np.argsort(people.family, kind="stable")
    order = order[ever_here(people)[order]]
    return Settled(of_children(people, order), np.concatenate(person)[order], family)
