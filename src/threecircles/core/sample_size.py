"""How many to ask: without it a survey is as large as the budget and nobody knows how sure it is.

Source: Cochran, Sampling Techniques (1977), ch. 4.
"""

from __future__ import annotations

from math import ceil, sqrt

Z95 = 1.96
"""Standard errors either side of a 95% interval, as sample-size tables print it."""


def completed(
    share: float, half_width: float, deff: float = 1.0, population: int | None = None
) -> int:
    """Completed answers that give a share an interval of plus or minus half_width.

    share, half_width: proportions, both between 0 and 1. deff: design effect, above 0. population: size
    of the area, for the finite population correction. Never more than the population.
    Raises ValueError for figures outside these ranges.
    """
    if not (0 < share < 1 and 0 < half_width < 1 and deff > 0):
        raise ValueError("share and half_width lie between 0 and 1, deff above 0.")
    n = deff * share * (1 - share) * Z95**2 / half_width**2
    if population is not None:
        n = min(n / (1 + n / population), population)
    return ceil(round(n, 9))


def half_width(n: int, share: float, deff: float = 1.0, population: int | None = None) -> float:
    """Half the 95% interval of a share from n completed answers, as a proportion.

    Raises ValueError when nobody answered.
    """
    if n <= 0:
        raise ValueError("An interval needs at least one answer.")
    left = 1.0 if population is None else max(0.0, 1 - n / population)
    return Z95 * sqrt(deff * share * (1 - share) / n * left)


def to_ask(answers: int, response: float) -> int:
    """People to ask so that `answers` complete; response: expected share that does, above 0."""
    if not 0 < response <= 1:
        raise ValueError("response lies above 0 and is at most 1.")
    return ceil(round(answers / response, 9))
