"""Cuts large tables into pieces that can be asked alone: without it tens of thousands of cells would be one question."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from threecircles.disclosure.linear import Ints
from threecircles.disclosure.sums import Bools

SIZE = 700
"""Cells of a piece: programmes of this size take a few hundredths of a second."""

CLUSTERS = 4
"""A piece holds at least so many clusters: what moves in one cluster has to move back in another."""


class Pieces:
    """Cells in clusters that hang together by their short sums; a piece is a handful of clusters.

    matrix: sums x cells. length: how many cells each sum has, those among them that are no longer
    open too. Where everything outside a piece keeps its true value, a movement inside it
    is a possible table of the whole. In a table of wards by age by need the wards are the clusters,
    since the sums over wards are the long ones.
    """

    def __init__(self, matrix: sp.csc_matrix, length: Ints, size: int = SIZE) -> None:
        self.matrix = sp.csc_matrix(matrix)
        self.size = size
        label = _clusters(self.matrix.tocsr(), length, max(1, size // CLUSTERS))
        self.order = np.argsort(label, kind="stable")
        self.ends = np.r_[0, np.cumsum(np.bincount(label))]
        self.label = label

    def draw(self, signs: np.random.Generator, open_: Bools) -> Iterator[Ints]:
        """Pieces that between them hold every cell of `open_`, put together at random."""
        wanted = np.bincount(self.label, weights=open_)
        chance = signs.random(wanted.size)
        group: list[int] = []
        total = 0
        for one in np.lexsort((chance, wanted == 0)):
            if not wanted[one] and not group:
                return
            group.append(int(one))
            total += int(self.ends[one + 1] - self.ends[one])
            if total >= self.size:
                yield self._cells(group)
                group, total = [], 0
        if group:
            yield self._cells(group)

    def _cells(self, group: list[int]) -> Ints:
        return np.concatenate([self.order[self.ends[g] : self.ends[g + 1]] for g in group])

    def sums_of(self, cells: Ints) -> sp.csc_matrix:
        """The sums that speak of these cells, and of no others."""
        within = self.matrix[:, cells]
        return within[np.unique(within.indices)]


def _clusters(rows: sp.csr_matrix, length: Ints, most: int) -> Ints:
    """A number for each cell: components when sums are left out, longest first, until none is too large."""
    best = np.arange(rows.shape[1], dtype=np.int64)
    for limit in np.unique(length[length > 1]):
        short = rows[np.flatnonzero(length <= limit)]
        graph = sp.bmat([[None, short.T], [short, None]], format="csr")
        _, label = connected_components(graph, directed=False)
        label = label[: rows.shape[1]]
        if np.bincount(label).max(initial=0) > most:
            break
        best = label.astype(np.int64)
    return np.unique(best, return_inverse=True)[1].astype(np.int64)
