"""An outcome of areas against their deprivation: which do well despite it is not to be read off a ranking.

Counts by area are fitted on the covariates by a logistic line; areas vary more than chance allows, so limits
are widened by the overdispersion seen. Source: McCullagh and Nelder, Generalized Linear Models (1989)
section 4.5; Spiegelhalter, Stat. Med. 24 (2005) 1185-1202. No area is ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.fay_herriot import fay_herriot

LIMITS = (1.96, 3.09)
"""95% and 99.8% limits of a funnel."""
LEAST = 30
"""Children below which an area is too small to say anything of it."""


@dataclass(frozen=True)
class AreaAnalysis:
    """areas: one row an area, in the order given, never by size of its residual.

    Columns: area, n, observed, expected, difference (children more than expected), residual (standard),
    residual_wide (divided by the root of the overdispersion), shrunken, shrunken_low, shrunken_high
    (log-odds), word. coefficients: of intercept and covariates. overdispersion: Pearson's chi-squared
    over its degrees of freedom. correlation: of the share with the first covariate.
    """

    areas: pl.DataFrame
    coefficients: np.ndarray
    errors: np.ndarray
    overdispersion: float
    correlation: float

    def beyond(self, limit: float, wide: bool = True) -> float:
        """Share of areas whose residual lies beyond a limit, with or without overdispersion."""
        column = "residual_wide" if wide else "residual"
        return float((self.areas[column].abs().to_numpy() > limit).mean())

    def sentence(self) -> str:
        """What the fit says, in words that claim no cause."""
        outside, of = round(self.beyond(LIMITS[0]) * self.areas.height), self.areas.height
        return (
            f"Areas differ {self.overdispersion:.1f} times as much as chance and the line explain. With that "
            f"allowed for, {outside} of {of} areas lie outside what is expected; one in twenty would by chance."
        )


def analyse(areas: pl.DataFrame, covariates: Sequence[str]) -> AreaAnalysis:
    """Observed against expected by area.

    areas: area, y (children with the outcome), n (children), and the covariates. Raises UsageError where
    y exceeds n, a covariate is missing, or areas are fewer than the covariates allow.
    """
    _refuse(areas, covariates)
    y, n = (areas[c].cast(pl.Float64).to_numpy() for c in ("y", "n"))
    x = np.column_stack(
        [np.ones(len(y)), *(areas[c].cast(pl.Float64).to_numpy() for c in covariates)]
    )
    beta = _logistic(x, y, n)
    p = 1 / (1 + np.exp(-x @ beta))
    spread = n * p * (1 - p)
    residual = (y - n * p) / np.sqrt(spread)
    phi = float((residual**2).sum() / (len(y) - x.shape[1]))
    wide = residual / np.sqrt(max(phi, 1.0))
    errors = np.sqrt(np.diag(np.linalg.inv((x * spread[:, None]).T @ x)) * max(phi, 1.0))
    # On the log-odds scale the residual is nearly normal, and its area part is drawn towards the line.
    drawn = fay_herriot(x @ beta + (y - n * p) / spread, 1 / spread, x)
    shrunken, half = drawn.estimate - drawn.synthetic, 1.96 * np.sqrt(drawn.mse)
    words = np.select(
        [n < LEAST, wide > LIMITS[0], wide < -LIMITS[0]],
        ["too few to say", "higher than expected", "lower"],
        "as expected",
    )
    told = areas.select("area", n=pl.col("n").cast(pl.Int64), observed=pl.col("y").cast(pl.Int64))
    told = told.with_columns(
        expected=n * p, difference=y - n * p, residual=residual, residual_wide=wide, shrunken=shrunken,
        shrunken_low=shrunken - half, shrunken_high=shrunken + half, word=pl.Series(words.astype(str)),
    )  # fmt: skip
    correlation = float(np.corrcoef(y / n, x[:, 1])[0, 1]) if len(covariates) else float("nan")
    return AreaAnalysis(told, beta, errors, phi, correlation)


def joined(outcome: pl.DataFrame, deprivation: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Areas held by both, and a list of those of the outcome that the other lacks (abolished, unknown).

    outcome: area, y, n. deprivation: area and covariates. Both must name one vintage of areas; codes that
    do not meet are named, never dropped in silence.
    """
    lost = outcome.join(deprivation, on="area", how="anti")["area"].sort().to_list()
    return outcome.join(deprivation, on="area", how="inner", maintain_order="left"), lost


def _refuse(areas: pl.DataFrame, covariates: Sequence[str]) -> None:
    bad = areas.filter((pl.col("y") > pl.col("n")) | (pl.col("n") <= 0))
    if bad.height:
        raise UsageError(
            "More children have the outcome than there are.", where=f"area {bad['area'][0]}",
            found=f"{bad['y'][0]} of {bad['n'][0]}", mend="Take both from the same table and year.",
        )  # fmt: skip
    for c in covariates:
        if areas[c].null_count():
            area = areas.filter(pl.col(c).is_null())["area"][0]
            raise UsageError(
                f"{c} is not known of every area.", where=f"area {area}",
                mend="Leave the area out, or bring its value; an unknown one is not nought.",
            )  # fmt: skip
    if areas.height <= len(covariates) + 2:
        raise UsageError("There are too few areas for a line.", found=f"{areas.height} areas")


def _logistic(x: np.ndarray, y: np.ndarray, n: np.ndarray) -> np.ndarray:
    b = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ b))
        step = np.linalg.solve((x * (n * p * (1 - p))[:, None]).T @ x, x.T @ (y - n * p))
        b = b + step
        if np.abs(step).max() < 1e-12:
            break
    return np.asarray(b)
