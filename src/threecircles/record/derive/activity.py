"""How much was done in a period: child-days, episodes and events, adding up over any split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import narwhals as nw

from threecircles.core.expr import day_number
from threecircles.record.derive.stock import any_point, count, starts


def child_days(
    episodes: nw.LazyFrame, first: date, last: date, by: Sequence[str] = ("process",)
) -> nw.LazyFrame:
    """Days in a state from `first` to `last`, start day in, end day out, every row for itself.

    episodes: person_id, valid_from, valid_to?, and the columns of `by`. Columns: by..., quantity,
    children. Periods that follow each other add up to the whole.
    """
    after = nw.lit(last + timedelta(days=1))
    start = nw.when(nw.col("valid_from") < nw.lit(first)).then(nw.lit(first))
    beyond = nw.col("valid_to").is_null() | (nw.col("valid_to") > after)
    held = any_point(episodes, first, last).with_columns(
        _from=start.otherwise(nw.col("valid_from")),
        _to=nw.when(beyond).then(after).otherwise(nw.col("valid_to")),
    )
    # Each child's days first: a row of nobody known has days, and is no child.
    each = (
        held.with_columns(_days=day_number(nw.col("_to")) - day_number(nw.col("_from")))
        .filter(nw.col("_days") > 0)
        .group_by(*by, "person_id")
        .agg(nw.col("_days").sum())
    )
    return each.group_by(*by).agg(
        nw.col("_days").sum().cast(nw.Float64).alias("quantity"),
        nw.col("person_id").count().cast(nw.Int64).alias("children"),
    )


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
    days = child_days(episodes, first, last, by)
    begun = _counted(starts(episodes, first, last), by)
    inside = (nw.col("on_date") >= nw.lit(first)) & (nw.col("on_date") <= nw.lit(last))
    happened = _counted(events.filter(inside), by)
    shape = [*by, "unit", "quantity", "children"]
    parts = (
        days.with_columns(unit=nw.lit("child_day")),
        _weeks(days),
        begun.with_columns(unit=nw.lit("episode")),
        happened.with_columns(unit=nw.lit("event")),
    )
    return nw.concat([part.select(*shape) for part in parts])


def _weeks(days: nw.LazyFrame) -> nw.LazyFrame:
    # Divided by a column: Polars turns a division by a constant into a product, one last digit off.
    return days.with_columns(
        unit=nw.lit("child_week"), _week=nw.col("children") * 0 + 7
    ).with_columns(quantity=nw.col("quantity") / nw.col("_week"))


def _counted(rows: nw.LazyFrame, by: Sequence[str]) -> nw.LazyFrame:
    return count(rows, by).with_columns(
        quantity=nw.col("rows").cast(nw.Float64), children=nw.col("persons")
    )
