"""Cells and the sums that tie them: the form in which tables, pages and releases are judged together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from threecircles.disclosure.linear import TINY, Floats, Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sums:
    """Cells, and rows that say: coefficients x cells = right.

    matrix: rows x cells. lower, upper: what everybody knows of each cell (equal where it is shown).
    whole: the cells hold counts, so only whole numbers are possible.
    """

    matrix: sp.csr_matrix
    right: Floats
    lower: Floats
    upper: Floats
    whole: bool = True

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return int(self.matrix.shape[1])

    def showing(self, value: Floats, hidden: Bools) -> Sums:
        """The same sums when all cells but the hidden ones are shown with their value."""
        return replace(
            self,
            lower=np.where(hidden, self.lower, value),
            upper=np.where(hidden, self.upper, value),
        )


@dataclass(frozen=True)
class Part:
    """Unknown cells that hang together: nothing outside tells more of them.

    length: how many cells each sum has, shown ones among them.
    """

    cells: Ints
    rows: Ints
    matrix: sp.csc_matrix
    right: Floats
    lower: Floats
    upper: Floats
    length: Ints


def contradictions(sums: Sums) -> Ints:
    """Rows among shown cells that do not add up (by more than .5 for counts)."""
    free = sums.upper - sums.lower > TINY
    fixed = np.where(free, 0.0, sums.lower)
    open_rows = np.diff(sums.matrix[:, np.flatnonzero(free)].indptr) > 0
    slack = 0.5 if sums.whole else 1e-3 * np.maximum(1.0, np.abs(sums.matrix) @ np.abs(fixed))
    gap = np.abs(sums.matrix @ fixed - sums.right)
    return np.flatnonzero(~open_rows & (gap > slack)).astype(np.int64)


def parts(sums: Sums, wanted: Bools) -> Iterator[Part]:
    """The connected parts of the unknown cells that hold a wanted cell, in order of their first cell."""
    free = np.flatnonzero(sums.upper - sums.lower > TINY)
    fixed = np.where(sums.upper - sums.lower > TINY, 0.0, sums.lower)
    within = sums.matrix[:, free].tocsr()
    used = np.flatnonzero(np.diff(within.indptr) > 0)
    within = within[used]
    right = (sums.right - sums.matrix @ fixed)[used]
    n, length = free.size, np.diff(sums.matrix.tocsr().indptr)
    graph = (
        sp.bmat([[None, within.T], [within, None]], format="csr")
        if used.size
        else sp.csr_matrix((n, n))
    )
    _, label = connected_components(graph, directed=False)
    cell_label, row_label = label[:n], label[n:]
    columns = within.tocsc()
    cell_order, row_order = (
        np.argsort(cell_label, kind="stable"),
        np.argsort(row_label, kind="stable"),
    )
    cell_sorted, row_sorted = cell_label[cell_order], row_label[row_order]
    for one in np.unique(cell_label[wanted[free]]):
        c = cell_order[
            np.searchsorted(cell_sorted, one) : np.searchsorted(cell_sorted, one, "right")
        ]
        r = row_order[np.searchsorted(row_sorted, one) : np.searchsorted(row_sorted, one, "right")]
        yield Part(
            cells=free[c].astype(np.int64), rows=used[r].astype(np.int64), matrix=columns[:, c][r], right=right[r],
            lower=sums.lower[free[c]], upper=sums.upper[free[c]],
            length=length[used[r]].astype(np.int64),
        )  # fmt: skip
