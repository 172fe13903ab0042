"""Complementary suppression: without it a hidden cell comes back by subtracting what is shown.

Exact elimination gives a first pattern for smaller tables. For every cell to protect, a linear programme looks for the cheapest movement of the table that
leaves all sums as they are and moves that cell far enough; the cells that move are hidden too. Then
secondary cells are given back one by one, dearest first, as long as everything stays protected.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from threecircles.core.seeds import rng
from threecircles.disclosure.attacker import Ranges, ranges
from threecircles.disclosure.clean_up import give_back
from threecircles.disclosure.elimination import eliminate
from threecircles.disclosure.linear import TINY, Floats, Ints
from threecircles.disclosure.nearby import members
from threecircles.disclosure.pieces import Pieces
from threecircles.disclosure.sums import Bools, Sums
from threecircles.disclosure.together import (
    AT_ONCE,
    FREE_ROUNDS,
    MANY,
    PULLS,
    TURNS,
    Piece,
    pull,
    smallest_move,
)

NEAR = 600
"""Cells looked at around the one to protect; widened when there is no way out among them."""

LARGE = 20_000
"""Cells of a table beyond which fewer are looked at around each, since there are thousands to protect."""

MOST = 2_000
"""Hidden cells that hang together up to which widths are proven by programmes about all of them."""

ROUNDS = 6
"""How often cells that the attacker still narrows are protected again, with a wider need."""


@dataclass(frozen=True)
class Wish:
    """What is to be protected, and what hiding costs.

    primary: cells to hide. width: the width their inferred interval must have. cost: what hiding a
    cell costs (infinite: it is public and cannot be hidden).
    """

    primary: Bools
    width: Floats
    cost: Floats


@dataclass
class Pattern:
    """Which cells are hidden. unsafe: primary cells that no pattern protects."""

    hidden: Bools
    unsafe: Ints
    found: Ranges
    given_back: int = 0
    solves: int = 0
    notes: list[str] = field(default_factory=list)


def suppress(sums: Sums, value: Floats, wish: Wish, hidden: Bools | None = None) -> Pattern:
    """A pattern in which every primary cell keeps at least its width against the attacker.

    sums: rows and the bounds that everybody knows of a cell when it is hidden. value: the true
    cells. hidden: cells already hidden for another reason. Deterministic.
    """
    start = wish.primary.copy() if hidden is None else wish.primary | hidden
    plain = _from(sums, value, wish, start, start)
    first = eliminate(sums, value, wish.primary, start & ~wish.primary, wish.cost)
    if first is None or (first == plain.hidden).all():
        return plain
    other = _from(sums, value, wish, start, first)
    # Equal numbers go to the programmes: what they hide leaves wider ranges.
    return min(plain, other, key=lambda p: (p.unsafe.size, _count(p.hidden & ~start, value, wish)))


def _count(more: Bools, value: Floats, wish: Wish) -> float:
    """How many cells are hidden besides, dear ones (totals) for more than one."""
    return float(np.round((wish.cost / (1.0 + np.log1p(np.maximum(value, 0.0))))[more].sum(), 6))


def _from(sums: Sums, value: Floats, wish: Wish, start: Bools, first: Bools) -> Pattern:
    """A pattern grown from the cells that one begins with. start: cells that stay hidden."""
    movement = _Movement(sums, value, wish, first.copy())
    need = wish.width.copy()
    large = np.count_nonzero(first) > MOST
    given_back = 0
    for round_ in range(ROUNDS):
        movement.protect(np.flatnonzero(wish.primary), need)
        if round_ == 0:
            secondary = np.flatnonzero(movement.hidden & ~start)
            given_back = give_back(sums, value, movement.hidden, wish, secondary)
        shown = sums.showing(value, movement.hidden)
        found = ranges(
            shown, wish.primary, truth=value, enough=wish.width, moves=movement.moves,
            most=MOST if round_ < ROUNDS - 2 else None,
        )  # fmt: skip
        # Not a number where nothing fits: figures that contradict each other protect nobody.
        weak = wish.primary & ~(found.sure_high - found.sure_low >= wish.width - TINY)
        if not weak.any():
            break
        # What whole-number tables do not reach is asked for again, wider, and from what is hidden now.
        need = np.where(weak, np.maximum(need + 1.0, 2 * wish.width if large else 0.0), need)
        movement.forget(weak)
    return Pattern(movement.hidden, np.flatnonzero(weak), found, given_back, movement.solves)


class _Movement:
    """The state of the search for movements: what is hidden, and how far each cell can move in it."""

    def __init__(self, sums: Sums, value: Floats, wish: Wish, hidden: Bools) -> None:
        self.rows, self.columns = sums.matrix.tocsr(), sums.matrix.tocsc()
        self.value, self.hidden = value, hidden
        self.down = np.where(np.isfinite(wish.cost) | hidden, value - sums.lower, 0.0)
        self.up = np.where(np.isfinite(wish.cost) | hidden, sums.upper - value, 0.0)
        self.cost = np.where(hidden, 0.0, wish.cost)
        self.low, self.high = value.copy(), value.copy()
        self.solves = 0
        self.moves: list[tuple[Ints, Floats]] = []
        self.size = NEAR if value.size <= LARGE else NEAR // 4

    def forget(self, cells: Bools) -> None:
        """Movements that were not made of whole numbers do not count for these cells."""
        self.low[cells] = self.high[cells] = self.value[cells]

    def protect(self, cells: Ints, need: Floats) -> None:
        """Move each cell until its width is reached, smallest first, hiding what has to move too."""
        self._together(cells, need)
        for i in cells[np.argsort(self.value[cells], kind="stable")]:
            if self.high[i] - self.low[i] >= need[i] - TINY:
                continue
            upward = need[i] - (self.value[i] - self.low[i])
            if not self._move(int(i), upward) and self.down[i] >= need[i]:
                self._move(int(i), -need[i])

    def _together(self, cells: Ints, need: Floats) -> None:
        """Move cells in pieces of the table, many at once: first hidden ones alone, then with others."""
        asked = np.zeros(self.value.size, bool)
        asked[cells] = True
        open_ = asked & ~self._wide(need)
        if np.count_nonzero(open_) < MANY:
            return
        free = np.flatnonzero(self.up + self.down > 0)
        cut = Pieces(self.columns[:, free], np.diff(self.rows.indptr).astype(np.int64))
        signs = rng(int(cells[0]), "together")
        for turn in range(TURNS):
            open_ = asked & ~self._wide(need)
            if np.count_nonzero(open_) < (1 if turn < FREE_ROUNDS else AT_ONCE):
                return
            for places in cut.draw(signs, open_[free]):
                self._pull(cut.sums_of(places), free[places], (open_, need), signs, turn)

    def _pull(
        self,
        sums: sp.csc_matrix,
        near: Ints,
        wish: tuple[Bools, Floats],
        signs: np.random.Generator,
        turn: int,
    ) -> None:
        asked, need = wish
        for _ in range(PULLS):
            miss = need[near] - (self.high - self.low)[near]
            waiting = np.flatnonzero(asked[near] & (miss > TINY))
            if not waiting.size:
                return
            still = (self.cost[near] > 0) if turn < FREE_ROUNDS else np.zeros(near.size, bool)
            far = 2 * need[near]
            piece = Piece(
                sums,
                np.where(still, 0.0, np.minimum(self.up[near], far)),
                np.where(still, 0.0, np.minimum(self.down[near], far)),
                np.where(np.isfinite(self.cost[near]), self.cost[near], 0.0),
            )
            way = signs.choice([-1.0, 1.0], waiting.size)
            # Upwards a cell has to go beyond what it has reached, downwards likewise.
            up, down = (self.high - self.value)[near], (self.value - self.low)[near]
            gone = np.where(way > 0, up[waiting], down[waiting])
            step = pull(piece, waiting, way, gone + miss[waiting])
            if step is not None:
                self._take(near, step)

    def _wide(self, need: Floats) -> Bools:
        return np.asarray(self.high - self.low >= need - TINY)

    def _move(self, i: int, by: float) -> bool:
        if self.columns.indptr[i] == self.columns.indptr[i + 1]:
            # No sum speaks of the cell: hidden, it can be anything.
            self.low[i], self.high[i] = self.value[i] - self.down[i], self.value[i] + self.up[i]
            return bool(self.high[i] - self.low[i] >= abs(by) - TINY)
        size = self.size
        while True:
            near = self._near(i, size)
            step = self._cheapest(near, by)
            if step is not None:
                self._take(near, step)
                return True
            if near.size < size:
                return False
            size *= 4

    def _near(self, i: int, size: int) -> Ints:
        """The cells nearest to one along rows, the one first; of the farthest ring the cheapest."""
        seen = np.zeros(self.value.size, bool)
        seen[i] = True
        found, ring, total = [np.array([i])], np.array([i]), 1
        while ring.size and total < size:
            rows = np.unique(members(self.columns, ring))
            new = np.unique(members(self.rows, rows))
            new = new[~seen[new] & (self.up[new] + self.down[new] > 0)]
            if total + new.size > size:
                new = new[np.argsort(self.cost[new], kind="stable")[: size - total]]
            seen[new] = True
            found.append(new)
            total += new.size
            ring = new
        return np.concatenate(found)

    def _cheapest(self, near: Ints, by: float) -> Floats | None:
        within = self.columns[:, near]
        within = within[np.unique(within.indices)]
        self.solves += 1
        return smallest_move(Piece(within, self.up[near], self.down[near], self.cost[near]), 0, by)

    def _take(self, near: Ints, step: Floats) -> None:
        moved = near[np.abs(step) > TINY]
        self.hidden[moved] = True
        self.cost[moved] = 0.0
        self.moves.append((moved, step[np.abs(step) > TINY]))
        self._widen(near, self.value[near] + step)
        back = np.where(step > TINY, self.down[near], np.where(step < -TINY, self.up[near], np.inf))
        with np.errstate(divide="ignore", invalid="ignore"):
            times = np.nanmin(np.where(np.abs(step) > TINY, back / np.abs(step), np.inf))
        if np.isfinite(times):
            self._widen(near, self.value[near] - times * step)

    def _widen(self, near: Ints, point: Floats) -> None:
        self.low[near] = np.minimum(self.low[near], point)
        self.high[near] = np.maximum(self.high[near], point)
