"""Weights for pupils who did not answer, where not answering may hang on the answer itself.

Plain weights assume that, among pupils alike in what is known of all, those who answer are like those
who do not. Where the sad answer less they are not. Here the chance to answer depends on x, which may
hold an answer (known of respondents only), and is found from totals of z, known of everyone on roll:
z holds things that go with the answer but do not themselves decide who answers (free meals,
deprivation). With x made of known things only it is a plain response model.
Source: Deville, Proc. Stat. Canada Symp. (2000); Chang and Kott, Biometrika 95 (2008) 555-571.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.errors import ThreeCirclesError

STEPS = 200
LARGEST = 50.0
"""A weight above this stands for a chance to answer below 2 in 100: the model has then failed."""


@dataclass(frozen=True)
class Response:
    """weights: one a respondent. coefficients, errors: of x on the log-odds of answering.

    z: known things of respondents; pull: how a total moves when the calibration totals do. base: weights
    that an earlier stage left (1 / chance to be used, of those who answered); weights hold them.
    """

    weights: np.ndarray
    coefficients: np.ndarray
    errors: np.ndarray
    x: np.ndarray
    z: np.ndarray
    pull: np.ndarray
    base: np.ndarray

    def residuals(self, u: np.ndarray) -> np.ndarray:
        """What is left of each linearised variable once the calibration has taken its share.

        u: respondents x k. The sampling error of sum(weights x u) is that of sum(weights x residuals).
        """
        slope = -((self.weights - self.base)[:, None] * u).T @ self.x
        return u - self.z @ (slope @ self.pull).T


def fit(
    x: np.ndarray, z: np.ndarray, totals: np.ndarray, base: np.ndarray | None = None
) -> Response:
    """Weights base / chance to answer that meet the totals of z.

    x: respondents x p; z: respondents x q, q >= p; totals: of z over everyone; base: 1 where None. Where
    q > p the totals are met as nearly as their own noise allows (two-step generalised method of moments).
    Raises ThreeCirclesError when no such weights are found.
    """
    base = np.ones(len(x)) if base is None else base
    weight = np.linalg.pinv(z.T @ z / len(z))
    g = np.zeros(x.shape[1])
    g[0] = 1.0
    for _ in range(2 if z.shape[1] > x.shape[1] else 1):
        g = _solve(x, z, totals, base, weight, g)
        f = base * (1 + np.exp(-x @ g))
        noise = (z * (f * (f - 1))[:, None]).T @ z / len(z)
        weight = np.linalg.pinv(noise)
    f = base * (1 + np.exp(-x @ g))
    if not np.isfinite(f).all() or f.max() > LARGEST:
        raise ThreeCirclesError(
            "No weights for non-response could be found.",
            mend="Use fewer variables, or weights by school, year and sex.",
        )
    slope = -(z * (f - base)[:, None]).T @ x
    pull = np.linalg.pinv(slope.T @ weight @ slope) @ slope.T @ weight
    spread = pull @ ((z * (f * (f - 1))[:, None]).T @ z) @ pull.T
    return Response(f, g, np.sqrt(np.maximum(np.diag(spread), 0)), x, z, pull, base)


def chances(x: np.ndarray, yes: np.ndarray) -> np.ndarray:
    """The chance of each row to be a yes, by a logistic line in x (an intercept among its columns).

    For a stage whose own ground is seen of everybody in it: who of those that answered may be linked.
    Raises ThreeCirclesError when the line does not settle.
    """
    if yes.all():
        return np.ones(len(yes))
    b = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ b, -30, 30)))
        slope = (x * (p * (1 - p))[:, None]).T @ x
        step = np.linalg.lstsq(slope, x.T @ (yes - p), rcond=None)[0]
        b = b + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            return np.asarray(1 / (1 + np.exp(-x @ b)))
    raise ThreeCirclesError("Chances to be linked did not settle.")


def independent(columns: np.ndarray, tolerance: float = 1e-8) -> list[int]:
    """Positions of columns that are not sums of earlier ones, in order."""
    kept: list[int] = []
    basis = np.empty((len(columns), 0))
    for j in range(columns.shape[1]):
        column = columns[:, j].astype(float)
        size = float(np.linalg.norm(column))
        left = column - basis @ (basis.T @ column)
        # Twice, because one pass leaves rounding that a third column would take for news.
        left = left - basis @ (basis.T @ left)
        if size > 0 and np.linalg.norm(left) > tolerance * size:
            kept.append(j)
            basis = np.column_stack([basis, left / np.linalg.norm(left)])
    return kept


def _solve(
    x: np.ndarray,
    z: np.ndarray,
    totals: np.ndarray,
    base: np.ndarray,
    weight: np.ndarray,
    g: np.ndarray,
) -> np.ndarray:
    for _ in range(STEPS):
        e = base * np.exp(np.clip(-x @ g, -30, 30))
        miss = (base + e) @ z - totals
        slope = -(z * e[:, None]).T @ x
        step = np.linalg.lstsq(slope.T @ weight @ slope, slope.T @ weight @ miss, rcond=None)[0]
        g = g - np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-9:
            return g
    raise ThreeCirclesError(
        "Weights for non-response did not settle.",
        mend="Use fewer variables, or weights by school, year and sex.",
    )
