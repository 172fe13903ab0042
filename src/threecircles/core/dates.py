"""Days, months and birthdays: without one helper each, engines would disagree about a child's age."""

from __future__ import annotations

import calendar as _calendar
from datetime import date


def add_months(day: date, months: int) -> date:
    """The same day of the month, `months` later (or earlier); the month's last day where it has none.

    29 February plus 12 months is 28 February.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, _calendar.monthrange(year, month + 1)[1]))


def in_words(day: date) -> str:
    """A day as people write it, "3 May 2026", on every system (Windows knows no `%-d`)."""
    return f"{day.day} {day:%B %Y}"


def days_between(start: date, end: date) -> int:
    """Days from start to end: start day in, end day out (the length of a half-open interval)."""
    return (end - start).days


def age_on(birth: date, day: date) -> int:
    """Birthdays completed by the day. One born on 29 February has a birthday on 28 February in other years.

    Raises ValueError when the day lies before birth.
    """
    if day < birth:
        raise ValueError("The day lies before the birth.")
    years = day.year - birth.year
    return years if add_months(birth, 12 * years) <= day else years - 1


def year_end(year: int) -> date:
    """31 March, on which the collection and financial year named by `year` ends."""
    return date(year, 3, 31)


def year_start(year: int) -> date:
    """1 April, on which the collection and financial year ending in `year` begins."""
    return date(year - 1, 4, 1)


def school_year(birth: date, academic_year: int) -> int:
    """National curriculum year in the academic year that ends in `academic_year`.

    Age on 31 August before it begins, less 4: Reception is 0, age 11 is Year 7; below 0 is before school.
    """
    return (
        age_on(birth, date(academic_year - 1, 8, 31)) - 4
        if birth <= date(academic_year - 1, 8, 31)
        else -5
    )
