"""Whether one day lies within so many calendar months of another, without making a date of it."""

from __future__ import annotations

import narwhals as nw


def within_months(earlier: nw.Expr, later: nw.Expr, months: int) -> nw.Expr:
    """True where `later` is not after `earlier` plus `months` calendar months; null when either is.

    The same as later <= add_months(earlier, months): months are compared first, then days, and a day
    that the month does not have (29 February, 31 June) lies before the next month's first either way.
    A date need not be built, which planners of SQL take seconds over.
    """
    return _key(later) <= _key(earlier) + 100 * months


def _key(day: nw.Expr) -> nw.Expr:
    return ((day.dt.year() * 12 + day.dt.month()) * 100 + day.dt.day()).cast(nw.Int64)
