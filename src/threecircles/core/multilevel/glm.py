"""The same model without random effects, by iteratively reweighted least squares: the fit's starting point."""

from __future__ import annotations

import numpy as np

from threecircles.core.errors import UsageError
from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.laplace import NONE, no_effects, pass_over
from threecircles.core.multilevel.problem import Problem

SEPARATED = 15.0
"""A term whose values lie further apart than this on the scale of the predictor has all or no events somewhere."""


def glm(problem: Problem, penalty: Floats | float = 0.0) -> tuple[Floats, Floats]:
    """Coefficients and information matrix. penalty: precision of a normal prior on each slope.

    Raises UsageError naming the term when outcomes are separated.
    """
    k = len(problem.design.names)
    ridge = np.broadcast_to(np.asarray(penalty, dtype=np.float64), (k,)).copy()
    ridge[0] = 0.0
    b = np.zeros(k)
    b[0] = _start(problem)
    value, mu, w = _at(problem, b, ridge)
    spreads = problem.design.spreads()
    for _ in range(100):
        gradient = problem.design.transposed(problem.y - problem.n * mu) - ridge * b
        information = problem.design.gram(w) + np.diag(ridge)
        step = _solve(information, gradient)
        for _ in range(30):
            after, mu, w = _at(problem, b + step, ridge)
            if after >= value - 1e-10 * abs(value):
                break
            step = step / 2
        b, value = b + step, after
        check_separation(problem, b, spreads)
        if np.dot(gradient, step) < 1e-10:
            break
    return b, information


def _start(problem: Problem) -> float:
    events = problem.y.sum()
    if problem.family == "poisson":
        if events == 0:
            raise UsageError("There are no events, so nothing can be fitted.")
        return float(np.log(events / np.exp(problem.offset).sum()))
    share = events / problem.n.sum()
    if share in (0, 1):
        raise UsageError("There are no events, or nothing but events, so nothing can be fitted.")
    return float(np.log(share / (1 - share)))


def _at(problem: Problem, b: Floats, ridge: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood (without its constant), means and weights of the cells at some coefficients."""
    fixed = problem.design.dot(b) + problem.offset
    state = pass_over(problem, fixed, no_effects(problem), 0.0, NONE)
    return state.f - float(ridge @ b**2) / 2, state.mu, state.w


def _solve(information: Floats, gradient: Floats) -> Floats:
    # Separated outcomes drain a column of all weight before its coefficient gives it away.
    ridge = 1e-12 * np.diag(information).max()
    made = np.linalg.solve(information + np.diag(np.full(len(gradient), ridge)), gradient)
    return np.asarray(made, dtype=np.float64)


def check_separation(problem: Problem, b: Floats, spreads: Floats, most: float = SEPARATED) -> None:
    """Raise UsageError naming the term whose values lie further apart than `most` on the predictor.

    spreads: how far each column reaches (`Design.spreads`).
    """
    reach = np.abs(b) * spreads
    reach[0] = 0.0
    worst = int(np.argmax(reach))
    if reach[worst] > most:
        raise UsageError(
            f"{problem.design.names[worst]} separates the outcomes: its rows have all or no events.",
            mend="Join it with a neighbouring value, leave it out, or fit with penalty: 0.01 (a normal prior of sd 10).",
        )
