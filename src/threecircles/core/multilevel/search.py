"""The search for the maximum of the Laplace likelihood and the curvature there: without it no standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.expected import expected_scale
from threecircles.core.multilevel.glm import SEPARATED, check_separation, glm
from threecircles.core.multilevel.laplace import (
    NEGLIGIBLE,
    NONE,
    ROUGHLY,
    Modes,
    evaluate,
    no_effects,
    pass_over,
)
from threecircles.core.multilevel.problem import Problem

START_LOG_SD = (-1.0, -1.2)
LOG_SD_RANGE = (-12.0, 6.0)
"""Below e^-12 a level is nought for every purpose, and its precision would overflow."""
AT_BOUNDARY = 1e-3
DIFFERENCE = 1e-2
FLAT = 1e-8
FAR = 15.0
RESTS = 1e-6
COARSE = 20.0


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
    """The negative log-likelihood in preconditioned coordinates, warm-started from the last modes."""

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
        self.rest = NEGLIGIBLE

    def theta(self, z: Floats) -> Floats:
        """The parameters at z."""
        theta = self.centre + self.scale @ z
        k = len(self.used.design.names)
        theta[k:] = np.clip(theta[k:], *LOG_SD_RANGE)
        return theta

    def __call__(self, z: Floats) -> tuple[float, Floats]:
        theta = self.theta(z)
        k = len(self.used.design.names)
        value, gradient, modes = evaluate(self.used, theta, self.modes, rest=self.rest)
        self.count += 1
        if not np.isfinite(value):
            return 1e300, np.zeros_like(z)
        self.modes = modes
        value -= float(self.ridge @ theta[:k] ** 2) / 2
        return -value, self._gradient(theta, gradient)

    def slope(self, z: Floats) -> Floats:
        """The gradient at a point close to the last one; its value is not asked for."""
        theta = self.theta(z)
        _, gradient, self.modes = evaluate(self.used, theta, self.modes, near=True)
        self.count += 1
        return self._gradient(theta, gradient)

    def _gradient(self, theta: Floats, gradient: Floats) -> Floats:
        k = len(self.used.design.names)
        gradient[:k] -= self.ridge * theta[:k]
        return np.asarray(-(self.scale.T @ gradient), dtype=np.float64)


def search(used: Problem, ridge: Floats) -> Search:
    """From the model without effects to the maximum, by BFGS and then Newton. ridge: precision a slope."""
    if not used.levels:
        return _plain(used, ridge)
    b, _ = glm(used, ridge)
    k, m = len(b), len(used.levels)
    centre = np.concatenate([b, START_LOG_SD[:m]])
    _, _, modes = evaluate(used, centre, no_effects(used), rest=ROUGHLY)
    scale = expected_scale(used, centre, modes, ridge)
    memory = Memory(used, centre, scale, ridge, modes)
    memory.rest = ROUGHLY
    options = {"gtol": 1e-3, "maxiter": 200}
    found = minimize(memory, np.zeros(k + m), jac=True, method="BFGS", options=options)
    memory.rest = NEGLIGIBLE
    if (np.exp(memory.theta(found.x)[k:]) < AT_BOUNDARY).any():
        theta = memory.theta(found.x)
        unknown = np.full((k + m, k + m), np.nan)
        sds = np.exp(theta[k:]).tolist()
        return Search(theta, -found.fun, unknown, memory.modes, memory.count, np.nan, sds)
    z, value, gradient, hessian = _newton(memory, found.x)
    if (finer := _finer(memory, z, hessian)) is not None:
        memory, scale = finer, finer.scale
        z, value, gradient, hessian = _newton(memory, np.zeros(k + m))
    theta = memory.theta(z)
    check_separation(used, theta[:k], used.design.spreads(), 2 * SEPARATED)
    return Search(
        theta,
        -value,
        scale @ _inverse(hessian) @ scale.T,
        memory.modes,
        memory.count,
        float(np.abs(gradient).max()),
        np.exp(theta[k:]).tolist(),
    )


def _finer(memory: Memory, z: Floats, hessian: Floats) -> Memory | None:
    """Coordinates of the maximum's own curvature, where those of the start are too fine to difference in."""
    inverse = _inverse(hessian)
    if np.isnan(inverse).any() or np.sqrt(np.diag(inverse).max()) < COARSE:
        return None
    made = Memory(
        memory.used,
        memory.theta(z),
        memory.scale @ np.linalg.cholesky(inverse),
        memory.ridge,
        memory.modes,
    )
    made.count = memory.count
    return made


def _newton(memory: Memory, z: Floats) -> tuple[Floats, float, Floats, Floats]:
    # Differenced exact gradients: the curvature BFGS gathers is too coarse for standard errors.
    value, gradient = memory(z)
    hessian, at = _hessian(memory, z), z
    for _ in range(25):
        if np.abs(gradient).max() < RESTS:
            break
        step = _newton_step(hessian, gradient)
        after, after_gradient = memory(z - step)
        while after > value + 1e-9 * max(1.0, abs(value)) ** 0.5 and np.abs(step).max() > 1e-9:
            step = step / 2
            after, after_gradient = memory(z - step)
        z, value, gradient = z - step, after, after_gradient
        if np.linalg.norm(z - at) > 0.5:
            hessian, at = _hessian(memory, z), z
    if np.linalg.norm(z - at) > 0.05:
        hessian = _hessian(memory, z)
    return z, value, gradient, hessian


def _hessian(memory: Memory, z: Floats) -> Floats:
    """Central differences of the exact gradient. memory.modes must be near those at z."""
    rows = []
    middle = memory.modes
    for i in range(len(z)):
        step = np.zeros(len(z))
        step[i] = DIFFERENCE
        memory.modes = middle
        above = memory.slope(z + step)
        # Modes move along a line over so short a step, so those on the other side are known beforehand.
        plus = memory.modes
        memory.modes = Modes(2 * middle.u - plus.u, 2 * middle.v - plus.v)
        rows.append((above - memory.slope(z - step)) / (2 * DIFFERENCE))
    memory.modes = middle
    made = np.array(rows)
    return (made + made.T) / 2


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
