"""Conditions children can hold together, each yes, no or unknown: silence of a source is never a no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import narwhals as nw
import polars as pl

from threecircles.core.dates import add_months
from threecircles.core.engines import collect
from threecircles.definitions import Definition, load
from threecircles.need.roll import absence
from threecircles.record.derive.stock import any_point

Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition and what makes it.

    answers_from: the source that must have been received. covers: whom that source answers for: area (all
    children living here), roll (those with a record in it) or assessed (those with a factor in it).
    ages: on the last day, both inclusive; others are unknown. processes: an episode open, or an event,
    in the window. factors: present in the window. absence_over: share of sessions.
    """

    id: str
    label: str
    answers_from: str
    covers: Literal["area", "roll", "assessed"]
    ages: list[int]
    processes: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    absence_over: float | None = None


@dataclass(frozen=True, kw_only=True)
class Combinations(Definition):
    """Which conditions are looked at together, in how many months."""

    version: int
    months: int = 12
    conditions: list[Condition]


def combinations_definition(name: str = "standard") -> Combinations:
    """A shipped definition."""
    return load(f"indicators/combinations/{name}", Combinations)


def conditions_held(
    frames: Mapping[str, nw.LazyFrame],
    definition: Combinations,
    last: date,
    children: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per child known here, aged 0 to 17 on the last day: person_id, age, birth_month, and a column a condition:
    yes, no, unknown.

    frames: the record's episode, event, factor, measure, person and person_record (source_id and
    person_id are enough). children: person_id, age and birth_month of those to tell of; None = everyone known here. A source that was not received, does not cover the child's age, or holds no
    record of the child where it answers only for its own, gives unknown.
    """
    first = add_months(last, -definition.months)
    children = _children(frames["person"], last) if children is None else children
    pairs = collect(frames["person_record"].select("person_id", "source_id")).drop_nulls().unique()
    received = set(pairs["source_id"].unique().to_list())
    factors = collect(
        frames["factor"]
        .filter((nw.col("on_date") > nw.lit(first)) & (nw.col("on_date") <= nw.lit(last)))
        .select("person_id", "factor_id", "present", "source_id")
    ).drop_nulls("person_id")
    columns = []
    for c in definition.conditions:
        held = _held(c, frames, factors, first, last)
        if c.covers == "area":
            known = pl.lit(True)
        else:
            source = pairs if c.covers == "roll" else factors
            mine = source.filter(pl.col("source_id") == c.answers_from)["person_id"].unique()
            known = pl.col("person_id").is_in(mine.implode())
        known = (
            known
            & pl.col("age").is_between(c.ages[0], c.ages[-1])
            & pl.lit(c.answers_from in received)
        )
        yes = pl.col("person_id").is_in(held.implode()) & pl.lit(c.answers_from in received)
        columns.append(
            pl.when(yes)
            .then(pl.lit("yes"))
            .when(known)
            .then(pl.lit("no"))
            .otherwise(pl.lit("unknown"))
            .alias(c.id)
        )
    return children.select("person_id", "age", "birth_month", *columns).sort("person_id")


def _children(person: nw.LazyFrame, last: date) -> pl.DataFrame:
    born = pl.col("birth_month")
    age = last.year - born.dt.year() - pl.when(born.dt.month() > last.month).then(1).otherwise(0)
    table = collect(person.select("person_id", "birth_month")).filter(born.is_not_null())
    return table.with_columns(age=age).filter(pl.col("age").is_between(0, 17))


def _held(
    c: Condition, frames: Mapping[str, nw.LazyFrame], factors: pl.DataFrame, first: date, last: date
) -> pl.Series:
    """Ids of the children in whom the condition is seen."""
    found = []
    if c.processes:
        open_ = any_point(
            frames["episode"].filter(nw.col("process").is_in(c.processes)), first, last
        )
        found.append(collect(open_.select("person_id"))["person_id"])
        happened = frames["event"].filter(
            nw.col("process").is_in(c.processes)
            & (nw.col("on_date") > nw.lit(first))
            & (nw.col("on_date") <= nw.lit(last))
        )
        found.append(collect(happened.select("person_id"))["person_id"])
    if c.factors:
        present = pl.col("factor_id").is_in(c.factors) & (pl.col("present") == "yes")
        found.append(factors.filter(present)["person_id"])
    if c.absence_over is not None:
        missed = absence(frames["measure"])
        found.append(missed.filter(pl.col("absence") > c.absence_over)["person_id"])
    return (
        pl.concat([f.cast(pl.String) for f in found]).drop_nulls().unique()
        if found
        else pl.Series([], dtype=pl.String)
    )
