"""The search for the maximum of the Laplace likelihood and the curvature there: without it no standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.multilevel.curvature import curvature
from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.expected import expected_scale
from threecircles.core.multilevel.glm import SEPARATED, check_separation, glm
from threecircles.core.multilevel.laplace import (
    NEGLIGIBLE,
    NONE,
    ROUGHLY,
    Modes,
    Point,
    State,
    evaluate,
    no_effects,
    pass_over,
)
from threecircles.core.multilevel.problem import Problem

START_LOG_SD = (-1.0, -1.2)
LOG_SD_RANGE = (-12.0, 6.0)
"""Below e^-12 a level is nought for every purpose, and its precision would overflow."""
AT_BOUNDARY = 1e-3
FLAT = 1e-8
FAR = 15.0
RESTS = 1e-6
NEAR = 0.1
"""A gradient below this is near the maximum: from there on modes are found to the last digit."""
SHORT = 1e-2
"""After a step of less than this part of a standard error the curvature is the same for every purpose."""


@dataclass
class Search:
    """Where a search ended. theta: coefficients, then log sds; covariance: of theta, nan when an sd is nought."""

    theta: Floats
    value: float
    covariance: Floats
    modes: Modes
    evaluations: int
    gradient_norm: float
    sds: list[float]


class Memory:
    """The negative log-likelihood in preconditioned coordinates, warm-started from the modes known best."""

    def __init__(
        self,
        used: Problem,
        centre: Floats,
        scale: Floats,
        ridge: Floats,
        modes: Modes | None = None,
    ) -> None:
        self.used, self.centre, self.scale, self.ridge = used, centre, scale, ridge
        self.modes, self.count = modes or no_effects(used), 0
        self.state: State | None = None
        self.rest = NEGLIGIBLE
        self.tangent: tuple[Floats, Modes, Modes] | None = None

    def theta(self, z: Floats) -> Floats:
        """The parameters at z."""
        theta = self.centre + self.scale @ z
        k = len(self.used.design.names)
        theta[k:] = np.clip(theta[k:], *LOG_SD_RANGE)
        return theta

    def __call__(self, z: Floats) -> tuple[float, Floats]:
        theta = self.theta(z)
        return self.keep(theta, evaluate(self.used, theta, self._start(theta), self.rest))

    def keep(self, theta: Floats, point: Point) -> tuple[float, Floats]:
        """Value and gradient to make small, from what was found at theta; its modes are kept."""
        self.count += 1
        k = len(self.ridge)
        if not np.isfinite(point.value):
            return 1e300, np.zeros(len(theta))
        self.modes, self.state = point.modes, point.state
        gradient = point.gradient.copy()
        gradient[:k] -= self.ridge * theta[:k]
        value = point.value - float(self.ridge @ theta[:k] ** 2) / 2
        return -value, np.asarray(-(self.scale.T @ gradient), dtype=np.float64)

    def hessian(self, z: Floats) -> Floats:
        """The second derivatives at z, whose modes must be the last ones found."""
        theta = self.theta(z)
        assert self.state is not None
        made, moves = curvature(self.used, theta, self.modes, self.state)
        self.tangent = theta, self.modes, moves
        made[: len(self.ridge), : len(self.ridge)] -= np.diag(self.ridge)
        return -(self.scale.T @ made @ self.scale)

    def _start(self, theta: Floats) -> Modes:
        if self.tangent is None:
            return self.modes
        # Modes nearly follow their tangent, so a pass over the cells is saved each time.
        at, modes, moves = self.tangent
        return Modes(modes.u + moves.u @ (theta - at), modes.v + moves.v @ (theta - at))


def search(used: Problem, ridge: Floats) -> Search:
    """From the model without effects to the maximum, by Newton's steps. ridge: precision a slope."""
    if not used.levels:
        return _plain(used, ridge)
    b, _ = glm(used, ridge)
    k, m = len(b), len(used.levels)
    centre = np.concatenate([b, START_LOG_SD[:m]])
    point = evaluate(used, centre, no_effects(used), ROUGHLY)
    scale = expected_scale(used, centre, point.state, ridge)
    memory = Memory(used, centre, scale, ridge)
    z, value, gradient, hessian = _newton(memory, *memory.keep(centre, point))
    theta = memory.theta(z)
    sds = np.exp(theta[k:])
    if (sds < AT_BOUNDARY).any():
        unknown = np.full((k + m, k + m), np.nan)
        return Search(theta, -value, unknown, memory.modes, memory.count, np.nan, sds.tolist())
    check_separation(used, theta[:k], used.design.spreads(), 2 * SEPARATED)
    return Search(
        theta,
        -value,
        scale @ _inverse(hessian) @ scale.T,
        memory.modes,
        memory.count,
        float(np.abs(gradient).max()),
        sds.tolist(),
    )


def _newton(memory: Memory, value: float, gradient: Floats) -> tuple[Floats, float, Floats, Floats]:
    """Where the search ends, with value, gradient and curvature, from those at nought."""
    k, z = len(memory.ridge), np.zeros(len(gradient))
    memory.rest = ROUGHLY
    hessian = memory.hessian(z)
    for _ in range(50):
        largest = float(np.abs(gradient).max())
        if largest < RESTS or (np.exp(memory.theta(z)[k:]) < AT_BOUNDARY).any():
            break
        if largest < NEAR:
            memory.rest = NEGLIGIBLE
        step = _newton_step(hessian, gradient)
        after, after_gradient = memory(z - step)
        while after > value + 1e-9 * max(1.0, abs(value)) ** 0.5 and np.abs(step).max() > 1e-9:
            step = step / 2
            after, after_gradient = memory(z - step)
        z, value, gradient = z - step, after, after_gradient
        if np.linalg.norm(step) > SHORT:
            hessian = memory.hessian(z)
    return z, value, gradient, hessian


def _newton_step(hessian: Floats, gradient: Floats) -> Floats:
    # Near nought the likelihood of an sd is nearly flat or bent the other way: a long step, but downhill.
    values, vectors = np.linalg.eigh(hessian)
    made: Floats = vectors @ (
        (vectors.T @ gradient) / np.maximum(np.abs(values), FLAT * values.max())
    )
    return made * min(1.0, FAR / float(np.linalg.norm(made)))


def _inverse(hessian: Floats) -> Floats:
    """The inverse, unknown (nan) where the likelihood is flat: no standard error is better than a false one."""
    values = np.linalg.eigvalsh(hessian)
    if values.min() <= FLAT * values.max():
        return np.full_like(hessian, np.nan)
    return np.asarray(np.linalg.inv(hessian), dtype=np.float64)


def _plain(used: Problem, ridge: Floats) -> Search:
    """No level is left: the model without random effects, its likelihood with the same constant."""
    b, information = glm(used, ridge)
    state = pass_over(used, used.design.dot(b) + used.offset, no_effects(used), 0.0, NONE)
    value = state.f + used.constant - float(ridge @ b**2) / 2
    return Search(b, value, _inverse(information), no_effects(used), 1, 0.0, [])
