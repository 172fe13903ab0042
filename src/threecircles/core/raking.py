"""Weights raked to known margins, and the variance that raking leaves: reusing plain formulas overstates it.

Source: Deming and Stephan, Ann. Math. Stat. 11 (1940) 427-444; variance by residuals from the margins:
Deville and Särndal, J. Am. Stat. Assoc. 87 (1992) 376-382.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.design_variance import Structure
from threecircles.core.errors import UsageError


@dataclass(frozen=True)
class Raked:
    """New weights, passes needed, and the margins that did not reach their totals."""

    weights: np.ndarray
    passes: int
    unmet: tuple[str, ...]

    @property
    def kish(self) -> float:
        """Kish's design effect of unequal weights, n Σw² / (Σw)²."""
        w = self.weights[self.weights > 0]
        return float(len(w) * (w**2).sum() / w.sum() ** 2)


def rake(
    frame: pl.DataFrame,
    weight: np.ndarray,
    margins: Mapping[str, Mapping[object, float]],
    tolerance: float = 1e-10,
    passes: int = 100,
) -> Raked:
    """Weights whose sums meet each margin.

    margins: column -> value -> population total. tolerance: greatest relative miss. Categories of the
    frame that a margin lacks, and the reverse, are refused: they cannot be met by any weight.
    """
    cells = {c: _cells(frame[c], totals, c) for c, totals in margins.items()}
    w = np.asarray(weight, dtype=float).copy()
    done = 0
    while done < passes:
        done += 1
        for index, target in cells.values():
            w *= (target / np.bincount(index, w, minlength=len(target)))[index]
        if all(_miss(w, *cell) <= tolerance for cell in cells.values()):
            break
    unmet = tuple(c for c, cell in cells.items() if _miss(w, *cell) > tolerance)
    return Raked(w, done, unmet)


def trim(weights: np.ndarray, times_median: float = 5.0) -> np.ndarray:
    """Weights cut at a multiple of their median, the mass cut off spread over the others in proportion."""
    limit = times_median * float(np.median(weights[weights > 0]))
    over = weights > limit
    cut = float((weights[over] - limit).sum())
    rest = float(weights[~over].sum())
    if cut == 0 or rest == 0:
        return weights
    return np.where(over, limit, weights * (1 + cut / rest))


def raked_mean(
    frame: pl.DataFrame, y: str, weights: np.ndarray, margins: Sequence[str], structure: Structure
) -> tuple[float, float]:
    """Mean of y and its standard error after raking; structure has one row for each row of the frame."""
    values = frame[y].to_numpy().astype(float)
    centre = float((weights * values).sum() / weights.sum())
    score = (values - centre) / weights.sum()
    return centre, _error(frame, score, weights, margins, structure)


def raked_total(
    frame: pl.DataFrame, y: str, weights: np.ndarray, margins: Sequence[str], structure: Structure
) -> tuple[float, float]:
    """Total of y and its standard error after raking."""
    values = frame[y].to_numpy().astype(float)
    return float((weights * values).sum()), _error(frame, values, weights, margins, structure)


def residuals(
    frame: pl.DataFrame, score: np.ndarray, margins: Sequence[str], passes: int = 10
) -> np.ndarray:
    """The score less its mean in every category of every margin, taken in turn."""
    left = score.astype(float).copy()
    codes = [frame[m].rank("dense").to_numpy().astype(int) - 1 for m in margins]
    for _ in range(passes):
        for code in codes:
            left -= (np.bincount(code, left) / np.bincount(code))[code]
    return left


def _error(
    frame: pl.DataFrame,
    score: np.ndarray,
    weights: np.ndarray,
    margins: Sequence[str],
    structure: Structure,
) -> float:
    z = weights * residuals(frame, score, margins)
    by_unit = np.bincount(structure.row_unit, z, minlength=len(structure.unit_stratum))
    return float(np.sqrt(structure.covariance(by_unit[:, None])[0, 0]))


def _cells(
    values: pl.Series, totals: Mapping[object, float], column: str
) -> tuple[np.ndarray, np.ndarray]:
    names = list(totals)
    position = {name: i for i, name in enumerate(names)}
    unknown = sorted({str(v) for v in values.unique().to_list() if v not in position})
    empty = sorted(str(n) for n in names if not (values == n).any())
    if unknown or empty:
        raise UsageError(
            f"The margin {column} and the answers do not hold the same categories.",
            found="; ".join(
                part
                for part in (
                    f"no total for {', '.join(unknown)}" if unknown else "",
                    f"no answer in {', '.join(empty)}" if empty else "",
                )
                if part
            ),
            mend="Join categories, or leave the margin out.",
        )
    index = np.array([position[v] for v in values.to_list()], dtype=int)
    return index, np.array([float(totals[n]) for n in names])


def _miss(w: np.ndarray, index: np.ndarray, target: np.ndarray) -> float:
    return float(np.max(np.abs(np.bincount(index, w, minlength=len(target)) / target - 1)))
