"""Where each family lived when: without it no record could carry a postcode, true or out of date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER
from threecircles.synthetic.geography import APART, Land
from threecircles.synthetic.need import Need
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile

_SHIFT = 1_000_000
"""Room for day numbers in the key that joins family and day."""


@dataclass(frozen=True)
class Homes:
    """One entry per stay of a family at an address, in order of family and start.

    start, stop: days, half-open. pc: index of the postcode in the land. uprn: number of the dwelling.
    """

    family: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    pc: np.ndarray
    uprn: np.ndarray

    def at(self, family: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """Position of the stay of each family on a day; the first or last stay outside them."""
        key = self.family * _SHIFT + np.clip(self.start + _SHIFT // 2, 0, _SHIFT - 1)
        want = np.asarray(family) * _SHIFT + np.clip(np.asarray(day) + _SHIFT // 2, 0, _SHIFT - 1)
        found = np.searchsorted(key, want, side="right") - 1
        first = np.searchsorted(self.family, family, side="left")
        return np.maximum(found, first)


def make_homes(profile: Profile, seed: int, land: Land, people: People, need: Need) -> Homes:
    """Stays of every family: the first home, then moves, more often where need is high."""
    p = profile["people"]
    g = rng(seed, "homes")
    n = len(people.fam_lsoa)
    high = np.zeros(n, dtype=bool)
    with_family = people.family >= 0
    np.logical_or.at(high, people.family[with_family], need.high[-1][with_family])
    years = profile["clock"]["need_years"]
    rate = np.where(high, p["moves_a_year_high_need"], p["moves_a_year"]) * years
    moves = g.poisson(rate).clip(0, 6)
    family = np.repeat(np.arange(n), moves + 1)
    first = np.r_[True, family[1:] != family[:-1]]
    when = people.end - np.floor(g.random(len(family)) * years * 365.25).astype("int64")
    order = np.lexsort((np.where(first, -NEVER, when), family))
    start = np.where(first, -NEVER, when)[order]
    start = np.where(first[order], -_SHIFT // 2, start)
    # Two moves on one day would make a stay of no length.
    place_in = np.arange(len(start)) - np.maximum.accumulate(
        np.where(first[order], np.arange(len(start)), 0)
    )
    start = start + place_in
    stop = np.r_[start[1:], NEVER]
    stop = np.where(np.r_[first[order][1:], True], NEVER, stop)
    near = g.random(len(family)) < p["near_move_share"]
    last = np.r_[first[order][1:], True]
    # The last stay lies in the family's own area, which drove its need; earlier ones may lie elsewhere.
    elsewhere = np.searchsorted(np.cumsum(land.weight), g.random(len(family)), side="right")
    area = np.where(last | near, people.fam_lsoa[family], elsewhere.clip(0, len(land.d) - 1))
    inside = np.flatnonzero(land.pc_lsoa >= 0)
    begin = np.searchsorted(land.pc_lsoa[inside], np.arange(len(land.d)))
    size = np.bincount(land.pc_lsoa[inside], minlength=len(land.d)) - 1
    pc = inside[begin[area] + np.floor(g.random(len(family)) * size[area]).astype("int64")]
    uprn = 999_900_000_000 + APART["home"] * profile.number + np.arange(len(family))
    return Homes(family, start, stop, pc, uprn)


def postcode_on(
    homes: Homes, people: People, child: np.ndarray, day: np.ndarray | int
) -> np.ndarray:
    """Index of the home postcode of children on a day; -1 for those who have no family here."""
    family = people.family[child]
    found = homes.pc[homes.at(np.maximum(family, 0), day)]
    return np.where(family >= 0, found, -1)
