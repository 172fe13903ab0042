"""Was it done in time: without it a limit in law would be a wish."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Literal

import narwhals as nw
import polars as pl

from threecircles.core.calendar import FIRST_YEAR, LAST_YEAR, working_day_number
from threecircles.core.expr import day_number

Unit = Literal["days", "working_days"]


@cache
def working_days() -> pl.DataFrame:
    """Every day of the calendar with its working-day number. Columns: day, number."""
    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return pl.DataFrame({"day": days, "number": [working_day_number(d) for d in days]})


def timeliness(
    rows: nw.LazyFrame, calendar: nw.LazyFrame, *, limit: int, unit: Unit, last: date
) -> nw.LazyFrame:
    """Met, missed, not yet due or cannot tell, between the two ends of a clock.

    rows: row_id, person_id, from_on?, to_on? (null while unfinished). calendar: as working_days().
    last: the day up to which the record tells. An unfinished one inside its limit is not yet due,
    never missed; a clock that ends before it begins cannot be told.
    Columns: row_id, person_id, from_on, to_on, taken (in `unit`, up to `last` when unfinished), result.
    """
    until = nw.when(nw.col("to_on").is_null()).then(nw.lit(last)).otherwise(nw.col("to_on"))
    ends = rows.with_columns(_until=until)
    if unit == "working_days":
        ends = (
            ends.join(
                calendar.select(from_on=nw.col("day"), _a=nw.col("number")),
                on="from_on",
                how="left",
            )
            .join(
                calendar.select(_until=nw.col("day"), _b=nw.col("number")), on="_until", how="left"
            )
            .with_columns(taken=(nw.col("_b") - nw.col("_a")).cast(nw.Int64))
        )
    else:
        ends = ends.with_columns(taken=day_number(nw.col("_until")) - day_number(nw.col("from_on")))
    taken, unfinished = nw.col("taken"), nw.col("to_on").is_null()
    unclear = taken.is_null() | (nw.col("_until") < nw.col("from_on"))
    return ends.select(
        "row_id",
        "person_id",
        "from_on",
        "to_on",
        "taken",
        nw.when(unclear)
        .then(nw.lit("cannot_tell"))
        .otherwise(
            nw.when(taken > limit)
            .then(nw.lit("missed"))
            .otherwise(nw.when(unfinished).then(nw.lit("not_yet_due")).otherwise(nw.lit("met")))
        )
        .alias("result"),
    )
