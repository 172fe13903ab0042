"""How much sooner or later an end comes: times that were cut short would else count as ends or not at all.

Cox regression with Efron's ties. Source: Efron, J. Am. Stat. Assoc. 72 (1977) 557-565.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri


@dataclass(frozen=True)
class Hazard:
    """Log hazard ratio of each column with its error, and ratio with 95% ends of the first."""

    log_ratio: np.ndarray
    se: np.ndarray

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Ratio of the first column, low, high."""
        b, half = float(self.log_ratio[0]), float(ndtri(0.975)) * float(self.se[0])
        return float(np.exp(b)), float(np.exp(b - half)), float(np.exp(b + half))


def hazard_ratio(
    days: np.ndarray, ended: np.ndarray, x: np.ndarray, cluster: np.ndarray | None = None
) -> Hazard:
    """Log hazard ratios of the columns of x.

    days: to the end or to the last day seen. ended: 1 where the end was seen. cluster: errors by cluster
    (sandwich of score residuals); None = by the information. Raises ValueError when it does not settle.
    """
    x = np.asarray(x, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    b = np.zeros(x.shape[1])
    for _ in range(50):
        score, information = _score(days, ended, x, b)
        step = np.linalg.solve(information, score)
        b = b + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    else:
        raise ValueError("The hazard ratio did not settle: an arm may hold no end at all.")
    inverse = np.linalg.inv(_score(days, ended, x, b)[1])
    if cluster is None:
        return Hazard(b, np.sqrt(np.diag(inverse)))
    left = _residuals(days, ended, x, b)
    names, place = np.unique(cluster, return_inverse=True)
    sums = np.zeros((len(names), x.shape[1]))
    np.add.at(sums, place, left)
    middle = sums.T @ sums * len(names) / max(1, len(names) - 1)
    return Hazard(b, np.sqrt(np.diag(inverse @ middle @ inverse)))


def _score(
    days: np.ndarray, ended: np.ndarray, x: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    risk = np.exp(x @ b)
    score, information = np.zeros(len(b)), np.zeros((len(b), len(b)))
    for day in np.unique(days[ended == 1]):
        at_risk, now = days >= day, (days == day) & (ended == 1)
        count = int(now.sum())
        for part in range(count):
            # Efron: of those who end on one day, the last to go was at risk with fewer of the others.
            weight = risk * at_risk - part / count * risk * now
            mean = weight @ x / weight.sum()
            score -= mean
            information += (x * weight[:, None]).T @ x / weight.sum() - np.outer(mean, mean)
        score += x[now].sum(axis=0)
    return score, information


def _residuals(days: np.ndarray, ended: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Score residuals, a row a child."""
    risk = np.exp(x @ b)
    left = np.zeros_like(x)
    for day in np.unique(days[ended == 1]):
        at_risk, now = days >= day, (days == day) & (ended == 1)
        count = int(now.sum())
        for part in range(count):
            weight = risk * at_risk - part / count * risk * now
            mean = weight @ x / weight.sum()
            left[now] += (x[now] - mean) / count
            left -= weight[:, None] / weight.sum() * (x - mean)
    return left
