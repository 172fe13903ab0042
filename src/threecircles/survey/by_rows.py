"""Estimates from weights row by row, for raked and replicate weights: sums by unit cannot carry these.

After raking the variance is that of the residuals from the margins; with replicate weights it is the
spread of the estimate over the replicates. Source: Deville and Särndal, J. Am. Stat. Assoc. 87 (1992)
376-382; Wolter, Introduction to Variance Estimation (2007), ch. 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.design import Kind
from threecircles.core.design_variance import Structure
from threecircles.core.raking import residuals


@dataclass(frozen=True)
class Rows:
    """Answers of one domain: which rows are in it, their y, and x (1 but for ratios). Null = nan."""

    kind: Kind
    member: np.ndarray
    y: np.ndarray
    x: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Rows of the domain that hold an answer."""
        return self.member & ~np.isnan(self.y) & ~np.isnan(self.x)

    def value(self, weights: np.ndarray) -> float:
        """The estimate under these weights; not a number where nobody answered."""
        known = self.known
        above = float((weights[known] * self.y[known]).sum())
        below = float((weights[known] * self.x[known]).sum())
        if self.kind == "total":
            return above
        return above / below if below else float("nan")

    def score(self, weights: np.ndarray) -> np.ndarray:
        """How far one unit of each row's weight moves the estimate."""
        known = self.known
        moved = np.zeros(len(self.y))
        if self.kind == "total":
            moved[known] = self.y[known]
            return moved
        below = float((weights[known] * self.x[known]).sum())
        moved[known] = (self.y[known] - self.value(weights) * self.x[known]) / below
        return moved


def raked_error(
    rows: Rows, frame: pl.DataFrame, weights: np.ndarray, margins: Sequence[str], built: Structure
) -> float:
    """Standard error after raking; built: the design with one row for each row of the frame."""
    z = weights * residuals(frame, rows.score(weights), margins)
    by_unit = np.bincount(built.row_unit, z, minlength=len(built.unit_stratum))
    return float(np.sqrt(built.covariance(by_unit[:, None])[0, 0]))


def replicate_error(
    rows: Rows, full: np.ndarray, replicates: np.ndarray, factors: np.ndarray, about: str = "mean"
) -> float:
    """Standard error over replicate weights (rows x replicates); factors: what each square counts."""
    values = np.array([rows.value(replicates[:, j]) for j in range(replicates.shape[1])])
    known = ~np.isnan(values)
    used = known & (factors > 0)
    centre = rows.value(full) if about == "estimate" else float(values[used].mean())
    return float(np.sqrt((factors[used] * (values[used] - centre) ** 2).sum()))


def simple_variance(rows: Rows, weights: np.ndarray) -> float:
    """Variance of the same estimate under simple random sampling with replacement, for design effects."""
    known = rows.known & (weights > 0)
    w, n = weights[known], int(known.sum())
    if n < 2:
        return float("nan")
    moved = rows.y[known] - (0 if rows.kind == "total" else rows.value(weights) * rows.x[known])
    centre = (w * moved).sum() / w.sum() if rows.kind == "total" else 0.0
    spread = float((w * (moved - centre) ** 2).sum() / w.sum())
    below = 1.0 if rows.kind == "total" else float((w * rows.x[known]).sum())
    return spread * (w.sum() / below) ** 2 / (n - 1)
