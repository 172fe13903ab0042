"""What was known on an earlier day: without it a late record would rewrite the past unseen."""

from __future__ import annotations

from datetime import date

import narwhals as nw


def known_on(rows: nw.LazyFrame, day: date | None) -> nw.LazyFrame:
    """The rows believed on a day: known by then and not yet said otherwise; None = today's belief.

    rows: known_from, known_to? and any others.
    """
    if day is None:
        return rows.filter(nw.col("known_to").is_null())
    return rows.filter(
        (nw.col("known_from") <= nw.lit(day))
        & (nw.col("known_to").is_null() | (nw.col("known_to") > nw.lit(day)))
    )
