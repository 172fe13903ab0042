"""Inequality over an ordered measure such as deprivation: slope and relative index, always together.

Ordered groups stand on a scale from 0 (the best off) to 1 (the worst off) at the middle of their share of the
population (ridit). Source: Mackenbach and Kunst, Soc. Sci. Med. 44 (1997) 757-771.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.errors import UsageError
from threecircles.core.intervals import Interval


@dataclass(frozen=True)
class Inequality:
    """ridit: place of each group. slope: difference between the ends of the scale (slope index).

    over_mean: slope / mean rate. ratio: fitted rate at 1 / fitted rate at 0; None where a fitted end is
    not above 0. mean: population-weighted. slope_interval: by the bootstrap, where events were given.
    """

    ridit: np.ndarray
    slope: float
    over_mean: float
    ratio: float | None
    mean: float
    slope_interval: Interval | None = None


def ridits(population: np.ndarray) -> np.ndarray:
    """Middle of each group's share of the population, in the order given."""
    share = np.asarray(population, dtype=float) / float(np.sum(population))
    return np.cumsum(share) - share / 2


def indices(population: np.ndarray, rate: np.ndarray) -> Inequality:
    """Slope and relative index of inequality.

    population: of each group, from one end of the order to the other. rate: of each group.
    Raises UsageError for fewer than 3 groups or a population not above 0.
    """
    population, rate = np.asarray(population, dtype=float), np.asarray(rate, dtype=float)
    if len(population) < 3 or (population <= 0).any():
        raise UsageError("An index of inequality needs three groups or more, none of them empty.")
    r = ridits(population)
    weight = population / population.sum()
    mean, centre = float(weight @ rate), float(weight @ r)
    slope = float((weight * (r - centre)) @ rate / (weight @ (r - centre) ** 2))
    start = mean - slope * centre
    end = start + slope
    return Inequality(r, slope, slope / mean, end / start if start > 0 and end > 0 else None, mean)


def with_interval(
    population: np.ndarray,
    events: np.ndarray,
    rng: np.random.Generator,
    draws: int = 2_000,
    level: float = 0.95,
) -> Inequality:
    """Indices of events / population, with the interval of the slope from a binomial bootstrap."""
    population, events = np.asarray(population, dtype=float), np.asarray(events, dtype=float)
    found = indices(population, events / population)
    drawn = rng.binomial(population.astype(int), events / population, size=(draws, len(population)))
    slopes = [indices(population, d / population).slope for d in drawn]
    low, high = np.quantile(slopes, [(1 - level) / 2, (1 + level) / 2])
    return Inequality(**{**found.__dict__, "slope_interval": Interval(float(low), float(high))})


def relative_rate(
    own: tuple[int, int], reference: tuple[int, int], level: float = 0.95
) -> tuple[float, Interval]:
    """Rate ratio of a group against a named reference, with its log interval.

    own, reference: (events, population). Raises UsageError where either has no event.
    """
    from threecircles.core.intervals import normal_quantile

    (a, n), (b, m) = own, reference
    if min(a, b) <= 0 or min(n, m) <= 0:
        raise UsageError("A ratio needs an event in both groups.")
    ratio = (a / n) / (b / m)
    half = normal_quantile(level) * float(np.sqrt(1 / a - 1 / n + 1 / b - 1 / m))
    return ratio, Interval(ratio * float(np.exp(-half)), ratio * float(np.exp(half)))
