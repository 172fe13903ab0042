"""One to one: without it each child of a pair of twins would be given both of the others' records."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.identity.components import components

TIE = 1.0
"""Bits by which the best assignment must beat the next, or the pair goes to review."""
LARGEST = 2_000
"""Records in one component above which its weakest edges are cut, and reported."""


def assigned(edges: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Edges between two duplicate-free sources, one to one at the greatest total weight.

    edges: unit_l, unit_r int64 (all unit_l of one source, all unit_r of the other), w_adjusted.
    threshold: bits an edge must reach. Returns the edges kept with `tie` bool: its component has
    another assignment less than a bit worse without it.
    """
    kept = edges.filter(pl.col("w_adjusted") >= threshold)
    if kept.is_empty():
        return kept.with_columns(pl.lit(False).alias("tie"))
    chosen, ties = _solved(
        kept["unit_l"].to_numpy(),
        kept["unit_r"].to_numpy(),
        kept["w_adjusted"].to_numpy() - threshold + 1e-9,
    )
    return kept.with_columns(pl.Series("tie", ties)).filter(pl.Series(chosen))


def _solved(left: np.ndarray, right: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each edge: whether it is chosen, and whether it is chosen by a hair."""
    # Most edges stand alone: they need no graph.
    chosen = (np.bincount(left)[left] == 1) & (np.bincount(right)[right] == 1)
    ties = np.zeros(len(left), dtype=bool)
    rest = np.flatnonzero(~chosen)
    if not len(rest):
        return chosen, ties
    names, ends = np.unique(np.concatenate([left[rest], right[rest]]), return_inverse=True)
    a, b = ends[: len(rest)], ends[len(rest) :]
    component = components(a, b, len(names))[a]
    order = np.argsort(component, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(component[order])) + 1):
        picked, tied = _component(a[own], b[own], gain[rest[own]])
        chosen[rest[own[picked]]] = True
        ties[rest[own[picked]]] = tied
    return chosen, ties


def _component(a: np.ndarray, b: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the chosen edges of one component and whether each is a tie."""
    if len(gain) <= _FEW:
        return _few(a.tolist(), b.tolist(), gain.tolist())
    if len(set(a.tolist())) + len(set(b.tolist())) > LARGEST:
        return _cut(a, b, gain)
    matrix, at, (row, column) = _matrix(a, b, gain)
    total, picked = _best(matrix, at)
    tied = np.zeros(len(picked), dtype=bool)
    if len(picked) <= 40:
        for i, edge in enumerate(picked):
            held = matrix[row[edge], column[edge]]
            matrix[row[edge], column[edge]] = 0.0
            tied[i] = total - _best(matrix, at)[0] < TIE
            matrix[row[edge], column[edge]] = held
    return picked, tied


_FEW = 6
"""Edges of which every assignment is tried: nearly all families of rivals are as small."""


def _few(a: list[int], b: list[int], gain: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """The same for a handful of edges, by trying every set of them that shares no end."""
    tried: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for edge, more in enumerate(gain):
        tried += [
            (total + more, (*taken, edge))
            for total, taken in tried
            if all(a[edge] != a[other] and b[edge] != b[other] for other in taken)
        ]
    best, picked = max(tried)
    tied = [best - max(t for t, taken in tried if edge not in taken) < TIE for edge in picked]
    return np.array(picked, dtype=np.int64), np.array(tied, dtype=bool)


def _cut(a: np.ndarray, b: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A component that is too large, without its weakest edges; all that it gives are ties.

    Where its edges are alike there is no weakest one, and nothing tells whose is whose: each record
    is paired once, in the order given, for a person to look at.
    """
    middle = np.median(gain)
    strong = np.flatnonzero(gain >= middle if (gain < middle).any() else gain > middle)
    if len(strong):
        chosen, _ = _solved(a[strong], b[strong], gain[strong])
        return strong[chosen], np.ones(int(chosen.sum()), dtype=bool)
    taken: set[tuple[str, int]] = set()
    picked = []
    for edge, (one, other) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        if ("a", one) not in taken and ("b", other) not in taken:
            taken |= {("a", one), ("b", other)}
            picked.append(edge)
    return np.array(picked), np.ones(len(picked), dtype=bool)


def _matrix(
    a: np.ndarray, b: np.ndarray, gain: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    _, row = np.unique(a, return_inverse=True)
    _, column = np.unique(b, return_inverse=True)
    matrix = np.zeros((row.max() + 1, column.max() + 1))
    at = np.full(matrix.shape, -1)
    for edge in range(len(gain)):
        if gain[edge] > matrix[row[edge], column[edge]]:
            matrix[row[edge], column[edge]] = gain[edge]
            at[row[edge], column[edge]] = edge
    return matrix, at, (row, column)


def _best(matrix: np.ndarray, at: np.ndarray) -> tuple[float, np.ndarray]:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(matrix, maximize=True)
    gains = matrix[rows, columns]
    return float(gains.sum()), at[rows[gains > 0], columns[gains > 0]]
