"""Estimates of many units drawn towards the whole by how little each one knows: without them small
schools would stand out by chance.

A random intercept by unit, fitted by restricted maximum likelihood. Source: Harville, J. Am. Stat.
Assoc. 72 (1977) 320-338; Efron and Morris, J. Am. Stat. Assoc. 70 (1975) 311-319.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.errors import UsageError


@dataclass(frozen=True)
class Shrunk:
    """A fitted model. coefficients: of the columns of x, the first being the constant.

    between, within: variances (tau², sigma²). units: names in order; effect: each unit's deviation,
    shrunk; error: its standard error of prediction; weight: lambda; n: answers of each unit.
    """

    coefficients: np.ndarray
    between: float
    within: float
    units: tuple[str, ...]
    effect: np.ndarray
    error: np.ndarray
    weight: np.ndarray
    n: np.ndarray

    @property
    def icc(self) -> float:
        """The share of the variance that lies between units."""
        return self.between / (self.between + self.within)


def shrink(y: np.ndarray, unit: np.ndarray, x: np.ndarray | None = None) -> Shrunk:
    """Random intercepts by unit.

    y: answers; unit: a name for each; x: columns beside the constant (None = none).
    Raises UsageError with fewer than two units or no unit of two answers.
    """
    names, at = np.unique(np.asarray(unit).astype(str), return_inverse=True)
    n = np.bincount(at).astype(float)
    if len(names) < 2 or n.max() < 2:
        raise UsageError(
            "Units can be compared where there are two or more, one with two answers at least.",
            found=f"{len(names)} units, the largest of {int(n.max())}",
        )
    y = np.asarray(y, dtype=float)
    design = np.column_stack([np.ones(len(y)), *([x] if x is not None else [])])
    sums = _Sums.of(y, design, at, n)
    theta = _best(sums)
    beta, residual, left = sums.solve(theta)
    within = residual / (len(y) - design.shape[1])
    between = theta * within
    weight = theta * n / (1 + theta * n)
    mean = (sums.y - sums.x @ beta) / n
    # What is not known of the coefficients adds to what is not known of the unit.
    far = (sums.x / n[:, None]) * (1 - weight)[:, None]
    error = np.sqrt(between * (1 - weight) + ((far @ left) * far).sum(axis=1) * within)
    return Shrunk(beta, between, within, tuple(names), weight * mean, error, weight, n)


@dataclass(frozen=True)
class _Sums:
    """Everything the likelihood needs: sums over all and by unit."""

    xx: np.ndarray
    xy: np.ndarray
    yy: float
    x: np.ndarray
    y: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, design: np.ndarray, at: np.ndarray, n: np.ndarray) -> _Sums:
        by_unit = np.column_stack([np.bincount(at, c, minlength=len(n)) for c in design.T])
        own = np.bincount(at, y, minlength=len(n))
        return cls(design.T @ design, design.T @ y, float(y @ y), by_unit, own, n)

    def solve(self, theta: float) -> tuple[np.ndarray, float, np.ndarray]:
        """Coefficients, weighted sum of squares and inverse information at tau²/sigma² = theta."""
        k = theta / (1 + theta * self.n)
        a = self.xx - (self.x * k[:, None]).T @ self.x
        b = self.xy - self.x.T @ (k * self.y)
        c = self.yy - float((k * self.y**2).sum())
        left = np.linalg.inv(a)
        beta = left @ b
        return beta, c - float(b @ beta), left

    def deviance(self, theta: float) -> float:
        """Twice the negative restricted log-likelihood, sigma² profiled out."""
        _, residual, left = self.solve(theta)
        degrees = self.n.sum() - len(self.xy)
        return float(
            degrees * np.log(residual) + np.log1p(theta * self.n).sum() - np.linalg.slogdet(left)[1]
        )


def _best(sums: _Sums) -> float:
    """The ratio of variances of greatest likelihood; nought when units differ no more than chance."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda v: sums.deviance(float(np.exp(v))),
        bounds=(-16.0, 6.0),
        method="bounded",
        options={"xatol": 1e-10, "maxiter": 500},
    )
    theta = float(np.exp(found.x))
    return theta if sums.deviance(theta) < sums.deviance(0.0) - 1e-9 else 0.0
