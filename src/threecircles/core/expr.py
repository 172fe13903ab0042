"""Column arithmetic that is equal on DuckDB, Polars and Spark: engines differ in ages, months and halves."""

from __future__ import annotations

from datetime import date

import narwhals as nw

from threecircles.core.bands import Bands


def days_between(start: nw.Expr, end: nw.Expr) -> nw.Expr:
    """Days from start to end (dates), whole; null when either is. Start day in, end day out."""
    # One engine holds the time between two dates in days, another in microseconds: each is divided by its own day.
    one_day = nw.lit(date(1970, 1, 2)) - nw.lit(date(1970, 1, 1))
    return ((end - start).cast(nw.Int64) / one_day.cast(nw.Int64)).cast(nw.Int64)


def age(birth: nw.Expr, day: nw.Expr) -> nw.Expr:
    """Birthdays completed on the day; 29 February counts from 28 February in other years; null when unknown."""
    years = day.dt.year() - birth.dt.year()
    born_leap_day = (birth.dt.month() == 2) & (birth.dt.day() == 29)
    # A leap-day child's birthday is 28 February unless the year has a 29th.
    birth_day = (
        nw.when(born_leap_day & ~_is_leap(day.dt.year())).then(nw.lit(28)).otherwise(birth.dt.day())
    )
    before = (day.dt.month() < birth.dt.month()) | (
        (day.dt.month() == birth.dt.month()) & (day.dt.day() < birth_day)
    )
    return years - nw.when(before).then(nw.lit(1)).otherwise(nw.lit(0))


def add_months(day: nw.Expr, months: int) -> nw.Expr:
    """The date `months` later, the month's last day where it has no such day."""
    # DuckDB gives a timestamp here and Polars a date; both end where the month ends.
    return day.dt.offset_by(f"{months}mo").cast(nw.Date)


def round_half_away(value: nw.Expr, decimals: int = 0) -> nw.Expr:
    """Rounded to decimals, halves away from zero, on every engine."""
    scale = 10.0**decimals
    # 1e-9 lifts numbers such as 2.675, stored just below the half, to the half they print as.
    size = (value.abs() * scale + 0.5 + 1e-9).floor() / scale
    return nw.when(value < 0).then(-size).otherwise(size)


def rate(numerator: nw.Expr, denominator: nw.Expr, per: float = 10_000) -> nw.Expr:
    """numerator / denominator x per; null where the denominator is nought or unknown."""
    return nw.when(denominator > 0).then(
        numerator.cast(nw.Float64) / denominator.cast(nw.Float64) * per
    )


def band(value: nw.Expr, bands: Bands) -> nw.Expr:
    """The label of the band that holds the value; null outside all bands."""
    label: nw.Expr = nw.lit(None, dtype=nw.String)
    for b in reversed(bands.bands):
        inside = value >= b.low if b.high is None else (value >= b.low) & (value < b.high + 1)
        label = nw.when(inside).then(nw.lit(b.label)).otherwise(label)
    return label


def day_number(day: nw.Expr) -> nw.Expr:
    """Days since 1 January 1970, whole: arithmetic on it is equal on every engine."""
    return days_between(nw.lit(date(1970, 1, 1)), day)


def _is_leap(year: nw.Expr) -> nw.Expr:
    return ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
