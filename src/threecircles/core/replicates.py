"""Replicate weights: without them a statistic with no formula (a median, a model) would have no error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from threecircles.core.design_variance import Structure


def jackknife(structure: Structure, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stratified jackknife (JKn): one replicate a unit, its stratum's others scaled up.

    structure: one row for each respondent. Returns weights (respondents x replicates) and the factor
    (n - 1) / n of each replicate, less the share drawn. Source: Wolter, Variance Estimation (2007) ch. 4.
    """
    units = len(structure.unit_stratum)
    n = structure.size[structure.unit_stratum]
    same = structure.row_stratum[:, None] == structure.unit_stratum[None, :]
    dropped = structure.row_unit[:, None] == np.arange(units)[None, :]
    factor = np.where(dropped, 0.0, np.where(same, n / np.maximum(n - 1, 1), 1.0))
    left = structure.scale[structure.unit_stratum] * (n - 1) / n
    return weights[:, None] * factor, left * (n - 1) / n


def bootstrap(
    structure: Structure, weights: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Rescaled bootstrap by unit: n - 1 of a stratum's n units drawn with replacement.

    Returns weights (respondents x draws). Source: Rao and Wu, J. Am. Stat. Assoc. 83 (1988) 231-241.
    """
    return weights[:, None] * bootstrap_factors(structure, draws, rng)[structure.row_unit]


def bootstrap_factors(structure: Structure, draws: int, rng: np.random.Generator) -> np.ndarray:
    """What each unit's weights are multiplied by in each draw (units x draws)."""
    factor = np.ones((len(structure.unit_stratum), draws))
    for h, size in enumerate(structure.size.astype(int)):
        if size < 2:
            continue
        drawn = rng.multinomial(size - 1, np.full(size, 1 / size), size=draws).T
        factor[structure.unit_stratum == h] = drawn * size / (size - 1)
    return factor


def replicate_error(
    statistic: Callable[[np.ndarray], float], replicates: np.ndarray, factors: np.ndarray
) -> float:
    """Standard error of a statistic of weights, about the mean of the replicates."""
    values = np.array([statistic(replicates[:, j]) for j in range(replicates.shape[1])])
    used = factors > 0
    return float(np.sqrt((factors * (values - values[used].mean()) ** 2).sum()))
