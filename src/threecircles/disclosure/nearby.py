"""Cells near one along its sums: without it each small question would be asked of the whole table."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from threecircles.disclosure.linear import Floats, Ints, Linear


class Surroundings:
    """The neighbourhoods of a set of sums, looked up by cell.

    matrix: sums x cells. A cell is next to those with which it stands in a sum.
    """

    def __init__(self, matrix: sp.csc_matrix) -> None:
        self.columns = sp.csc_matrix(matrix)
        self.rows = self.columns.tocsr()

    def beside(self, cells: Ints) -> Ints:
        """The cells that share a sum with any of these, themselves among them."""
        return np.unique(members(self.rows, np.unique(members(self.columns, cells))))

    def near(self, i: int, size: int) -> Ints:
        """At most `size` cells around one, the one first, ring by ring."""
        found, ring, total = [np.array([i], dtype=np.int64)], np.array([i], dtype=np.int64), 1
        seen = np.zeros(self.columns.shape[1], bool)
        seen[i] = True
        while ring.size and total < size:
            ring = self.beside(ring)
            ring = ring[~seen[ring]][: size - total]
            seen[ring] = True
            found.append(ring)
            total += ring.size
        return np.concatenate(found)

    def moved(
        self, truth: Floats, i: int, size: int, bounds: tuple[Floats, Floats], towards: float
    ) -> Floats | None:
        """A possible table of whole numbers that differs from the true one only around a cell.

        bounds: of all cells; what the cell must reach stands in its own. towards: -1 for the greatest,
        1 for the least value of the cell. None when there is none so near.
        """
        near = self.near(i, size)
        within = self.columns[:, near]
        within = within[np.unique(within.indices)]
        program = Linear(within, within @ truth[near], bounds[0][near], bounds[1][near])
        point = program.whole(0, towards)
        if point is None:
            return None
        table = truth.copy()
        table[near] = np.round(point)
        return table


def members(matrix: sp.csr_matrix | sp.csc_matrix, lines: Ints) -> Ints:
    """The indices that stand in these rows (of a csr) or columns (of a csc)."""
    starts, ends = matrix.indptr[lines], matrix.indptr[lines + 1]
    lengths = ends - starts
    offsets = np.repeat(ends - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
    return matrix.indices[offsets].astype(np.int64)
