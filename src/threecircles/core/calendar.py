"""England's working days: without them no clock of 45 or 15 working days could be told."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

# One-off changes since 2017: proclaimed days added and the early May holiday moved in 2020
# (gov.uk bank holidays; Banking and Financial Dealings Act 1971 proclamations).
_ADDED = {date(2020, 5, 8), date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8)}
_REMOVED = {date(2020, 5, 4), date(2022, 5, 30)}
FIRST_YEAR, LAST_YEAR = 2000, 2040


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous computus, Nature, 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@cache
def bank_holidays(first: int = FIRST_YEAR, last: int = LAST_YEAR) -> frozenset[date]:
    """Bank holidays in England from the first to the last year (inclusive)."""
    days: set[date] = set()
    for year in range(first, last + 1):
        days |= _fixed(year)
    span = {d for d in _ADDED if first <= d.year <= last}
    return frozenset((days - _REMOVED) | span)


def _fixed(year: int) -> set[date]:
    sunday = easter(year)
    new_year = _substitute(date(year, 1, 1))
    christmas = date(year, 12, 25)
    boxing = date(year, 12, 26)
    # 25 and 26 December that fall on a weekend are made up on the next days that are not.
    shift = {5: (27, 28), 6: (27, 26), 4: (25, 28)}.get(christmas.weekday())
    yule = {date(year, 12, d) for d in shift} if shift else {christmas, boxing}
    return {
        new_year,
        sunday - timedelta(days=2),
        sunday + timedelta(days=1),
        _monday(date(year, 5, 1)),
        _monday(date(year, 5, 25)),
        _monday(date(year, 8, 25)),
    } | yule


def _monday(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def _substitute(day: date) -> date:
    return day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


def is_working(day: date) -> bool:
    """Monday to Friday and no bank holiday."""
    return day.weekday() < 5 and day not in bank_holidays()


def add_working_days(day: date, n: int) -> date:
    """The n-th working day after the day (n >= 0); n = 0 gives the day itself."""
    while n > 0:
        day += timedelta(days=1)
        n -= is_working(day)
    return day


def minus_working_days(day: date, n: int) -> date:
    """The n-th working day before the day (n >= 0); n = 0 gives the day itself."""
    while n > 0:
        day -= timedelta(days=1)
        n -= is_working(day)
    return day


def working_days_between(start: date, end: date) -> int:
    """Working days after start, up to and including end; negative when end lies before start."""
    if end < start:
        return -working_days_between(end, start)
    return working_day_number(end) - working_day_number(start)


@cache
def _numbers() -> dict[date, int]:
    numbers, count, day = {}, 0, date(FIRST_YEAR, 1, 1)
    while day.year <= LAST_YEAR:
        count += is_working(day)
        numbers[day] = count
        day += timedelta(days=1)
    return numbers


def working_day_number(day: date) -> int:
    """Working days from 1 January 2000 up to and including the day: differences of it are working days.

    Raises ValueError outside 2000 to 2040.
    """
    if day not in _numbers():
        raise ValueError(f"The calendar of working days runs from {FIRST_YEAR} to {LAST_YEAR}.")
    return _numbers()[day]
