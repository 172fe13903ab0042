"""The Laplace log-likelihood and its exact gradient, areas and authorities eliminated in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.problem import Problem

NEGLIGIBLE = 1e-11
ROUGHLY = 1e-7
"""What a Newton step must promise to raise f by, near the maximum and on the way there."""

MOST = 700.0
"""Above it e^eta would be infinite; the mean is 1 long before."""

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
    """What one pass over the cells gives: mean and weight of each (until the next pass), and sums by area."""

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
    effects = modes.u + modes.v[problem.authority]
    rows = _binomial if problem.family == "binomial" else _poisson
    mu, w, _ = problem.room
    residual, weight = np.empty_like(effects), np.empty_like(effects)
    total = 0.0
    # A step of the search that leads far away is judged by its value, not by a warning on the screen.
    with np.errstate(over="ignore", invalid="ignore"):
        for cells, areas, starts in problem.blocks:
            eta = fixed[cells] + effects[problem.area[cells]]
            y, n = problem.y[cells], problem.n[cells]
            grown = rows(n, eta, mu[cells], w[cells])
            total += np.dot(y, eta) - np.dot(n, np.log(grown) if rows is _binomial else grown)
            residual[areas] = np.add.reduceat(y - n * mu[cells], starts)
            weight[areas] = np.add.reduceat(w[cells], starts)
    penalty = pa * np.dot(modes.u, modes.u) + (0.0 if pl == NONE else pl * np.dot(modes.v, modes.v))
    return State(float(total) - penalty / 2, mu, w, residual, weight)


def _binomial(n: Floats, eta: Floats, mu: Floats, w: Floats) -> Floats:
    """1 + e^eta of some cells; their means and weights are written into mu and w."""
    # One exponential serves the mean and the logarithm: these lines are most of a fit's time.
    odds = np.exp(np.minimum(eta, MOST))
    whole = 1.0 + odds
    inverse = 1.0 / whole
    np.multiply(odds, inverse, out=mu)
    np.multiply(n, mu, out=w)
    w *= inverse
    return whole


def _poisson(n: Floats, eta: Floats, mu: Floats, w: Floats) -> Floats:
    np.exp(eta, out=mu)
    w[:] = mu
    return mu


def find_modes(
    problem: Problem, fixed: Floats, start: Modes, pa: float, pl: float, rest: float = NEGLIGIBLE
) -> tuple[Modes, State]:
    """The effects that maximise f, by Newton steps halved until f does not fall.

    rest: a step that would raise f by less than half of this is not taken.
    """
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
        if not gain > rest:
            break
        for _ in range(40):
            tried = Modes(modes.u + du, modes.v + dv)
            after = pass_over(problem, fixed, tried, pa, pl)
            if after.f >= state.f - 1e-12 * abs(state.f):
                break
            du, dv = du / 2, dv / 2
        modes, state = tried, after
    return modes, state


class Point(NamedTuple):
    """The log-likelihood at some parameters, its gradient, the modes there and the pass at them."""

    value: float
    gradient: Floats
    modes: Modes
    state: State


def evaluate(problem: Problem, theta: Floats, start: Modes, rest: float = NEGLIGIBLE) -> Point:
    """Log-likelihood at theta = (coefficients, log sd of each level), its gradient, and the modes.

    start: effects to search the modes from. rest: as in `find_modes`.
    """
    k = len(problem.design.names)
    two = len(problem.levels) == 2
    pa = float(np.exp(-2 * theta[k]))
    pl = float(np.exp(-2 * theta[k + 1])) if two else NONE
    fixed = problem.design.dot(theta[:k]) + problem.offset
    modes, state = find_modes(problem, fixed, start, pa, pl, rest)
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
    binomial = problem.family == "binomial"
    slope = problem.room[2]
    for cells, _, _ in problem.blocks:
        slope[cells] = state.w[cells] * (1 - 2 * state.mu[cells]) if binomial else state.w[cells]
    by_area = problem.by_area(slope) * leverage
    tv = problem.by_authority((1 - c) * by_area) * inverse_s
    tu = (by_area - state.weight * tv[problem.authority]) / d
    t = tu + tv[problem.authority]
    pull = slope
    for cells, _, _ in problem.blocks:
        area = problem.area[cells]
        bent = slope[cells] * leverage[area] - state.w[cells] * t[area]
        pull[cells] = problem.y[cells] - problem.n[cells] * state.mu[cells] - bent / 2
    gradient_b = problem.design.transposed(pull)
    of_areas = pa * (modes.u @ modes.u + (1 / d + c**2 * spread).sum() - tu @ modes.u) - areas
    gradient = [gradient_b, np.array([of_areas])]
    if two:
        gradient.append(
            np.array([pl * (modes.v @ modes.v + inverse_s.sum() - tv @ modes.v) - authorities])
        )
    return Point(float(value), np.concatenate(gradient), modes, state)
