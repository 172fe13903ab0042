"""The same model without random effects, by iteratively reweighted least squares: the fit's starting point."""

from __future__ import annotations

import numpy as np

from threecircles.core.errors import UsageError
from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.laplace import mean
from threecircles.core.multilevel.problem import Problem

SEPARATED = 15.0
"""A coefficient beyond this says that a term has all or no events."""


def glm(problem: Problem, penalty: float = 0.0) -> tuple[Floats, Floats]:
    """Coefficients and information matrix. penalty: precision of a N(0, 1/penalty) on each slope.

    Raises UsageError naming the term when outcomes are separated.
    """
    k = len(problem.design.names)
    ridge = np.full(k, penalty)
    ridge[0] = 0.0
    b = np.zeros(k)
    total = problem.n.sum() if problem.family == "binomial" else np.exp(problem.offset).sum()
    share = problem.y.sum() / total
    if share in (0, 1):
        raise UsageError("There are no events, or nothing but events, so nothing can be fitted.")
    b[0] = np.log(share / (1 - share)) if problem.family == "binomial" else np.log(share)
    for _ in range(60):
        mu = mean(problem, problem.design.dot(b) + problem.offset)
        w = problem.n * mu * (1 - mu) if problem.family == "binomial" else mu
        gradient = problem.design.transposed(problem.y - problem.n * mu) - ridge * b
        information = problem.design.gram(w) + np.diag(ridge)
        step = np.linalg.solve(information, gradient)
        b = b + step * min(1.0, 5.0 / max(np.abs(step).max(), 1e-12))
        _check_separation(problem, b)
        if np.dot(gradient, step) < 1e-10:
            break
    return b, information


def _check_separation(problem: Problem, b: Floats) -> None:
    reach = np.abs(b) * problem.design.spreads()
    reach[0] = 0.0
    worst = int(np.argmax(reach))
    if reach[worst] > SEPARATED:
        raise UsageError(
            f"{problem.design.names[worst]} separates the outcomes: its rows have all or no events.",
            mend="Join it with a neighbouring value, leave it out, or fit with penalty=0.01 (a normal prior of sd 10).",
        )
