"""Limits within which units differ by chance: without them a third of schools would be called out by luck.

Source: Spiegelhalter, Statistics in Medicine 24 (2005) 1185-1202.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIMITS = {"95": 1.959963984540054, "99.8": 3.090232306167813}
"""Two-sided limits of the normal distribution."""


@dataclass(frozen=True)
class Funnel:
    """means, n: of each unit, in order of `units`. limits: name -> (lower, upper), one a unit."""

    units: tuple[str, ...]
    means: np.ndarray
    n: np.ndarray
    centre: float
    limits: dict[str, tuple[np.ndarray, np.ndarray]]

    def outside(self, name: str) -> np.ndarray:
        """Which units lie outside the limit of that name."""
        low, high = self.limits[name]
        return (self.means < low) | (self.means > high)


def funnel(y: np.ndarray, unit: np.ndarray, weight: np.ndarray | None = None) -> Funnel:
    """Limits for the means of units about the mean of all.

    y: answers; unit: a name for each; weight: of each answer (None = 1). The standard error is the
    standard deviation within units over the root of the effective number of answers.
    """
    names, at = np.unique(np.asarray(unit).astype(str), return_inverse=True)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float)
    whole = np.bincount(at, w)
    means = np.bincount(at, w * y) / whole
    n = np.bincount(at).astype(float)
    effective = whole**2 / np.bincount(at, w**2)
    centre = float((w * y).sum() / w.sum())
    degrees = max(len(y) - len(names), 1)
    within = np.sqrt((np.bincount(at, w * (y - means[at]) ** 2).sum() / w.sum()) * len(y) / degrees)
    error = within / np.sqrt(effective)
    limits = {name: (centre - z * error, centre + z * error) for name, z in LIMITS.items()}
    return Funnel(tuple(names), means, n, centre, limits)
