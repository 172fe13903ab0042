"""How much was done in a period: child-days, episodes and events, adding up over any split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import narwhals as nw

from threecircles.core.engines import held
from threecircles.core.expr import days_between
from threecircles.record.derive.stock import any_point, count, distinct


def child_days(
    episodes: nw.LazyFrame, first: date, last: date, by: Sequence[str] = ("process",)
) -> nw.LazyFrame:
    """Days in a state from `first` to `last`, start day in, end day out, every row for itself.

    episodes: person_id, valid_from, valid_to?, and the columns of `by`. Columns: by..., quantity,
    children. Periods that follow each other add up to the whole.
    """
    return _days(_done(episodes, first, last, by), by)


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
    inside = (nw.col("on_date") >= nw.lit(first)) & (nw.col("on_date") <= nw.lit(last))
    # Three of the four units are drawn from one reading of the episodes.
    done = held(_done(episodes, first, last, by))
    days = _days(done, by)
    begun = done.filter(nw.col("begun") > 0).select(
        *by, quantity=nw.col("begun").cast(nw.Float64), children=nw.col("beginners")
    )
    happened = held(count(events.filter(inside), by)).select(
        *by, quantity=nw.col("rows").cast(nw.Float64), children=nw.col("persons")
    )
    units = {"child_day": days, "child_week": _weeks(days), "episode": begun, "event": happened}
    shape = [*by, "unit", "quantity", "children"]
    return nw.concat(
        [part.with_columns(unit=nw.lit(unit)).select(*shape) for unit, part in units.items()]
    )


def _done(episodes: nw.LazyFrame, first: date, last: date, by: Sequence[str]) -> nw.LazyFrame:
    """Days of the period and episodes begun in it, each with its persons: by..., days, present, begun, beginners."""
    start, after = nw.lit(first), nw.lit(last + timedelta(days=1))
    began, ended = nw.col("valid_from"), nw.col("valid_to")
    inside = any_point(episodes, first, last).select(
        *by,
        "person_id",
        _from=nw.when(began < start).then(start).otherwise(began),
        _to=nw.when(ended.is_null() | (ended > after)).then(after).otherwise(ended),
        _begun=nw.when(began >= start).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    counted = inside.with_columns(_days=days_between(nw.col("_from"), nw.col("_to"))).with_columns(
        _present=nw.when(nw.col("_days") > 0).then(nw.col("person_id")),
        _beginner=nw.when(nw.col("_begun") > 0).then(nw.col("person_id")),
    )
    return counted.group_by(*by).agg(
        nw.col("_days").sum().cast(nw.Int64).alias("days"),
        distinct("_present").alias("present"),
        nw.col("_begun").sum().cast(nw.Int64).alias("begun"),
        distinct("_beginner").alias("beginners"),
    )


def _days(done: nw.LazyFrame, by: Sequence[str]) -> nw.LazyFrame:
    return done.filter(nw.col("days") > 0).select(
        *by, quantity=nw.col("days").cast(nw.Float64), children=nw.col("present")
    )


def _weeks(days: nw.LazyFrame) -> nw.LazyFrame:
    # Divided by a column: Polars turns a division by a constant into a product, one last digit off.
    return days.with_columns(_week=nw.col("children") * 0 + 7).with_columns(
        quantity=nw.col("quantity") / nw.col("_week")
    )
