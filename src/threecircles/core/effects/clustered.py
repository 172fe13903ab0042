"""Least squares with errors by cluster that hold when clusters are few: plain ones would be far too sure.

CR2 with Satterthwaite degrees of freedom. Source: Bell and McCaffrey, Survey Methodology 28 (2002)
169-181; Pustejovsky and Tipton, J. Bus. Econ. Stat. 36 (2018) 672-683.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

MANY = 400
"""Clusters above which few-cluster corrections change nothing that is shown."""


@dataclass(frozen=True)
class Fitted:
    """One coefficient: value, standard error, degrees of freedom and 95% ends."""

    value: float
    se: float
    df: float
    low: float
    high: float

    @property
    def p(self) -> float:
        """Two-sided p by Student's t; 1 where the error is not to be had."""
        if not self.se > 0 or not np.isfinite(self.df):
            return 1.0
        return float(2 * stdtr(self.df, -abs(self.value / self.se)))


def least_squares(
    x: np.ndarray,
    y: np.ndarray,
    cluster: np.ndarray,
    weights: np.ndarray | None = None,
    coefficient: int = 0,
    level: float = 0.95,
) -> Fitted:
    """A coefficient of weighted least squares with its CR2 error.

    x: rows x columns (dependent columns are let fall by a pseudo-inverse). cluster: one value a row, the
    level at which the service was given. coefficient: column of x. The working model takes rows as
    independent with variance 1 / weight. Above MANY clusters plain errors by cluster (CR1) are the same to
    the eye and need no table of all rows by all rows. Raises ValueError below two clusters.
    """
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    z, v = x * root[:, None], y * root
    names, place = np.unique(cluster, return_inverse=True)
    if len(names) < 2:
        raise ValueError("An error by cluster needs two clusters.")
    bread = np.linalg.pinv(z.T @ z)
    beta = bread @ (z.T @ v)
    left = v - z @ beta
    aim = bread[coefficient] @ z.T
    value = float(beta[coefficient])
    if len(names) > MANY:
        sums = np.bincount(place, aim * left, len(names))
        se = float(np.sqrt((sums**2).sum() * len(names) / (len(names) - 1)))
        return _fitted(value, se, len(names) - 1, level)
    half, scores, parts = _half(bread), np.zeros(len(names)), []
    for g in range(len(names)):
        rows = place == g
        own = z[rows]
        adjusted = _adjusted(aim[rows], own @ half)
        scores[g] = adjusted @ left[rows]
        # The score as a sum of errors of all rows: own ones less what the fit takes of each.
        row = -(adjusted @ own @ bread) @ z.T
        row[rows] += adjusted
        parts.append(row)
    variance = float((scores**2).sum())
    spread = np.stack(parts)
    shared = spread @ spread.T
    df = float(np.trace(shared) ** 2 / (shared**2).sum())
    return _fitted(value, float(np.sqrt(variance)), df, level)


def _fitted(value: float, se: float, df: float, level: float) -> Fitted:
    half = float(stdtrit(df, (1 + level) / 2)) * se
    return Fitted(value, se, float(df), value - half, value + half)


def _half(matrix: np.ndarray) -> np.ndarray:
    """A matrix that gives the one asked for when multiplied with itself turned over."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def _adjusted(row: np.ndarray, own: np.ndarray) -> np.ndarray:
    """A row times the inverse root of (identity less own times own turned over).

    Through the few columns of `own`: a table of a cluster's rows by its rows would take hours for a school of
    thousands. A cluster that alone carries a column has a root of nought there: it says nothing of its error.
    """
    left, size, _ = np.linalg.svd(own, full_matrices=False)
    rest = 1 - size**2
    inverse = np.where(rest > 1e-10, 1 / np.sqrt(np.maximum(rest, 1e-10)), 0.0)
    return np.asarray(row + ((row @ left) * (inverse - 1)) @ left.T)
