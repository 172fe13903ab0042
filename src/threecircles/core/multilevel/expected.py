"""What a model is expected to tell of its parameters: without it the search would walk in steps of the wrong size."""

from __future__ import annotations

import numpy as np

from threecircles.core.multilevel.curvature import columns_by_area
from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.laplace import NONE, State
from threecircles.core.multilevel.problem import Problem

LOG_SD_STEP = (0.02, 0.5)


def expected_scale(
    problem: Problem, theta: Floats, state: State, ridge: Floats | float = 0.0
) -> Floats:
    """A square root of the approximate covariance of theta = (coefficients, log sds).

    state: the pass over the cells at its modes.

    Coefficients: X'WX less what the effects take of it. Log sds: 2 x the sum of squared reliabilities of
    the effects; steps are kept between .02 and .5. Approximate: it guides the search and is never reported.
    Source: Breslow and Clayton, JASA 88 (1993) 9-25, section 2.4.
    """
    k, m = len(problem.design.names), len(problem.levels)
    pa = float(np.exp(-2 * theta[k]))
    pl = float(np.exp(-2 * theta[k + 1])) if m == 2 else NONE
    d = state.weight + pa
    c = state.weight / d
    information = problem.design.gram(state.w) + np.diag(np.broadcast_to(ridge, (k,)))
    by_area = columns_by_area(problem, state.w, state.weight)
    v = np.zeros((len(problem.authority_labels), k))
    spread = np.zeros(len(problem.authority_labels))
    if m == 2:
        spread = 1 / (pl + problem.by_authority(state.weight * pa / d))
        v = problem.by_authority(by_area * (pa / d)[:, None]) * spread[:, None]
        information -= problem.by_authority(by_area).T @ v
    u = (by_area - state.weight[:, None] * v[problem.authority]) / d[:, None]
    information -= by_area.T @ u
    reliable = [1 - pa * (1 / d + c**2 * spread[problem.authority])]
    reliable += [1 - pl * spread] if m == 2 else []
    scale = np.zeros((k + m, k + m))
    scale[:k, :k] = root_of_inverse(information)
    for i in range(m):
        told = 2 * float((np.clip(reliable[i], 0, 1) ** 2).sum())
        scale[k + i, k + i] = np.clip(told**-0.5 if told > 0 else np.inf, *LOG_SD_STEP)
    return scale


def root_of_inverse(information: Floats) -> Floats:
    """A square root of the inverse information, also where it is nearly singular."""
    values, vectors = np.linalg.eigh(information)
    made: Floats = vectors / np.sqrt(np.maximum(values, 1e-10 * values.max()))
    return made
