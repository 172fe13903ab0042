"""Rules of hiding as dated data: without them thresholds would be constants that nobody can look up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import Definition, load_folder

NEVER_HIDDEN = frozenset({"published"})
"""Kinds of tables that somebody else has published already: hiding them again would hide nothing."""


@dataclass(frozen=True, kw_only=True)
class Dominance:
    """n largest contributors with more than k per cent, or all but two with less than p per cent of the largest."""

    n: int
    k: float
    p: float


@dataclass(frozen=True, kw_only=True)
class Profile(Definition):
    """One rule of hiding.

    hide_from..hide_to: counts that are hidden, inclusive. zero: shown or hidden. decides_on: the
    children counted, or the base behind a figure. complement: what is left over obeys the same rule.
    percent_base: children a percentage needs behind it. min_width: width that the interval inferred
    for a hidden cell keeps. group_disclosure: figures held by none or all of a group are hidden
    unless the group has group_full_min children. every_complement: what is left of any shown total
    without any one part obeys the rule. round_levels: "all", or levels that are rounded.
    """

    version: str
    applies_to: tuple[str, ...]
    hide_from: int
    hide_to: int
    symbol: str
    zero: Literal["show", "hide"]
    decides_on: Literal["children", "base"]
    complement: bool
    percent_places: int
    percent_base: int
    min_width: float
    secondary: bool
    group_disclosure: bool
    group_full_min: int
    every_complement: bool = False
    round_base: int | None = None
    round_levels: tuple[str, ...] = ()
    dominance: Dominance | None = None
    min_units: dict[str, int] = field(default_factory=dict)
    low_base: int = 0

    @property
    def rounds_all(self) -> bool:
        """True when every count that is shown is rounded."""
        return bool(self.round_base) and "all" in self.round_levels

    def hides(self, count: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which counts are hidden. A fraction below 1 counts as 1: somebody is behind it."""
        small = (count > 0) & (np.ceil(count) >= self.hide_from) & (np.floor(count) <= self.hide_to)
        return small | (count == 0) if self.zero == "hide" else small

    def stricter_than(self, other: Profile) -> bool:
        """True when everything the other hides is hidden here too."""
        return self.hide_to >= other.hide_to and (self.zero == "hide" or other.zero == "show")

    def rule(self) -> str:
        """The rule in one sentence."""
        what = "children" if self.decides_on == "children" else "children behind a figure"
        also = (
            " Other cells are hidden so that these cannot be worked out." if self.secondary else ""
        )
        return f"Counts of {self.hide_from} to {self.hide_to} {what} are hidden.{also}"


def profiles() -> dict[str, Profile]:
    """All profiles by id."""
    return {p.id: p for p in load_folder("disclosure_profiles", Profile)}


def profile(named: str) -> Profile:
    """The profile of that id. Raises UsageError with the known ones."""
    known = profiles()
    if named not in known:
        raise UsageError(
            f"There is no disclosure profile called {named}.",
            allowed=", ".join(sorted(known)),
            mend=did_you_mean(named, known),
        )
    return known[named]


def judges_shares(named: str) -> bool:
    """Whether share times base is judged as a count of children in tables of a profile ("" = the place's own).

    Profiles of surveys look at the base behind a figure: what few of many answered is shown, and what none
    or all of a small group answered is hidden by their rule of groups.
    """
    return not named or profile(named).decides_on != "base"


def dominated(contributions: list[float], rule: Dominance) -> tuple[bool, bool]:
    """Whether a sum of money gives a contributor away: by the n-k rule, by the p rule.

    contributions: what each provider, placement or family adds, in one unit.
    Source: SACRO and ACRO, default risk appetite.
    """
    x = sorted(contributions, reverse=True)
    total = sum(x)
    if not x or total <= 0:
        return False, False
    most = sum(x[: rule.n]) > rule.k / 100 * total
    rest = total - x[0] - (x[1] if len(x) > 1 else 0.0) < rule.p / 100 * x[0]
    return most, rest
