"""Which printed numbers give a cell away: without it people would be told that, but not how."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from threecircles.disclosure.adding_up import Group
from threecircles.disclosure.lattice import Lattice
from threecircles.disclosure.linear import TINY, Linear
from threecircles.disclosure.sums import Sums


@dataclass(frozen=True)
class Term:
    """A printed number, and how often it counts."""

    group: Group
    value: float
    times: float


def explain(lattice: Lattice, sums: Sums, cell: int) -> list[Term]:
    """The shortest sum of printed numbers found that equals a cell; empty when none does.

    A cell can also be exact because numbers cannot be negative, or by a percentage; then no sum of
    numbers alone gives it. sums: the lattice's.
    """
    free = np.flatnonzero(sums.upper - sums.lower > TINY)
    if cell not in free:
        return []
    matrix = sums.matrix[:, free].tocsr()
    used = np.flatnonzero(np.diff(matrix.indptr) > 0)
    m = used.size
    if m == 0:
        return []
    # Weights on the sums such that every unknown but this one cancels out; few and small weights.
    target = np.zeros(free.size)
    target[np.flatnonzero(free == cell)[0]] = 1.0
    across = matrix[used].T
    program = Linear(
        sp.hstack([across, -across]).tocsc(), target, np.zeros(2 * m), np.full(2 * m, np.inf)
    )
    weights = program.smallest(np.arange(2 * m), np.ones(2 * m))
    if weights is None:
        return []
    y = weights[:m] - weights[m:]
    shown = np.flatnonzero(sums.upper - sums.lower <= TINY)
    share = -(sums.matrix[used][:, shown].T @ y)
    keys = lattice.keys
    terms = [
        Term(keys[shown[i]][1], float(sums.lower[shown[i]]), float(np.round(share[i], 6)))
        for i in np.flatnonzero(np.abs(share) > TINY)
    ]
    return sorted(terms, key=lambda t: (-t.times, -t.value))
