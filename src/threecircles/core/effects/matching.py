"""Users made comparable with non-users in what is known of both: without it users would differ before any help.

Overlap weights: each user weighs 1 - p, each other p, so that what was put in is alike to the last digit.
Source: Li, Morgan and Zaslavsky, J. Am. Stat. Assoc. 113 (2018) 390-400.
"""

from __future__ import annotations

import numpy as np


def overlap_weights(x: np.ndarray, used: np.ndarray) -> np.ndarray:
    """One weight a row. x: rows x columns known before the start, no constant. used: 1 or 0.

    Raises ValueError when the chance of use cannot be told (a column splits users and others wholly).
    """
    spread = x.std(axis=0)
    z = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)])
    b = np.zeros(z.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(z @ b, -30, 30)))
        step = np.linalg.lstsq((z * (p * (1 - p))[:, None]).T @ z, z.T @ (used - p), rcond=None)[0]
        b = b + np.clip(step, -3, 3)
        if np.abs(step).max() < 1e-10:
            return np.where(used == 1, 1 - p, p)
    raise ValueError("What is known splits users from others wholly; nobody is like anybody.")


def balance(x: np.ndarray, used: np.ndarray, weights: np.ndarray) -> list[tuple[float, float]]:
    """For each column the standardised difference before and after weighting."""
    told = []
    for column in x.T:
        one, two = column[used == 1], column[used == 0]
        spread = float(np.sqrt((one.var() + two.var()) / 2)) or 1.0
        after = np.average(one, weights=weights[used == 1]) - np.average(
            two, weights=weights[used == 0]
        )
        told.append((float(one.mean() - two.mean()) / spread, float(after) / spread))
    return told


def effective(weights: np.ndarray) -> float:
    """Kish's effective number of rows, (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def lee_bounds(value: np.ndarray, arm: np.ndarray) -> tuple[float, float]:
    """Least and most the difference in means can be, had those lost been followed. value: nan = lost.

    The arm that kept more is cut from above and from below until both kept alike. Source: Lee, Rev. Econ.
    Stud. 76 (2009) 1071-1102.
    """
    kept = {a: np.sort(value[(arm == a) & np.isfinite(value)]) for a in (0, 1)}
    share = {a: len(kept[a]) / max(1, int((arm == a).sum())) for a in (0, 1)}
    more = 1 if share[1] >= share[0] else 0
    cut = round((share[more] - share[1 - more]) / share[more] * len(kept[more]))
    low, high = kept[more][: len(kept[more]) - cut].mean(), kept[more][cut:].mean()
    other = kept[1 - more].mean()
    ends = (low - other, high - other) if more == 1 else (other - high, other - low)
    return float(ends[0]), float(ends[1])
