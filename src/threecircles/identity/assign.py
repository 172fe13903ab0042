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
    _, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    a, b = ends[: len(left)], ends[len(left) :]
    n = int(ends.max()) + 1
    part = components(a, b, n)
    component = part[a]
    size = np.bincount(component)
    chosen, ties = size[component] == 1, np.zeros(len(a), dtype=bool)
    order = np.argsort(component, kind="stable")
    starts = np.searchsorted(component[order], np.flatnonzero(size > 1))
    for start in starts:
        rows = order[start : start + size[component[order[start]]]]
        picked, tied = _component(a[rows], b[rows], gain[rows])
        chosen[rows[picked]] = True
        ties[rows[picked]] = tied
    return chosen, ties


def _component(a: np.ndarray, b: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the chosen edges of one component and whether each is a tie."""
    if len(set(a)) == 1 or len(set(b)) == 1:
        best = int(np.argmax(gain))
        second = np.partition(gain, -2)[-2]
        return np.array([best]), np.array([gain[best] - second < TIE])
    if len(set(a)) + len(set(b)) > LARGEST:
        strong = np.flatnonzero(gain >= np.median(gain))
        chosen, _ = _solved(a[strong], b[strong], gain[strong])
        return strong[chosen], np.ones(int(chosen.sum()), dtype=bool)
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
