"""Whether the questions of a scale hold together: without it a change could be noise of the ruler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError


@dataclass(frozen=True)
class Reliability:
    """alpha: Cronbach's. omega: of a one-factor model. item_rest: correlation with the others' sum."""

    n: int
    alpha: float
    omega: float
    item_rest: dict[str, float]


def reliability(
    answers: pl.DataFrame, reverse: tuple[str, ...] = (), ends: float = 0.0
) -> Reliability:
    """Reliability over complete cases.

    answers: one numeric column an item. reverse: items to be turned as `ends` less the answer (lowest
    plus highest answer). Raises UsageError with fewer than two items or three complete cases.
    Source: Cronbach, Psychometrika 16 (1951) 297-334; McDonald, Test Theory (1999) ch. 6.
    """
    turned = answers.with_columns((ends - pl.col(c)).alias(c) for c in reverse).drop_nulls()
    x = turned.to_numpy().astype(float)
    n, k = x.shape
    if k < 2 or n < 3:
        raise UsageError(
            "Reliability needs two items and three full answers.", found=f"{k} and {n}"
        )
    spread = np.cov(x, rowvar=False)
    total = x.sum(axis=1)
    alpha = k / (k - 1) * (1 - np.trace(spread) / spread.sum())
    rest = {
        c: float(np.corrcoef(x[:, i], total - x[:, i])[0, 1]) for i, c in enumerate(turned.columns)
    }
    return Reliability(n, float(alpha), omega(spread), rest)


def omega(spread: np.ndarray) -> float:
    """McDonald's omega from a covariance matrix, by maximum likelihood of one factor."""
    from scipy.optimize import minimize

    scale = np.sqrt(np.diag(spread))
    r = spread / np.outer(scale, scale)
    k = len(r)

    def misfit(v: np.ndarray) -> tuple[float, np.ndarray]:
        loading, unique = v[:k], np.exp(v[k:])
        model = np.outer(loading, loading) + np.diag(unique)
        inverse = np.linalg.inv(model)
        value = np.linalg.slogdet(model)[1] + np.trace(r @ inverse)
        slope = inverse - inverse @ r @ inverse
        return float(value), np.concatenate([2 * slope @ loading, np.diag(slope) * unique])

    first = np.linalg.eigh(r)
    start = first.eigenvectors[:, -1] * np.sqrt(max(first.eigenvalues[-1] - 1, 0.2))
    start = start * np.sign(start.sum() or 1.0)
    begin = np.concatenate([start, np.log(np.clip(1 - start**2, 0.1, 1.0))])
    found = minimize(misfit, begin, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    loading, unique = found.x[:k] * scale, np.exp(found.x[k:]) * scale**2
    return float(loading.sum() ** 2 / (loading.sum() ** 2 + unique.sum()))
