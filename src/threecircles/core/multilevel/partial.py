"""Sums of a partition of whole authorities, so that workers may hold their own cells and only add."""

from __future__ import annotations

import numpy as np

from threecircles.core.multilevel.design import Floats
from threecircles.core.multilevel.laplace import NONE, Modes, pass_over
from threecircles.core.multilevel.problem import Problem


def partial_sums(partition: Problem, b: Floats, modes: Modes) -> dict[str, Floats]:
    """Residual and weight by area, and the gradient piece X'(y - n mu), of a partition.

    partition: the cells of whole authorities. b: coefficients. modes: effects of its areas and
    authorities. Adding the pieces of all partitions gives those of the whole.
    """
    fixed = partition.design.dot(b) + partition.offset
    state = pass_over(partition, fixed, modes, 0.0, NONE)
    gradient = partition.design.transposed(partition.y - partition.n * state.mu)
    return {
        "residual": state.residual,
        "weight": state.weight,
        "gradient": gradient,
        "log_likelihood": np.array([state.f]),
    }
