"""An end that cannot be right is still an end: without this, rows with one would be open for ever."""

from __future__ import annotations

import narwhals as nw


def end_lost() -> nw.Expr:
    """True for a row that its source says has ended, on a day that cannot be right.

    Such a row is kept without an end (end_basis unknown): the state did begin, and it is not open.
    """
    return (nw.col("end_basis") == "unknown").fill_null(False)


def ended(rows: nw.LazyFrame) -> nw.LazyFrame:
    """The rows, those whose end is lost ending where they began: begun, and open at the end of no day.

    rows: valid_from, valid_to?, end_basis? and any others. A state of length nought counts among starts,
    ends and events, never in a stock; so stocks and flows go on adding up. Where a length is asked for
    (a clock, a stay), the row's own end must be read: it is unknown.
    """
    until = nw.when(end_lost()).then(nw.col("valid_from")).otherwise(nw.col("valid_to"))
    return rows.with_columns(valid_to=until)
