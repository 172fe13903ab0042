"""Bounds on the overlap when the survey was anonymous: only the margins are known, so no point is told.

Source: Fréchet, Ann. Univ. Lyon A 14 (1951) 53-77. The words of the page are fixed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.replicates import bootstrap_factors
from threecircles.need.strata import Strata

LEAST = 30
"""Respondents that a stratum must hold; smaller ones are joined."""
DRAWS = 2_000


@dataclass(frozen=True)
class Bounds:
    """Ends between which a share can lie. There is no point inside them that is more likely."""

    lower: float
    upper: float


@dataclass(frozen=True)
class Told:
    """Bounds before and after widening, each with the 95% limits of its outer side.

    low, high: the lower bound's lower and the upper bound's upper 95% limit. plain: as counted.
    widened: less or more the bootstrap's estimate of how far sampling draws them together.
    """

    plain: Bounds
    widened: Bounds
    low: float
    high: float
    strata: int


def overlap(need: float, service: float) -> Bounds:
    """Share of the population in both circles, from the two margins alone."""
    return Bounds(max(0.0, need + service - 1), min(need, service))


def summed(population: np.ndarray, need: np.ndarray, service: np.ndarray) -> Bounds:
    """The same, summed over strata in which both margins are known.

    population: share of the population in each stratum. need, service: shares of the population in the
    stratum and the circle (need <= population). A service margin that is not known (NaN) takes the
    outer bound of its stratum: none to all of those in need.
    """
    unknown = np.isnan(service)
    known = np.where(unknown, 0.0, service)
    lower = np.where(unknown, 0.0, np.maximum(0.0, need + known - population))
    upper = np.where(unknown, need, np.minimum(need, known))
    return Bounds(float(lower.sum()), float(upper.sum()))


def coverage(bounds: Bounds, need: float) -> Bounds:
    """Of those with high need, the share in contact."""
    return Bounds(bounds.lower / need, bounds.upper / need)


def collapsed(table: pl.DataFrame) -> pl.DataFrame:
    """Strata joined until each holds at least LEAST respondents.

    table: stratum (text, coarse part first, "|" between), n, population, service. Strata that are too
    small join those that share all but their last part, at last all others.
    Columns: stratum, joined (its new name).
    """
    out = table.select("stratum", "n", joined=pl.col("stratum"))
    depth = int(table["stratum"].str.count_matches(r"\|").max() or 0) if table.height else 0  # type: ignore[arg-type]
    for keep in range(depth, -1, -1):
        small = pl.col("n").sum().over("joined") < LEAST
        name = pl.col("joined").str.split("|").list.head(keep).list.join("|")
        # Siblings of a small stratum join with it, else the rest of the branch would stay too small.
        branch = pl.col("joined").str.split("|").list.head(keep).list.join("|")
        out = out.with_columns(
            joined=pl.when(small.any().over(branch)).then(name).otherwise("joined")
        )
    return out.select("stratum", "joined")


def bounds(strata: Strata, draws: int = DRAWS, seed: int = 1) -> Told:
    """Bounds on the overlap as a share of the population, with limits from a bootstrap by school.

    Summed bounds over sparse strata are drawn inwards by sampling noise (the mean of max(0, x) is at
    least the max of 0 and the mean); each end is moved outwards by the bootstrap's estimate of that,
    never inwards.
    """
    from threecircles.core.seeds import rng

    factors = bootstrap_factors(strata.structure, draws, rng(seed, "frechet"))
    plain = summed(strata.population, strata.need(), strata.service)
    drawn = [
        summed(strata.population, strata.need(factors[:, j]), strata.service) for j in range(draws)
    ]
    lowers, uppers = np.array([b.lower for b in drawn]), np.array([b.upper for b in drawn])
    inward_low = max(0.0, float(lowers.mean()) - plain.lower)
    inward_high = max(0.0, plain.upper - float(uppers.mean()))
    widened = Bounds(max(0.0, plain.lower - inward_low), min(1.0, plain.upper + inward_high))
    return Told(
        plain,
        widened,
        max(0.0, min(widened.lower, float(np.quantile(lowers - inward_low, 0.025)))),
        min(1.0, max(widened.upper, float(np.quantile(uppers + inward_high, 0.975)))),
        len(strata.population),
    )


def words(lower: float, upper: float) -> str:
    """The fixed words of the anonymous mode; lower and upper of the coverage."""
    return (
        "The survey was anonymous, so we cannot see which children get help. Between "
        f"{round(100 * lower)} and {round(100 * upper)} in 100 of children with high need can be in "
        "contact with services."
    )


def told_rows(told: Told, need: float) -> Sequence[dict[str, object]]:
    """Rows of circles-bounds: no row has a value, only ends."""
    rows = []
    for method, ends in (("as_counted", told.plain), ("widened", told.widened)):
        for measure, b in (("both", ends), ("coverage", coverage(ends, need))):
            rows.append(
                {"method": method, "measure": measure, "low": b.lower, "high": min(1.0, b.upper)}
            )
    limits = Bounds(told.low, told.high)
    for measure, b in (("both", limits), ("coverage", coverage(limits, need))):
        rows.append(
            {
                "method": "with_sampling",
                "measure": measure,
                "low": b.lower,
                "high": min(1.0, b.upper),
            }
        )
    return rows
