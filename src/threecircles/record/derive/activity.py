"""How much was done in a period: child-days, episodes and events, adding up over any split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import narwhals as nw

from threecircles.core.engines import held
from threecircles.core.expr import days_between
from threecircles.record.derive.stock import any_point, distinct

UNITS = {"child_day": "days", "child_week": "days", "episode": "begun", "event": "met"}
"""Unit -> what is summed for it."""


def child_days(
    episodes: nw.LazyFrame, first: date, last: date, by: Sequence[str] = ("process",)
) -> nw.LazyFrame:
    """Days in a state from `first` to `last`, start day in, end day out, every row for itself.

    episodes: person_id, valid_from, valid_to?, and the columns of `by`. Columns: by..., quantity,
    children. Periods that follow each other add up to the whole.
    """
    return _told(_summed(_done(episodes, first, last, by), by, "days"), "days", by)


def activity(
    episodes: nw.LazyFrame,
    events: nw.LazyFrame,
    first: date,
    last: date,
    by: Sequence[str] = ("process",),
) -> nw.LazyFrame:
    """Child-days, child-weeks (days / 7, not rounded), episodes begun and events of a period.

    events: person_id, on_date and the columns of `by`. Columns: by..., unit, quantity, children.
    """
    # Episodes are read once for three units, events once for theirs.
    done = held(_summed(_done(episodes, first, last, by), by, "days", "begun"))
    met = held(_met(events, first, last, by))
    units = {unit: _told(met if what == "met" else done, what, by) for unit, what in UNITS.items()}
    units["child_week"] = _weeks(units["child_week"])
    shape = [*by, "unit", "quantity", "children"]
    return nw.concat(
        [part.with_columns(unit=nw.lit(unit)).select(*shape) for unit, part in units.items()]
    )


def _done(episodes: nw.LazyFrame, first: date, last: date, by: Sequence[str]) -> nw.LazyFrame:
    """Each row's days in the period, and whether it began in it."""
    start, after = nw.lit(first), nw.lit(last + timedelta(days=1))
    began, ended = nw.col("valid_from"), nw.col("valid_to")
    since = nw.when(began < start).then(start).otherwise(began)
    until = nw.when(ended.is_null() | (ended > after)).then(after).otherwise(ended)
    begun = nw.when(began >= start).then(nw.lit(1)).otherwise(nw.lit(0))
    return any_point(episodes, first, last).select(
        *by, "person_id", days=days_between(since, until), begun=begun
    )


def _met(events: nw.LazyFrame, first: date, last: date, by: Sequence[str]) -> nw.LazyFrame:
    """The events of the period, and how many persons have any: by..., met, met_of."""
    inside = (nw.col("on_date") >= nw.lit(first)) & (nw.col("on_date") <= nw.lit(last))
    # Person by person first: engines count rows sooner than how many are different.
    each = events.filter(inside).group_by(*by, "person_id").agg(met=nw.len())
    met, persons = nw.col("met").sum(), nw.col("person_id").count()
    return each.group_by(*by).agg(met=met.cast(nw.Int64), met_of=persons.cast(nw.Int64))


def _summed(rows: nw.LazyFrame, by: Sequence[str], *sums: str) -> nw.LazyFrame:
    """The sums, and how many persons have any of each: by..., days, begun, days_of, begun_of."""
    whole = {name: nw.col(name).sum().cast(nw.Int64) for name in sums}
    having = {name: nw.when(nw.col(name) > 0).then(nw.col("person_id")) for name in sums}
    persons = {f"{name}_of": distinct(person) for name, person in having.items()}
    return rows.group_by(*by).agg(**whole, **persons)


def _told(done: nw.LazyFrame, what: str, by: Sequence[str]) -> nw.LazyFrame:
    return done.filter(nw.col(what) > 0).select(
        *by, quantity=nw.col(what).cast(nw.Float64), children=nw.col(f"{what}_of")
    )


def _weeks(days: nw.LazyFrame) -> nw.LazyFrame:
    # Divided by a column: Polars turns a division by a constant into a product, one last digit off.
    return days.with_columns(_week=nw.col("children") * 0 + 7).with_columns(
        quantity=nw.col("quantity") / nw.col("_week")
    )
