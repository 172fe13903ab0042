"""An end whose day is lost is still an end: without this, rows with one would be open for ever."""

from __future__ import annotations

import narwhals as nw


def end_lost() -> nw.Expr:
    """True for a row that its source says has ended, on a day that it does not tell or that cannot be right.

    Such a row is kept without an end (end_basis unknown): the state did begin, and it is not open.
    """
    return (nw.col("end_basis") == "unknown").fill_null(False)


def ended(rows: nw.LazyFrame) -> nw.LazyFrame:
    """The rows, those whose end is lost ending on the first day on which they can have ended.

    rows: valid_from, valid_to?, end_basis?, ended_from? (the column may be absent) and any others. That day
    is ended_from: the first day of the year whose return says so, if the row stood before, so that stocks of
    the years before stay as they were. Where nobody can tell, the row ends where it began: it counts among
    starts, ends and events, never in a stock. Stocks and flows go on adding up. Where a length is asked for
    (a clock, a stay), the row's own end must be read: it is unknown.
    """
    earliest = nw.col("valid_from")
    if "ended_from" in rows.collect_schema().names():
        earliest = nw.coalesce(nw.col("ended_from"), earliest)
    until = nw.when(end_lost()).then(earliest).otherwise(nw.col("valid_to"))
    return rows.with_columns(valid_to=until)
