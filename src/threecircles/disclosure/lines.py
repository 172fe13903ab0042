"""Lines in which one cell alone is left open: it follows at once, and no programme has to be asked."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from threecircles.disclosure.linear import Ints


class Lines:
    """What is still open in each sum while cells are shown one after the other.

    matrix: sums x open cells. secret: cells that must not follow.
    """

    def __init__(self, matrix: sp.csc_matrix, secret: Ints) -> None:
        self.columns, self.rows = sp.csc_matrix(matrix), sp.csr_matrix(matrix)
        self.left = np.diff(self.rows.indptr)
        self.told = np.zeros(matrix.shape[1], bool)
        self.secret = np.zeros(matrix.shape[1], bool)
        self.secret[secret] = True
        self._steps: list[list[int]] = []

    def show(self, cell: int) -> bool:
        """Show a cell and what follows line by line; undone, with False, when a secret one follows."""
        step: list[int] = []
        self._steps.append(step)
        waiting = [cell]
        while waiting:
            c = waiting.pop()
            if self.told[c]:
                continue
            if self.secret[c]:
                self.take_back()
                return False
            self.told[c] = True
            step.append(c)
            lines = self._of(self.columns, c)
            self.left[lines] -= 1
            for line in lines[self.left[lines] == 1]:
                members = self._of(self.rows, int(line))
                waiting += members[~self.told[members]].tolist()
        return True

    def take_back(self) -> None:
        """Undo the last showing."""
        for c in self._steps.pop():
            self.told[c] = False
            self.left[self._of(self.columns, c)] += 1

    @staticmethod
    def _of(matrix: sp.csr_matrix | sp.csc_matrix, i: int) -> Ints:
        return np.asarray(matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]], np.int64)
