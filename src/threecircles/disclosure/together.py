"""Moves many cells at once: without it a table of ten thousand small counts would need as many programmes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from threecircles.core.seeds import rng
from threecircles.disclosure.linear import TINY, Floats, Ints, Linear
from threecircles.disclosure.pieces import Pieces
from threecircles.disclosure.sums import Bools

if TYPE_CHECKING:
    from threecircles.disclosure.attacker import Search

MANY = 300
"""Cells that wait from which they are moved together."""

FREE_ROUNDS = 3
"""Draws of pieces in which only hidden cells move, before others may be hidden for them."""

TURNS = 6
"""Draws of pieces in all; what then still waits is moved cell by cell."""

PULLS = 3
"""Programmes asked of one piece."""

WORTH = 10.0
"""What moving a waiting cell by one is worth beside the costs of hiding: little, so that dear ways are left."""

AT_ONCE = 60
"""Waiting cells below which one by one is cheaper in what it hides."""


@dataclass(frozen=True)
class Piece:
    """What a programme about a piece needs. up, down: how far each cell may move; cost: of hiding it."""

    sums: sp.csc_matrix
    up: Floats
    down: Floats
    cost: Floats


def pull(piece: Piece, waiting: Ints, signs: Floats, miss: Floats) -> Floats | None:
    """A movement in which waiting cells go their way as far as they miss, where that is worth its cost.

    waiting: places in the piece. signs: 1 up, -1 down. miss: how far each is to go.
    """
    k = piece.up.size
    up, down = piece.up.copy(), piece.down.copy()
    up[waiting], down[waiting] = np.minimum(up[waiting], miss), np.minimum(down[waiting], miss)
    cost = np.r_[piece.cost, piece.cost]
    # Up and down at once is no movement and must not pay.
    cost[waiting], cost[waiting + k] = -WORTH * signs, WORTH * signs + TINY
    both = sp.hstack([piece.sums, -piece.sums]).tocsc()
    program = Linear(both, np.zeros(both.shape[0]), np.zeros(2 * k), np.r_[up, down])
    point = program.smallest(np.arange(2 * k), cost)
    return None if point is None else point[:k] - point[k:]


def settle_in_pieces(search: Search, asked: Ints, enough: Floats) -> None:
    """Show the search possible tables that differ from the true one inside small pieces only.

    They prove most widths of a large part; the rest is left to programmes about the whole.
    """
    truth, part = search.truth, search.part
    asked = asked[np.isfinite(enough[asked])]
    if truth is None or search.open_of(asked, enough).size < MANY:
        return
    cut = Pieces(part.matrix, part.length)
    signs = rng(int(part.cells[0]), "pieces")
    for turn in range(TURNS):
        open_ = np.zeros(truth.size, bool)
        open_[search.open_of(asked, enough)] = True
        if not open_.any():
            return
        for cells in cut.draw(signs, open_):
            sums = cut.sums_of(cells)
            if turn < FREE_ROUNDS:
                _ask(search, sums, cells, (open_, enough), signs)
                continue
            for i in np.flatnonzero(open_[cells] & ~search.wide(cells, enough[cells])):
                _singly(search, sums, cells, int(i), (float(enough[cells[i]]), signs))


def _ask(
    search: Search,
    sums: sp.csc_matrix,
    cells: Ints,
    wish: tuple[Bools, Floats],
    signs: np.random.Generator,
) -> None:
    assert search.truth is not None
    truth, (asked, enough) = search.truth[cells], wish
    # Twice the width is as far as anything need go.
    far = np.full(cells.size, 2 * enough[cells][asked[cells]].max())
    lower = np.maximum(search.part.lower[cells], truth - far)
    upper = np.minimum(search.part.upper[cells], truth + far)
    program = Linear(sums, sums @ truth, lower, upper, many=True)
    for _ in range(PULLS):
        open_ = np.flatnonzero(asked[cells] & ~search.wide(cells, enough[cells]))
        if not open_.size:
            return
        way = signs.choice([-1.0, 1.0], open_.size)
        for sense in (way, -way):
            point = program.smallest(open_, sense)
            if point is not None:
                search.see_some(cells, point)


def _singly(
    search: Search,
    sums: sp.csc_matrix,
    cells: Ints,
    i: int,
    wish: tuple[float, np.random.Generator],
) -> None:
    """Small movements of one cell. The fewer cells move, the likelier all of them by whole children."""
    assert search.truth is not None
    truth, (need, signs) = search.truth[cells], wish
    missing = need - (search.seen_high[cells[i]] - search.seen_low[cells[i]])
    up = search.seen_high[cells[i]] - truth[i] + missing
    down = truth[i] - search.seen_low[cells[i]] + missing
    cost = 1.0 + signs.random(cells.size)
    small = Piece(sums, search.part.upper[cells] - truth, truth - search.part.lower[cells], cost)
    for by in (up, -down):
        step = smallest_move(small, i, by)
        if step is not None:
            search.see_some(cells, truth + step)
        if search.wide(cells[[i]], np.array([need]))[0]:
            return


def smallest_move(piece: Piece, i: int, by: float) -> Floats | None:
    """The cheapest movement in which one cell goes up (or down) by so much; None when there is none."""
    k = piece.up.size
    up, down = piece.up.copy(), piece.down.copy()
    lower = np.zeros(2 * k)
    if by > up[i] + TINY or -by > down[i] + TINY:
        return None
    lower[i if by > 0 else k + i] = abs(by)
    (down if by > 0 else up)[i] = 0.0
    both = sp.hstack([piece.sums, -piece.sums]).tocsc()
    program = Linear(both, np.zeros(both.shape[0]), lower, np.r_[up, down])
    point = program.smallest(np.arange(2 * k), np.r_[piece.cost, piece.cost])
    return None if point is None else point[:k] - point[k:]
