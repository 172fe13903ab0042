"""The Laplace log-likelihood and its exact gradient, areas and authorities eliminated in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.problem import Problem

NEGLIGIBLE = 1e-11
"""A Newton step that would raise f by less than half of this is not taken."""

# Precision of a level that is not there: its effects stay nought and leave no trace in the sums.
NONE = np.inf


@dataclass
class Modes:
    """Most likely effects of areas (u) and authorities (v); carried from one evaluation to the next."""

    u: Floats
    v: Floats


def no_effects(problem: Problem) -> Modes:
    """All effects nought."""
    return Modes(np.zeros(len(problem.area_labels)), np.zeros(len(problem.authority_labels)))


@dataclass
class State:
    """What one pass over the cells gives: predictor, mean, and sums by area."""

    f: float
    mu: Floats
    w: Floats
    residual: Floats  # by area
    weight: Floats  # by area


def mean(problem: Problem, eta: Floats) -> Floats:
    """The mean per trial."""
    if problem.family == "binomial":
        return expit(eta)
    # A step of the search that leads far away is judged by its value, not by a warning on the screen.
    with np.errstate(over="ignore"):
        return np.exp(eta)


def pass_over(problem: Problem, fixed: Floats, modes: Modes, pa: float, pl: float) -> State:
    """One pass: penalised log-likelihood f (without constant), means, weights, sums by area."""
    eta = fixed + (modes.u + modes.v[problem.authority])[problem.area]
    if problem.family == "binomial":
        # One exponential serves the mean and the logarithm: this line is most of a fit's time.
        small = np.exp(-np.abs(eta))
        mu = np.where(eta >= 0, 1.0, small) / (1.0 + small)
        total = np.dot(problem.y, eta) - np.dot(problem.n, np.log1p(small) + np.maximum(eta, 0.0))
        w = problem.n * mu * (1 - mu)
    else:
        mu = mean(problem, eta)
        total = np.dot(problem.y, eta) - mu.sum()
        w = mu
    penalty = pa * np.dot(modes.u, modes.u) + (0.0 if pl == NONE else pl * np.dot(modes.v, modes.v))
    residual = problem.by_area(problem.y - problem.n * mu)
    return State(float(total) - penalty / 2, mu, w, residual, problem.by_area(w))


def find_modes(
    problem: Problem, fixed: Floats, start: Modes, pa: float, pl: float
) -> tuple[Modes, State]:
    """The effects that maximise f, by Newton steps halved until f does not fall."""
    modes = start
    state = pass_over(problem, fixed, modes, pa, pl)
    for _ in range(100):
        d = state.weight + pa
        a = state.residual - pa * modes.u
        if pl == NONE:
            dv = np.zeros_like(modes.v)
        else:
            s = pl + problem.by_authority(state.weight * pa / d)
            b = problem.by_authority(state.residual) - pl * modes.v
            dv = (b - problem.by_authority(state.weight / d * a)) / s
        du = (a - state.weight * dv[problem.authority]) / d
        gain = np.dot(a, du) + (0.0 if pl == NONE else np.dot(b, dv))
        if not gain > NEGLIGIBLE:
            break
        for _ in range(40):
            tried = Modes(modes.u + du, modes.v + dv)
            after = pass_over(problem, fixed, tried, pa, pl)
            if after.f >= state.f - 1e-12 * abs(state.f):
                break
            du, dv = du / 2, dv / 2
        modes, state = tried, after
    return modes, state


def evaluate(problem: Problem, theta: Floats, start: Modes) -> tuple[float, Floats, Modes]:
    """Log-likelihood at theta = (coefficients, log sd of each level), its gradient, and the modes."""
    k = len(problem.design.names)
    two = len(problem.levels) == 2
    pa = float(np.exp(-2 * theta[k]))
    pl = float(np.exp(-2 * theta[k + 1])) if two else NONE
    fixed = problem.design.dot(theta[:k]) + problem.offset
    modes, state = find_modes(problem, fixed, start, pa, pl)
    d = state.weight + pa
    c = state.weight / d
    inverse_s = (
        1 / (pl + problem.by_authority(state.weight * pa / d)) if two else np.zeros(len(modes.v))
    )
    areas, authorities = len(modes.u), len(modes.v)
    value = state.f - np.log(d).sum() / 2 + areas / 2 * np.log(pa) + problem.constant
    if two:
        value += np.log(inverse_s).sum() / 2 + authorities / 2 * np.log(pl)

    spread = inverse_s[problem.authority]
    leverage = 1 / d + (1 - c) ** 2 * spread
    slope = state.w * (1 - 2 * state.mu) if problem.family == "binomial" else state.w
    q = slope * leverage[problem.area]
    by_area = problem.by_area(q)
    tv = problem.by_authority((1 - c) * by_area) * inverse_s
    tu = (by_area - state.weight * tv[problem.authority]) / d
    t = (tu + tv[problem.authority])[problem.area]
    gradient_b = problem.design.transposed(problem.y - problem.n * state.mu - (q - state.w * t) / 2)
    of_areas = pa * (modes.u @ modes.u + (1 / d + c**2 * spread).sum() - tu @ modes.u) - areas
    gradient = [gradient_b, np.array([of_areas])]
    if two:
        gradient.append(
            np.array([pl * (modes.v @ modes.v + inverse_s.sum() - tv @ modes.v) - authorities])
        )
    return float(value), np.concatenate(gradient), modes
