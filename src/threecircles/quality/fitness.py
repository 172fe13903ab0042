"""Whether data are fit for a question: without it scores would say how good they are and never what for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from threecircles.catalogue import Demand, Need, Thresholds, thresholds
from threecircles.core.intervals import wilson
from threecircles.quality.scores import TOO_FEW

State = Literal["not fit", "cannot tell", "fit with care", "fit"]
STATES: tuple[State, ...] = ("not fit", "cannot tell", "fit with care", "fit")
"""Verdicts, the worst first: what is decided against outweighs what is not known."""

ACROSS = "cross"


@dataclass(frozen=True)
class AtHand:
    """What is known of the data of one check or place.

    scores: lines of scores, with column `source`. sources: those received. lags: source -> days from the end of
    its period until it came; no entry where that is not known. no_later_than: the same where only the latest
    possible day is known. links: links between the sources that were rightly made, of all that should exist; None
    where no records were linked or too few to tell. Not the share of records joined: a census of children in
    need holds unborn children and under-fives who stand in no other source, so nobody could join them all.
    """

    scores: pl.DataFrame
    sources: Collection[str]
    lags: Mapping[str, int] = field(default_factory=dict)
    no_later_than: Mapping[str, int] = field(default_factory=dict)
    links: tuple[int, int] | None = None


@dataclass(frozen=True)
class Judged:
    """One thing a question asks of the data, beside what was found.

    source: empty for `linked`, which is of all sources together. dimension: one of the dimensions of quality,
    `source`, `late` or `linked`. asked: the least share, or the
    most days. why: for `cannot tell`, what is not known.
    """

    source: str
    table: str
    column: str
    dimension: str
    asked: float
    state: State
    k: int | None = None
    n: int = 0
    days: int | None = None
    why: str = ""

    @property
    def short_by(self) -> float:
        """How far it is from what is asked, to order what is equally bad; a day late counts as a thousandth."""
        if self.days is not None:
            return max(0.0, (self.days - self.asked) / 1000)
        return 1.0 if not self.n or self.k is None else max(0.0, self.asked - self.k / self.n)


@dataclass(frozen=True)
class Verdict:
    """What the data can do for a question. lines: everything asked; binding: the worst of it, or None."""

    demand: Demand
    state: State
    lines: tuple[Judged, ...]
    binding: Judged | None


def judge(demand: Demand, held: AtHand, least: Thresholds | None = None) -> Verdict:
    """The verdict for one question: its worst requirement, never an average.

    A share of k of n is judged by its 95% Wilson interval against the least share asked: **fit** when the lower
    end reaches it; **not fit** when the upper end falls short of it; **fit with care** when it lies between.
    **cannot tell** when it was not measured (source not received, field absent, no rule ran, records not
    linked, day of receipt not known) or n is below 10. Days late are compared as they are, and only where the
    answer's days count from the period's end (`Demand.lag_from`). Where several requirements are equally bad, the
    binding one is that which is furthest from what is asked.
    """
    asked = least or thresholds()
    if not demand.needs:
        return Verdict(demand, "cannot tell", (), None)
    lines: list[Judged] = []
    for source in demand.sources:
        if source not in held.sources:
            lines.append(Judged(source, "", "", "source", 0, "cannot tell", why="not received"))
            continue
        own = [need for need in demand.fields if need.source == source]
        lines += [line for need in own for line in _of_field(need, held, asked)]
        if own:
            lines += _of_return(source, list(dict.fromkeys(n.table for n in own)), held, asked)
            if demand.lag_from == "period":
                lines.append(_late(source, demand.lag_days, held))
    if any(source in held.sources for source in demand.links):
        lines.append(_linked(held, asked.link_rate))
    binding = min(lines, key=_worst_first)
    return Verdict(demand, binding.state, tuple(lines), binding)


def judge_all(demands: Sequence[Demand], held: AtHand) -> tuple[Verdict, ...]:
    """The verdict for each question, in the order given."""
    least = thresholds()
    return tuple(judge(demand, held, least) for demand in demands)


def state_of(k: int | None, n: int, asked: float) -> State:
    """The state of k of n against a least share; the rule is told at `judge`."""
    if k is None or n < TOO_FEW:
        return "cannot tell"
    low, high = wilson(k, n)
    return "fit" if low >= asked else "not fit" if high < asked else "fit with care"


def _worst_first(line: Judged) -> tuple[int, bool, float, str, str, str, str]:
    """The worst state; then a source that is not there at all; then what is furthest from what is asked."""
    place = (line.source, line.table, line.column, line.dimension)
    return (STATES.index(line.state), line.dimension != "source", -line.short_by, *place)


def _of_field(need: Need, held: AtHand, asked: Thresholds) -> list[Judged]:
    grade = asked.grades[need.grade]
    found = []
    for dimension, least in (("completeness", grade.completeness), ("validity", grade.validity)):
        row = _score(held, need.source, need.table, need.column, dimension)
        if least == 0 or (row is None and dimension == "validity" and _checks_nothing(need, held)):
            continue
        place = (need.source, need.table, need.column, dimension, least)
        found.append(_judged(place, row, "the field is not in what was received"))
    return found


def _checks_nothing(need: Need, held: AtHand) -> bool:
    """Whether a field is there but is free text, of which no value can be wrong."""
    return _score(held, need.source, need.table, need.column, "completeness") is not None


def _of_return(source: str, tables: Sequence[str], held: AtHand, asked: Thresholds) -> list[Judged]:
    """What is asked of a return with rules: no record twice, few children with contradictions, told in its year."""
    least = asked.returns.get(source)
    if least is None:
        return []
    found = []
    for table in (t for t in tables if t in least.once):
        row = _score(held, source, table, "", "uniqueness")
        if row is not None:
            found.append(_judged((source, table, "", "uniqueness", least.uniqueness), row, ""))
    row = _score(held, source, "", "", "consistency")
    found.append(_judged((source, "", "", "consistency", least.consistency), row, "no rule ran"))
    row = _score(held, ACROSS, "", "", "timeliness")
    place = (source, "", "", "timeliness", least.timeliness)
    found.append(_judged(place, row, "it needs last year's return, and both returns together"))
    return found


def _judged(
    place: tuple[str, str, str, str, float], row: tuple[int | None, int] | None, absent: str
) -> Judged:
    k, n = row or (None, 0)
    state = state_of(k, n, place[4])
    why = ""
    if state == "cannot tell":
        why = absent if row is None or k is None else "too few" if n else "it applies to no row"
    return Judged(*place, state, k=k, n=n, why=why)


def _score(
    held: AtHand, source: str, table: str, column: str, dimension: str
) -> tuple[int | None, int] | None:
    """k and n of one line of the scores; None where there is no such line."""
    found = held.scores.filter(
        (pl.col("source") == source)
        & (pl.col("table") == table)
        & (pl.col("column") == column)
        & (pl.col("dimension") == dimension)
    )
    return None if found.is_empty() else found.select("k", "n").row(0)


def _late(source: str, most: int, held: AtHand) -> Judged:
    place = (source, "", "", "late", float(most))
    days, latest = held.lags.get(source), held.no_later_than.get(source)
    if days is not None:
        return Judged(*place, "fit" if days <= most else "not fit", days=days)
    if latest is not None and latest <= most:
        return Judged(*place, "fit", days=latest)
    return Judged(*place, "cannot tell", why="the day it came is not known")


def _linked(held: AtHand, least: float) -> Judged:
    """Of all sources together: how many links one source lacks is not published."""
    place = ("", "", "", "linked", least)
    return _judged(place, held.links, "the records were not linked, or too few to tell")
