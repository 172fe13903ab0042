"""How good data must be for a question: without it each page would call other data good enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from threecircles.definitions import Definition, load

HOME = Path(__file__).parent / "data"


@dataclass(frozen=True, kw_only=True)
class Grade:
    """What a use of a field asks of it. label: the use. completeness, validity: the least share; 0 asks nothing."""

    label: str
    completeness: float
    validity: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a return with rules, as least shares.

    once: tables in which a record may stand only once. uniqueness: of each of them that a question needs.
    consistency: children without contradictions. timeliness: records told in the return of their own year.
    """

    once: list[str]
    uniqueness: float
    consistency: float
    timeliness: float


@dataclass(frozen=True, kw_only=True)
class Thresholds(Definition):
    """Every least share in one place, with its source. grades: by use. returns: by source. link_rate: links rightly
    made, of those that should exist."""

    grades: dict[str, Grade]
    returns: dict[str, Asked]
    link_rate: float

    def __post_init__(self) -> None:
        shares = [self.link_rate]
        shares += [share for g in self.grades.values() for share in (g.completeness, g.validity)]
        shares += [s for a in self.returns.values() for s in (a.uniqueness, a.consistency, a.timeliness)]  # fmt: skip
        if not all(0 <= share < 1 for share in shares):
            raise ValueError(
                "A least share is from 0 to below 1: of a sample, all is never proved."
            )


def thresholds() -> Thresholds:
    """The thresholds shipped. Raises DefinitionError with file and line."""
    return load("thresholds", Thresholds, HOME)
