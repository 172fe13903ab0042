"""Small-area estimates by Fay and Herriot: without them small places would show only noise, or nothing.

A direct estimate of each area with known sampling variance is drawn towards a line through covariates,
the more the noisier it is. Sources: Fay and Herriot, J. Am. Stat. Assoc. 74 (1979) 269-277; Prasad and
Rao, J. Am. Stat. Assoc. 85 (1990) 163-171 (mean squared error); Rao and Molina, Small Area Estimation
(2015) ch. 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.errors import UsageError

BOUNDARY = "No variation between areas can be seen beyond the covariates; estimates are synthetic."


@dataclass(frozen=True)
class SmallArea:
    """estimate, mse: by area, in order. shrinkage: weight of the direct estimate (gamma).

    variance: of areas about the line. coefficients, errors: of the line. synthetic: the line alone.
    message: said beside the estimates, or "". steps: iterations needed.
    """

    estimate: np.ndarray
    mse: np.ndarray
    shrinkage: np.ndarray
    synthetic: np.ndarray
    variance: float
    coefficients: np.ndarray
    errors: np.ndarray
    message: str
    steps: int


def fay_herriot(direct: np.ndarray, variance: np.ndarray, x: np.ndarray) -> SmallArea:
    """Empirical best linear unbiased predictors by restricted maximum likelihood.

    direct: estimates by area; not a number where an area has no sample (its estimate is the line).
    variance: their sampling variances. x: areas x p, with the intercept among them.
    Raises UsageError when variances are not above 0, or areas are too few for the covariates.
    """
    y, psi, x = (np.asarray(a, dtype=float) for a in (direct, variance, x))
    sampled = np.isfinite(y)
    if (psi[sampled] <= 0).any() or not np.isfinite(psi[sampled]).all():
        raise UsageError(
            "A direct estimate has a sampling variance that is not above nought.",
            found=f"{int((~(psi[sampled] > 0)).sum())} areas",
            mend="Smooth the variances first (smoothed_variances), or leave those areas out.",
        )
    if sampled.sum() <= x.shape[1]:
        raise UsageError("There are too few areas with a sample for so many covariates.")
    sigma, steps = _reml(y[sampled], psi[sampled], x[sampled])
    v = sigma + psi[sampled]
    inverse = np.linalg.inv((x[sampled] / v[:, None]).T @ x[sampled])
    beta = inverse @ (x[sampled] / v[:, None]).T @ y[sampled]
    line = x @ beta
    gamma = np.where(sampled, sigma / (sigma + np.where(sampled, psi, 1.0)), 0.0)
    estimate = np.where(sampled, gamma * np.where(sampled, y, 0) + (1 - gamma) * line, line)
    spread = np.einsum("ij,jk,ik->i", x, inverse, x)
    of_sigma = 2 / (1 / v**2).sum()
    g1 = gamma * np.where(sampled, psi, 0)
    g2 = (1 - gamma) ** 2 * spread
    g3 = np.where(sampled, psi**2 / (sigma + np.where(sampled, psi, 1.0)) ** 3 * of_sigma, 0)
    mse = np.where(sampled, g1 + g2 + 2 * g3, sigma + spread)
    message = BOUNDARY if sigma == 0 else ""
    return SmallArea(
        estimate, mse, gamma, line, sigma, beta, np.sqrt(np.diag(inverse)), message, steps
    )


def smoothed_variances(direct: np.ndarray, variance: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Variances of proportions from one design effect fitted over all areas.

    For areas of fewer than 10 answers, or whose own variance is nought. direct: proportions; n: answers.
    """
    p = np.clip(direct, 1e-3, 1 - 1e-3)
    simple = p * (1 - p) / np.maximum(n, 1)
    good = (variance > 0) & (n >= 10)
    if not good.any():
        raise UsageError("No area has a variance from which others could be smoothed.")
    deff = float(np.median(variance[good] / simple[good]))
    return np.where(good, variance, deff * simple)


def benchmarked(
    result: SmallArea, weight: np.ndarray, total: float, how: str = "ratio"
) -> np.ndarray:
    """Estimates made to add to the direct total: sum(weight x estimate) = total.

    how: "ratio" (all by one factor) or "difference" (spread by each area's mean squared error). The
    mean squared errors stay those before.
    """
    gap = total - float(weight @ result.estimate)
    if how == "ratio":
        return result.estimate * total / float(weight @ result.estimate)
    share = weight * result.mse
    return result.estimate + result.mse * gap / float(share @ np.ones(len(share)))


def _reml(y: np.ndarray, psi: np.ndarray, x: np.ndarray) -> tuple[float, int]:
    """Variance between areas by Fisher scoring on the restricted likelihood, begun at the best of a grid."""
    grid = np.concatenate([[0.0], np.var(y) * np.geomspace(1e-4, 4, 25)])
    sigma = float(grid[np.argmax([_restricted(s, y, psi, x) for s in grid])])
    steps = 0
    for steps in range(1, 201):
        w = 1 / (sigma + psi)
        inverse = np.linalg.inv((x * w[:, None]).T @ x)
        residual = y - x @ (inverse @ (x * w[:, None]).T @ y)
        h = w * np.einsum("ij,jk,ik->i", x, inverse, x)
        # Traces of P and P squared, P the projection of the restricted likelihood, without forming it.
        trace = (w * (1 - h)).sum()
        cross = (x * (w**2)[:, None]).T @ x @ inverse
        trace_square = (
            (w**2).sum()
            - 2 * np.trace((x * (w**3)[:, None]).T @ x @ inverse)
            + np.trace(cross @ cross)
        )
        score = -0.5 * trace + 0.5 * ((w * residual) ** 2).sum()
        step = score / (0.5 * trace_square)
        new = max(0.0, sigma + step)
        if abs(new - sigma) <= 1e-14 + 1e-12 * sigma:
            return new, steps
        sigma = new
    return sigma, steps


def _restricted(sigma: float, y: np.ndarray, psi: np.ndarray, x: np.ndarray) -> float:
    w = 1 / (sigma + psi)
    cross = (x * w[:, None]).T @ x
    residual = y - x @ np.linalg.solve(cross, (x * w[:, None]).T @ y)
    return float(
        0.5 * np.log(w).sum() - 0.5 * np.linalg.slogdet(cross)[1] - 0.5 * (w * residual**2).sum()
    )
