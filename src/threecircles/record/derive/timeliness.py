"""Was it done in time: without it a limit in law would be a wish."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Literal

import narwhals as nw
import polars as pl

from threecircles.core.calendar import FIRST_YEAR, LAST_YEAR, working_day_number
from threecircles.core.expr import days_between

Unit = Literal["days", "working_days"]


@cache
def working_days() -> pl.DataFrame:
    """Every day of the calendar with its working-day number. Columns: day, number."""
    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return pl.DataFrame({"day": days, "number": [working_day_number(d) for d in days]})


def timeliness(rows: nw.LazyFrame, calendar: nw.LazyFrame, last: date) -> nw.LazyFrame:
    """Met, missed, not yet due or cannot tell, between the two ends of each row's clock.

    rows: row_id, person_id, from_on?, to_on? (null while unfinished), end_lost (it has ended, nobody
    knows when), time_limit, unit (Unit), and any others. calendar: as working_days(). last: the day up
    to which the record tells. An unfinished one inside its limit is not yet due, never missed; a clock
    that ends before it begins, or on a day that is lost, cannot be told.
    Adds taken (in `unit`, up to `last` when unfinished) and result; end_lost is left out.
    """
    unfinished = nw.col("to_on").is_null()
    begun = calendar.select(from_on=nw.col("day"), _begun=nw.col("number"))
    done = calendar.select(_until=nw.col("day"), _done=nw.col("number"))
    ends = rows.with_columns(
        _until=nw.when(unfinished).then(nw.lit(last)).otherwise(nw.col("to_on"))
    )
    numbered = ends.join(begun, on="from_on", how="left").join(done, on="_until", how="left")
    working = (nw.col("_done") - nw.col("_begun")).cast(nw.Int64)
    days = days_between(nw.col("from_on"), nw.col("_until"))
    timed = numbered.with_columns(
        taken=nw.when(nw.col("unit") == "working_days").then(working).otherwise(days)
    )
    taken, early = nw.col("taken"), nw.col("_until") < nw.col("from_on")
    unclear = taken.is_null() | early | nw.col("end_lost")
    in_time = nw.when(unfinished).then(nw.lit("not_yet_due")).otherwise(nw.lit("met"))
    told = nw.when(taken > nw.col("time_limit")).then(nw.lit("missed")).otherwise(in_time)
    return timed.with_columns(
        result=nw.when(unclear).then(nw.lit("cannot_tell")).otherwise(told)
    ).drop("_until", "_begun", "_done", "end_lost")
