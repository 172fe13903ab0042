"""A first pattern from exact elimination: it sees the chains of subtraction that no single line shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from threecircles.disclosure.linear import TINY, Floats
from threecircles.disclosure.sums import Bools, Sums

Residues = npt.NDArray[np.int64]

PRIME = 1_048_573
"""Arithmetic is exact modulo this prime; a sum of a million products still fits 64 bits."""

LARGEST = 800
"""Cells up to which elimination is tried: its work grows with their cube."""


def eliminate(
    sums: Sums, value: Floats, primary: Bools, hidden: Bools, cost: Floats
) -> Bools | None:
    """Cells to hide so that no primary is a sum of multiples of shown cells; None when it is too large.

    Cells are published one by one, dearest first, unless a primary would follow from them. hidden:
    cells that are not shown anyway. It knows nothing of ranges, so the linear programmes go on from
    its pattern (disclosure 5, step 2).
    """
    n = sums.cells
    if n > LARGEST or not primary.any():
        return None
    known = sums.upper - sums.lower <= TINY
    basis = _Basis(n)
    for row in np.asarray(sums.matrix.todense()).astype(np.int64):
        basis.add(basis.reduced(row % PRIME))
    for c in np.flatnonzero(known & ~primary & ~hidden):
        basis.add(basis.reduced(_unit(n, int(c))))
    left = np.array([basis.reduced(_unit(n, int(c))) for c in np.flatnonzero(primary)])
    # A primary that the sums give away with nothing shown is beyond this step.
    left = left[left.any(axis=1)]
    gone = primary | hidden
    order = np.flatnonzero(~gone & ~known)
    for c in order[np.lexsort((value[order], -cost[order]))]:
        rest = basis.reduced(_unit(n, int(c)))
        pivot = int(np.argmax(rest != 0))
        if rest[pivot] == 0:
            continue
        if _gives_away(rest, pivot, left):
            gone[c] = True
            continue
        row = basis.add(rest)
        left = (left - left[:, [pivot]] * row) % PRIME
    return gone


def _gives_away(rest: Residues, pivot: int, left: Residues) -> bool:
    """True when a primary is a multiple of what a candidate adds to the published cells."""
    unit = rest * _inverse(int(rest[pivot])) % PRIME
    touched = left[left[:, pivot] != 0]
    if not touched.size:
        return False
    return bool((touched == touched[:, [pivot]] * unit % PRIME).all(axis=1).any())


class _Basis:
    """A reduced echelon basis of everything that readers know."""

    def __init__(self, n: int) -> None:
        self.rows = np.zeros((n, n), np.int64)
        self.pivots = np.zeros(n, np.int64)
        self.size = 0

    def reduced(self, vector: Residues) -> Residues:
        """What is left of a vector when all that is known is taken out."""
        weights = vector[self.pivots[: self.size]]
        used = np.flatnonzero(weights)
        return np.asarray((vector - weights[used] @ self.rows[used]) % PRIME)

    def add(self, rest: Residues) -> Residues:
        """Make a reduced vector part of the basis; returns it with 1 at its pivot."""
        pivot = int(np.argmax(rest != 0))
        if rest[pivot] == 0:
            return rest
        row = np.asarray(rest * _inverse(int(rest[pivot])) % PRIME)
        own = self.rows[: self.size]
        touched = np.flatnonzero(own[:, pivot])
        own[touched] = (own[touched] - own[touched, pivot][:, None] * row) % PRIME
        self.rows[self.size], self.pivots[self.size] = row, pivot
        self.size += 1
        return row


def _unit(n: int, c: int) -> Residues:
    vector = np.zeros(n, np.int64)
    vector[c] = 1
    return vector


def _inverse(x: int) -> int:
    return pow(x, -1, PRIME)
