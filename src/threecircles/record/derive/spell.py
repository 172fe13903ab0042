"""Unbroken stretches of time: without them overlapping rows would be counted as several stays."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from threecircles.core.expr import day_number

FOREVER = 10_000_000
"""Day number of an open end while intervals are compared; never stored."""

ORDER = ["valid_from", "row_id"]


def spell(rows: nw.LazyFrame, *, by: Sequence[str] = (), bridge_days: int = 0) -> nw.LazyFrame:
    """The union of each person's intervals, or of those with equal values of `by`.

    rows: row_id, person_id, valid_from, valid_to? (half-open days), and the columns of `by`.
    A new spell starts where valid_from lies more than bridge_days after the latest valid_to so far;
    an open end is never passed.
    Columns: person_id, by..., spell (from 1), valid_from, valid_to, first_row_id, last_row_id,
    n_rows, n_bridged (gaps closed by bridge_days), n_overlaps (rows that start before the last end).
    """
    group = ["person_id", *by]
    slim = rows.select("row_id", *group, "valid_from", "valid_to")
    # Most persons have one row of a process: those need no order, which is what costs time.
    alone = _alone(slim, group)
    others = slim.join(alone.select(*group), on=group, how="anti")
    return nw.concat([alone, _united(others, group, bridge_days)])


def _alone(rows: nw.LazyFrame, group: list[str]) -> nw.LazyFrame:
    """Spells of those who have a single row; groups with an empty value are left to the others."""
    known = ~nw.col(group[0]).is_null()
    for name in group[1:]:
        known = known & ~nw.col(name).is_null()
    whole = rows.group_by(*group).agg(
        nw.col("valid_from").min(),
        nw.col("valid_to").max(),
        nw.col("row_id").min(),
        nw.len().cast(nw.Int64).alias("n_rows"),
    )
    one, none = nw.lit(1).cast(nw.Int64), nw.lit(0).cast(nw.Int64)
    return whole.filter((nw.col("n_rows") == 1) & known).select(
        *group,
        one.alias("spell"),
        "valid_from",
        "valid_to",
        nw.col("row_id").alias("first_row_id"),
        nw.col("row_id").alias("last_row_id"),
        "n_rows",
        none.alias("n_bridged"),
        none.alias("n_overlaps"),
    )


def _united(rows: nw.LazyFrame, group: list[str], bridge_days: int) -> nw.LazyFrame:
    numbered = _numbered(rows, group, bridge_days)
    return (
        numbered.with_columns(
            _first=nw.when(nw.col("_new") == 1).then(nw.col("row_id")),
            _last=nw.when(nw.col("_next") != nw.col("spell")).then(nw.col("row_id")),
            _open=nw.when(nw.col("_end") == FOREVER).then(nw.lit(1)).otherwise(nw.lit(0)),
        )
        .group_by(*group, "spell")
        .agg(
            nw.col("valid_from").min(),
            nw.col("valid_to").max().alias("_latest"),
            nw.col("_open").max(),
            nw.col("_first").max().alias("first_row_id"),
            nw.col("_last").max().alias("last_row_id"),
            nw.len().cast(nw.Int64).alias("n_rows"),
            nw.col("_bridged").sum().cast(nw.Int64).alias("n_bridged"),
            nw.col("_overlap").sum().cast(nw.Int64).alias("n_overlaps"),
        )
        .with_columns(valid_to=nw.when(nw.col("_open") == 0).then(nw.col("_latest")))
        .select(
            *group,
            "spell",
            "valid_from",
            "valid_to",
            "first_row_id",
            "last_row_id",
            "n_rows",
            "n_bridged",
            "n_overlaps",
        )
    )


def _numbered(rows: nw.LazyFrame, group: list[str], bridge_days: int) -> nw.LazyFrame:
    start, reach = nw.col("_start"), nw.col("_reach")
    return (
        rows.with_columns(
            _start=day_number(nw.col("valid_from")),
            _end=day_number(nw.col("valid_to")).fill_null(FOREVER),
        )
        .with_columns(_most=nw.col("_end").cum_max().over(*group, order_by=ORDER))
        .with_columns(_reach=nw.col("_most").shift(1).over(*group, order_by=ORDER))
        .with_columns(
            _new=_one(reach.is_null() | (start > reach + bridge_days)),
            _bridged=_one((start > reach) & (start <= reach + bridge_days)),
            _overlap=_one(start < reach),
        )
        .with_columns(spell=nw.col("_new").cum_sum().over(*group, order_by=ORDER).cast(nw.Int64))
        .with_columns(
            _next=nw.col("spell").shift(-1).over(*group, order_by=ORDER).fill_null(-1),
        )
    )


def _one(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))
