"""How well an early measure tells children apart later, as a group: no cut-off is sought and no child is scored.

Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from threecircles.core.intervals import Interval, wilson


@dataclass(frozen=True)
class Area:
    """Area under the curve: chance that a child with the later outcome scored higher, ties half."""

    value: float
    se: float
    low: float
    high: float
    yes: int
    no: int


def area_under_curve(
    yes: np.ndarray,
    no: np.ndarray,
    weight_yes: np.ndarray | None = None,
    weight_no: np.ndarray | None = None,
) -> Area:
    """Scores of those with and without the later outcome. Raises ValueError below two of either.

    weights: of each child; None = 1.
    """
    if min(len(yes), len(no)) < 2:
        raise ValueError("Two children of either kind are needed.")
    a = np.ones(len(yes)) if weight_yes is None else weight_yes / weight_yes.mean()
    b = np.ones(len(no)) if weight_no is None else weight_no / weight_no.mean()
    higher = _placed(yes, no, b)
    lower = 1 - _placed(no, yes, a)
    value = float(np.average(higher, weights=a))
    spread = float((a**2 * (higher - value) ** 2).sum()) / (len(yes) - 1) / len(yes)
    spread += float((b**2 * (lower - value) ** 2).sum()) / (len(no) - 1) / len(no)
    se = float(np.sqrt(spread))
    half = float(ndtri(0.975)) * se
    return Area(value, se, max(0.0, value - half), min(1.0, value + half), len(yes), len(no))


def at_cut(flagged_yes: int, yes: int, flagged_no: int, no: int) -> tuple[Interval, Interval]:
    """Wilson intervals of sensitivity and specificity at a published cut."""
    return wilson(flagged_yes, yes), wilson(no - flagged_no, no)


def _placed(these: np.ndarray, others: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """For each of these the weighted share of others below it, ties half."""
    order = np.argsort(others, kind="stable")
    ranked, mass = others[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    below = mass[np.searchsorted(ranked, these, side="left")]
    upto = mass[np.searchsorted(ranked, these, side="right")]
    return (below + upto) / 2 / mass[-1]
