"""The exact second derivatives of the Laplace log-likelihood: without them standard errors would need twenty more fits' passes.

With z = (u, v) at the mode, l(theta) = F(theta, z(theta)) where F = f - L, f the penalised log-likelihood and
L = sum log D / 2 + sum log S / 2, a function of the sums of weights by area W and of both precisions alone. So
    l'' = F'' along (theta, dz/dtheta) + t . f''' along the same, t = H^-1 dF/dz,
the second term being what the modes' own second derivatives add, by the adjoint (spec/funding.md 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from threecircles.core.multilevel.design import Floats, Ints
from threecircles.core.multilevel.laplace import NONE, Modes, State
from threecircles.core.multilevel.problem import Problem


@dataclass(frozen=True)
class _Arrow:
    """The Hessian of -f in the effects. weight, d, c: by area; spread: 1/S by authority, nought without one."""

    problem: Problem
    weight: Floats
    d: Floats
    c: Floats
    spread: Floats

    def solve(self, of_areas: Floats, of_authorities: Floats) -> tuple[Floats, Floats]:
        """H^-1 of right sides given by area and by authority, a column each."""
        taken = self.problem.by_authority(self.c[:, None] * of_areas)
        dv = (of_authorities - taken) * self.spread[:, None]
        return (of_areas - self.weight[:, None] * dv[self.problem.authority]) / self.d[:, None], dv


def curvature(problem: Problem, theta: Floats, modes: Modes, state: State) -> tuple[Floats, Modes]:
    """Second derivatives of the log-likelihood in theta = (coefficients, log sd of each level).

    modes, state: those at theta, as `evaluate` gives them. Also gives how the modes move: areas, and
    authorities, x parameters. Agrees with central differences of the exact gradient; costs about as much
    as one evaluation of it.
    """
    k, m = len(problem.design.names), len(problem.levels)
    pa = float(np.exp(-2 * theta[k]))
    pl = float(np.exp(-2 * theta[k + 1])) if m == 2 else NONE
    d = state.weight + pa
    spread = np.zeros(len(modes.v))
    if m == 2:
        spread = 1 / (pl + problem.by_authority(state.weight * pa / d))
    arrow = _Arrow(problem, state.weight, d, state.weight / d, spread)
    du, dv = _moves(arrow, columns_by_area(problem, state.w, state.weight), modes, pa, pl, m)
    shift = du + dv[problem.authority]

    leverage = 1 / d + (1 - arrow.c) ** 2 * spread[problem.authority]
    first, slope = _slopes(problem, state)
    push = -(slope * leverage / 2)[:, None]
    tu, tv = (t[:, 0] for t in arrow.solve(push, problem.by_authority(push)))
    t = tu + tv[problem.authority]
    omega = _bent(problem, state, first, t, leverage / 2)

    made = np.zeros((k + m, k + m))
    made[:k, :k] = -problem.design.gram(omega)
    of_areas = problem.by_area(omega)
    cross = columns_by_area(problem, omega, of_areas).T @ shift
    made[:k] -= cross
    made[:, :k] -= cross.T
    made -= shift.T @ (of_areas[:, None] * shift)
    moved = slope[:, None] * shift
    moved[:, :k] += columns_by_area(problem, first, slope)
    made += _of_logs(arrow, moved, pa, pl, k, m)
    _add_prior(made, k, pa, modes.u, tu, du)
    if m == 2:
        _add_prior(made, k + 1, pl, modes.v, tv, dv)
    return made, Modes(du, dv)


def columns_by_area(problem: Problem, values: Floats, summed: Floats) -> Floats:
    """X' diag(values) summed by area: areas x columns. summed: the values' own sums by area."""
    design = problem.design
    inner = _cells_by_area(problem, values, design.profile, len(design.profiles)) @ design.profiles
    if design.area is problem.area:
        return np.column_stack([inner, design.areas * summed[:, None]])
    # Once the small level is dropped, the design's areas lie within the problem's.
    outer = _cells_by_area(problem, values, design.area, len(design.areas)) @ design.areas
    return np.column_stack([inner, outer])


def _cells_by_area(problem: Problem, values: Floats, column: Ints, columns: int) -> csr_array:
    ends = np.append(problem.starts, len(values))
    return csr_array((values, column, ends), shape=(len(ends) - 1, columns))


def _slopes(problem: Problem, state: State) -> tuple[Floats, Floats]:
    """The first derivative of each cell's weight in its predictor, and its sums by area."""
    if problem.family == "poisson":
        return state.w, state.weight
    made = problem.room[2]
    for cells, _, _ in problem.blocks:
        made[cells] = state.w[cells] * (1 - 2 * state.mu[cells])
    return made, problem.by_area(made)


def _bent(problem: Problem, state: State, first: Floats, t: Floats, half: Floats) -> Floats:
    """w + t w' + leverage/2 w'' of each cell; the second derivative of a weight is seen here alone."""
    made = np.empty_like(state.w)
    for cells, _, _ in problem.blocks:
        area, w, mu = problem.area[cells], state.w[cells], state.mu[cells]
        second = w * (1 - 6 * mu * (1 - mu)) if problem.family == "binomial" else w
        made[cells] = w + t[area] * first[cells] + half[area] * second
    return made


def _moves(
    arrow: _Arrow, columns: Floats, modes: Modes, pa: float, pl: float, m: int
) -> tuple[Floats, Floats]:
    """How the modes of areas and of authorities move with each parameter."""
    of_areas = np.column_stack([-columns, 2 * pa * modes.u, *[np.zeros(len(modes.u))] * (m - 1)])
    of_authorities = arrow.problem.by_authority(of_areas)
    of_authorities[:, columns.shape[1]] = 0.0
    if m == 2:
        of_authorities[:, -1] = 2 * pl * modes.v
    return arrow.solve(of_areas, of_authorities)


def _of_logs(arrow: _Arrow, moved: Floats, pa: float, pl: float, k: int, m: int) -> Floats:
    """What -L bends: moved holds each parameter's first derivative of W by area."""
    d, c = arrow.d[:, None], arrow.c[:, None]
    spread = arrow.spread[arrow.problem.authority][:, None]
    in_pa, in_pl = np.zeros(k + m), np.zeros(k + m)
    in_pa[k] = -2 * pa
    of_d = (moved + in_pa) / d
    made = of_d.T @ of_d / 2
    made[k, k] -= 2 * pa * float((1 / d + c**2 * spread).sum())
    if m == 2:
        in_pl[k + 1] = -2 * pl
        bent = pa * moved - arrow.weight[:, None] * in_pa
        made += bent.T @ (spread / d**3 * bent)
        of_s = arrow.problem.by_authority((1 - c) ** 2 * moved + c**2 * in_pa) + in_pl
        of_s *= arrow.spread[:, None]
        made += of_s.T @ of_s / 2
        made[k + 1, k + 1] -= 2 * pl * float(arrow.spread.sum())
    return made


def _add_prior(
    made: Floats, at: int, precision: float, effects: Floats, t: Floats, move: Floats
) -> None:
    """Add what the normal prior of one level's effects bends; `at` is its log sd's place."""
    made -= precision * move.T @ move
    pull = 2 * precision * (effects + t) @ move
    made[at] += pull
    made[:, at] += pull
    made[at, at] -= precision * float(2 * effects @ effects + 4 * t @ effects)
