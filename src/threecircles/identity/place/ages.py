"""Ages from exact births, so that births stay here: a birth month cannot decide a birthday's month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.definitions.place import Place
from threecircles.identity.place.deliveries import key_of, linked_sources

AGE = {
    "delivery": pl.String,
    "table": pl.String,
    "row": pl.Int64,
    "column": pl.String,
    "age": pl.Int64,
}


def ages(births: pl.DataFrame, tables: Mapping[str, Any], place: Place) -> pl.DataFrame:
    """delivery, table, row, column, age: whole years on every date of every row that names a child.

    births: delivery, source_key, birth (date). Null when the birth is unknown or later. A child born
    on 29 February has its birthday on 28 February in common years.
    """
    found = []
    for delivery, declared in linked_sources(place):
        own = births.filter(pl.col("delivery") == delivery.id).select("source_key", "birth")
        for link in declared.link:
            left_out = {link.date_of_birth, link.expected_birth}
            for name in sorted(tables):
                prefix, _, table = name.rpartition(".")
                if prefix != f"sources.{delivery.id}" or table.startswith("_"):
                    continue
                frame = collect(tables[name])
                dates = [
                    c for c in frame.columns if c.endswith("__date") and c[:-6] not in left_out
                ]
                if all(c in frame.columns for c in link.record_id) and dates:
                    found.append(
                        _of_table(frame, key_of(frame, link), dates, own, delivery.id, table)
                    )
    return pl.concat(found) if found else pl.DataFrame(schema=AGE)


def age_on(birth: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Whole years between a birth and a day; null when the day is before the birth."""
    before = (day.dt.month() < birth.dt.month()) | (
        (day.dt.month() == birth.dt.month()) & (day.dt.day() < _birthday(birth, day))
    )
    years = day.dt.year() - birth.dt.year() - before.cast(pl.Int32)
    return pl.when(day >= birth).then(years).cast(pl.Int64)


def _birthday(birth: pl.Expr, day: pl.Expr) -> pl.Expr:
    leap_day = (birth.dt.month() == 2) & (birth.dt.day() == 29)
    return pl.when(leap_day & ~day.dt.is_leap_year()).then(28).otherwise(birth.dt.day())


def _of_table(
    frame: pl.DataFrame,
    key: pl.Expr,
    dates: list[str],
    births: pl.DataFrame,
    delivery: str,
    table: str,
) -> pl.DataFrame:
    keyed = frame.select(
        key.alias("source_key"), pl.col("_row").cast(pl.Int64).alias("row"), *dates
    )
    long = keyed.unpivot(
        dates, index=["source_key", "row"], variable_name="column", value_name="day"
    )
    held = long.filter(pl.col("day").is_not_null() & pl.col("source_key").is_not_null())
    return held.join(births, on="source_key", how="left").select(
        pl.lit(delivery).alias("delivery"),
        pl.lit(table).alias("table"),
        "row",
        pl.col("column").str.strip_suffix("__date"),
        age_on(pl.col("birth"), pl.col("day").cast(pl.Date)).alias("age"),
    )
