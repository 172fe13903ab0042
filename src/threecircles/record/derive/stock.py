"""Who is in a service on a day, who came and who left: the counts every page rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import narwhals as nw


def status_on(rows: nw.LazyFrame, day: date) -> nw.LazyFrame:
    """The rows whose state holds at the end of the day.

    rows: valid_from, valid_to? and any others. A closure dated that day no longer holds.
    """
    return rows.filter(
        (nw.col("valid_from") <= nw.lit(day))
        & (nw.col("valid_to").is_null() | (nw.col("valid_to") > nw.lit(day)))
    )


def starts(rows: nw.LazyFrame, first: date, last: date) -> nw.LazyFrame:
    """The rows that begin from `first` to `last`, both inclusive."""
    return _dated(rows, "valid_from", first, last)


def ends(rows: nw.LazyFrame, first: date, last: date) -> nw.LazyFrame:
    """The rows that end from `first` to `last`, both inclusive."""
    return _dated(rows, "valid_to", first, last)


def any_point(rows: nw.LazyFrame, first: date, last: date) -> nw.LazyFrame:
    """The rows open at the end of the day before `first`, or begun from `first` to `last`.

    A row that began and ended on one day of the period counts: it was there at some point.
    """
    before = first - timedelta(days=1)
    return rows.filter(
        (nw.col("valid_from") <= nw.lit(last))
        & (nw.col("valid_to").is_null() | (nw.col("valid_to") > nw.lit(before)))
    )


def count(rows: nw.LazyFrame, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Rows and distinct persons, in all or by columns. A row of nobody known is a row, and no person.

    Columns: by..., rows, persons.
    """
    counted = (
        nw.len().cast(nw.Int64).alias("rows"),
        distinct(nw.col("person_id")).alias("persons"),
    )
    return rows.group_by(*by).agg(*counted) if by else rows.select(*counted)


def distinct(value: nw.Expr) -> nw.Expr:
    """How many different values there are, for a group or for all; an empty value is none."""
    # Engines count emptiness as one more value; of no rows at all some say nothing.
    some_empty = nw.len() > value.count()
    return (value.n_unique() - some_empty.cast(nw.Int64)).fill_null(0).cast(nw.Int64)


def stock(rows: nw.LazyFrame, process: str, day: date, by: Sequence[str] = ()) -> nw.LazyFrame:
    """Rows and distinct persons in the process at the end of the day. Columns: by..., rows, persons."""
    return count(status_on(of(rows, process), day), by)


def flows(
    rows: nw.LazyFrame, process: str, first: date, last: date, by: Sequence[str] = ()
) -> nw.LazyFrame:
    """Stock before, starts, ends, stock after and any point of a process in a period.

    Columns: by..., figure (stock_before, starts, ends, stock_after, any_point), rows, persons.
    Inside one version of the record rows obey stock_after = stock_before + starts - ends and
    any_point = stock_before + starts; published tables do not, since each year's return is cut anew.
    """
    mine = of(rows, process)
    parts = {
        "stock_before": status_on(mine, first - timedelta(days=1)),
        "starts": starts(mine, first, last),
        "ends": ends(mine, first, last),
        "stock_after": status_on(mine, last),
        "any_point": any_point(mine, first, last),
    }
    counted = [
        count(part, by).with_columns(figure=nw.lit(name)).select(*by, "figure", "rows", "persons")
        for name, part in parts.items()
    ]
    return nw.concat(counted)


def of(rows: nw.LazyFrame, process: str) -> nw.LazyFrame:
    """The rows of one process."""
    return rows.filter(nw.col("process") == process)


def _dated(rows: nw.LazyFrame, column: str, first: date, last: date) -> nw.LazyFrame:
    return rows.filter((nw.col(column) >= nw.lit(first)) & (nw.col(column) <= nw.lit(last)))
