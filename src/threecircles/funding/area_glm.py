"""One model of counts in areas without random effects, its errors those of areas that differ more than chance lets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import xlogy

from threecircles.core.errors import UsageError
from threecircles.core.multilevel.checks import as_number, refuse
from threecircles.funding.shares import Floats

INTERCEPT = "(intercept)"


@dataclass(frozen=True)
class Quasi:
    """A quasi-Poisson fit. dispersion: Pearson's chi-squared over its degrees of freedom.

    standard_errors: by name, quasi-likelihood, or clustered by authority when clusters were named.
    explained: 1 - deviance / deviance of the rate alone. exposure: the column of the offset.
    """

    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    dispersion: float
    explained: float
    exposure: str

    def predict(self, table: pl.DataFrame) -> Floats:
        """Expected counts of rows with the same columns."""
        eta = np.full(table.height, self.coefficients[INTERCEPT])
        for name, b in self.coefficients.items():
            if name != INTERCEPT:
                eta += b * table[name].to_numpy()
        return np.asarray(np.exp(eta) * table[self.exposure].to_numpy(), dtype=np.float64)


def quasi_poisson(
    table: pl.DataFrame,
    *,
    outcome: str,
    exposure: str,
    numeric: Sequence[str],
    clusters: str | None = None,
) -> Quasi:
    """Fit log E(outcome) = log(exposure) + intercept + slopes by iteratively reweighted least squares.

    clusters: column of authorities; errors are then the sandwich with the CR1 factor.
    Source: McCullagh and Nelder, Generalized Linear Models (1989), 4.5, 9.2.
    """
    y, size = as_number(table, outcome).to_numpy(), as_number(table, exposure).to_numpy()
    refuse(pl.Series(size <= 0), f"{exposure}, the exposure, is not above 0")
    x = np.column_stack([np.ones(len(y)), *(as_number(table, c).to_numpy() for c in numeric)])
    if len(y) <= x.shape[1]:
        raise UsageError(
            f"{len(y)} rows cannot carry {x.shape[1]} coefficients.", mend="Name fewer terms."
        )
    b = np.zeros(x.shape[1])
    b[0] = np.log(y.sum() / size.sum())
    for _ in range(50):
        mu = size * np.exp(x @ b)
        step = np.linalg.solve((x.T * mu) @ x, x.T @ (y - mu))
        b = b + step
        if np.abs(step).max() < 1e-12:
            break
    mu = size * np.exp(x @ b)
    dispersion = float(((y - mu) ** 2 / mu).sum() / (len(y) - len(b)))
    inverse = np.linalg.inv((x.T * mu) @ x)
    covariance = inverse * dispersion
    if clusters is not None:
        covariance = clustered(inverse, x * (y - mu)[:, None], table[clusters].cast(pl.Utf8))
    names = (INTERCEPT, *numeric)
    null = size * y.sum() / size.sum()
    return Quasi(
        dict(zip(names, b.tolist(), strict=True)),
        dict(zip(names, np.sqrt(np.diag(covariance)).tolist(), strict=True)),
        dispersion,
        float(1 - _deviance(y, mu) / _deviance(y, null)),
        exposure,
    )


def _deviance(y: Floats, mu: Floats) -> float:
    return float(2 * (xlogy(y, y / mu) - (y - mu)).sum())


def clustered(inverse: Floats, scores: Floats, clusters: pl.Series) -> Floats:
    """Sandwich covariance of scores summed by cluster. Source: Liang and Zeger, Biometrika 73 (1986) 13-22."""
    labels = clusters.unique(maintain_order=True)
    code = clusters.replace_strict(labels, list(range(len(labels))), return_dtype=pl.Int64)
    sums = np.zeros((len(labels), scores.shape[1]))
    np.add.at(sums, code.to_numpy(), scores)
    n, k, j = len(scores), scores.shape[1], len(labels)
    if j < 2:
        raise UsageError("Errors by authority need two of them.")
    factor = j / (j - 1) * (n - 1) / (n - k)
    return np.asarray(factor * inverse @ sums.T @ sums @ inverse, dtype=np.float64)
