"""Intervals for counts, rates and proportions: without them a small place would look different by luck."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple


class Interval(NamedTuple):
    """Lower and upper end."""

    low: float
    high: float


Z95 = 1.959963984540054
"""z of 95%, as scipy gives it: to load that library for this one number takes longer than all scores of a check."""


def normal_quantile(level: float = 0.95) -> float:
    """z such that a normal variable lies within +-z with probability `level`."""
    if level == 0.95:
        return Z95
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def wilson(events: float, n: float, level: float = 0.95) -> Interval:
    """Interval for a proportion.

    events, n: counts, 0 <= events <= n, n > 0. Returns lower and upper as proportions.
    Raises ValueError when n is 0: an unknown proportion is said, not computed.
    Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if not 0 <= events <= n or n == 0:
        raise ValueError("events must lie between 0 and n, and n above 0.")
    z2 = normal_quantile(level) ** 2
    p = events / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(
        max(0.0, centre - half) if events > 0 else 0.0,
        min(1.0, centre + half) if events < n else 1.0,
    )


def exact(events: int, n: int, level: float = 0.95) -> Interval:
    """Exact interval for a proportion from the binomial distribution.

    Raises ValueError when n is 0. Source: Clopper and Pearson, Biometrika 26 (1934) 404-413.
    """
    from scipy.special import betaincinv

    if not 0 <= events <= n or n == 0:
        raise ValueError("events must lie between 0 and n, and n above 0.")
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(betaincinv(events, n - events + 1, tail))
    high = 1.0 if events == n else float(betaincinv(events + 1, n - events, 1 - tail))
    return Interval(low, high)


def byar(events: int, denominator: float, per: float = 1.0, level: float = 0.95) -> Interval:
    """Interval for a rate whose events are counts, in the unit `per`.

    Raises ValueError when the denominator is not above 0.
    Source: Breslow and Day, Statistical Methods in Cancer Research II (1987), 69.
    """
    if events < 0 or denominator <= 0:
        raise ValueError("events must not be negative and the denominator must be above 0.")
    z = normal_quantile(level)
    low = 0.0 if events == 0 else events * (1 - 1 / (9 * events) - z / (3 * sqrt(events))) ** 3
    more = events + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * sqrt(more))) ** 3
    return Interval(low / denominator * per, high / denominator * per)
