"""Controlled rounding: without it the only way to make a table safe would be to take counts out of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from threecircles.core.errors import NotPermitted
from threecircles.core.seeds import rng, stable_hash
from threecircles.disclosure.attacker import ranges
from threecircles.disclosure.linear import TINY, Floats, Linear
from threecircles.disclosure.sums import Bools, Sums

PATIENCE = 60.0
"""Seconds that whole-number programmes of one table may take."""


def controlled_rounding(
    sums: Sums, value: Floats, base: int, keys: list[tuple[object, ...]] | None = None
) -> Floats:
    """Every cell at a neighbouring multiple of the base, all sums exact, with the least total change.

    sums: rows of a full table (coefficients x cells = 0). value: the true cells; multiples of the base
    stay as they are. keys: the cells' identities: ties are settled by them, so that the same cell is
    rounded alike in every table. Raises NotPermitted when no such table exists.
    Source: Cox, J. Am. Stat. Assoc. 82 (1987) 520-524; three and more dimensions need not have one.
    """
    low = np.floor(value / base + TINY)
    rest = value / base - low
    open_ = np.flatnonzero(rest > TINY)
    if not open_.size:
        return np.asarray(low * base)
    # x is 1 where a cell goes up; its cost is how much farther up is than down.
    right = -(sums.matrix @ low)
    names = keys or [(i,) for i in range(value.size)]
    nudge = np.array([rng(0, stable_hash(*map(str, names[i]))).random() for i in open_])
    cost = (1 - 2 * rest[open_]) + 1e-4 * (nudge - 0.5)
    up = _solve(sums, open_, right, cost)
    if up is None:
        raise NotPermitted(
            "No table of neighbouring multiples adds up.",
            found=f"base {base}",
            mend="Use another base, leave out a margin, or hide instead (without --round).",
        )
    low[open_] += up
    return np.asarray(low * base)


def _solve(sums: Sums, open_: np.ndarray, right: Floats, cost: Floats) -> Floats | None:
    matrix = sums.matrix[:, open_].tocsc()
    k = open_.size
    program = Linear(matrix, right, np.zeros(k), np.ones(k))
    point = program.smallest(np.arange(k), cost)
    if point is None:
        return None
    if np.abs(point - np.round(point)).max() <= TINY:
        return np.asarray(np.round(point))
    return program.all_whole(np.arange(k), cost, PATIENCE)


def rounded_ranges(sums: Sums, value: Floats, shown: Floats, base: int, asked: Bools) -> Floats:
    """Width of what can be inferred of each asked cell from a table rounded with control."""
    known = replace(
        sums,
        lower=np.maximum(0.0, shown - base + 1),
        upper=shown + base - 1,
    )
    found = ranges(known, asked, truth=value, enough=np.full(value.size, 1.0))
    return np.where(asked, found.sure_high - found.sure_low, np.inf)
