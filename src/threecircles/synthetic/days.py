"""Days as whole numbers: without it dates of a whole county could not be reckoned as arrays.

A day is an int64 count of days since 1 January 1970, the same as a Polars date.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import polars as pl

from threecircles.core.calendar import bank_holidays

Days = np.ndarray
NEVER = 10_000_000
"""An end that has not come; larger than any day used."""


def day_of(year: int, month: int, day: int) -> int:
    """The day number of one date."""
    return (date(year, month, day) - date(1970, 1, 1)).days


@cache
def _weekmask_calendar() -> np.busdaycalendar:
    return np.busdaycalendar(holidays=sorted(np.datetime64(d) for d in bank_holidays()))


def plus_working(days: Days, n: Days | int) -> Days:
    """The n-th working day after each day; n = 0 gives the day itself, moved on when it is no working day."""
    stamp = np.asarray(days, dtype="int64").astype("datetime64[D]")
    moved = np.busday_offset(stamp, 0, roll="forward", busdaycal=_weekmask_calendar())
    # A start on a weekend has used up no working day, so the count begins one earlier.
    late = (moved != stamp) & (np.asarray(n) > 0)
    return np.busday_offset(
        moved, np.asarray(n, dtype="int64") - late, busdaycal=_weekmask_calendar()
    ).astype("int64")


def working_between(start: Days, end: Days) -> Days:
    """Working days after start, up to and including end."""
    a = (np.asarray(start, dtype="int64") + 1).astype("datetime64[D]")
    b = (np.asarray(end, dtype="int64") + 1).astype("datetime64[D]")
    return np.busday_count(a, b, busdaycal=_weekmask_calendar())


def on_weekday(days: Days) -> Days:
    """The day, or the Monday after when it is a Saturday or Sunday."""
    weekday = (np.asarray(days) + 3) % 7
    return days + np.where(weekday == 5, 2, np.where(weekday == 6, 1, 0))


def birthday(birth: Days | np.int64, age: Days | int) -> Days:
    """The day a child completes `age` years; 29 February counts as 28 February in other years."""
    stamp = np.asarray(birth, dtype="int64").astype("datetime64[D]")
    month = stamp.astype("datetime64[M]")
    in_month = (stamp - month).astype("int64")
    target = month + np.asarray(age, dtype="int64") * 12
    length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype("int64")
    return (
        target.astype("datetime64[D]").astype("int64") + np.minimum(in_month, length - 1)
    ).astype("int64")


def age_at(birth: Days, day: Days | int) -> Days:
    """Birthdays completed on the day; negative before birth."""
    guess = np.floor((np.asarray(day) - np.asarray(birth)) / 365.2425).astype("int64")
    guess = guess + (birthday(birth, guess + 1) <= day)
    return guess - (birthday(birth, guess) > day)


def as_dates(days: Days, blank: Days | None = None) -> pl.Series:
    """A Polars date column; NEVER and the places marked in `blank` become null."""
    values = np.asarray(days, dtype="int64")
    series = pl.Series(np.where(values >= NEVER, 0, values).astype("int32")).cast(pl.Date)
    hidden = values >= NEVER if blank is None else (values >= NEVER) | blank
    return pl.select(pl.when(pl.Series(~hidden)).then(series).alias("date")).to_series()
