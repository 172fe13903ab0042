"""Gives back what need not be hidden: without it half of the secondary cells would be hidden for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from threecircles.core.seeds import rng
from threecircles.disclosure.attacker import Search
from threecircles.disclosure.linear import TINY, Floats, Ints
from threecircles.disclosure.lines import Lines
from threecircles.disclosure.nearby import Surroundings
from threecircles.disclosure.sums import Bools, Part, Sums, parts

SINGLY = 20
"""Cells that are asked one by one; more are first pulled together."""

AT_ONCE = 32
"""Cells that are tried together at most."""

PULLS = 4
"""How often many cells are pulled together before the rest is asked singly."""

LARGEST = 8_000
"""Hidden cells that hang together up to which each is tried; beyond, the work would take hours."""

WORTH_TRYING = 1_000
"""Hidden cells that hang together from which a few secondary ones among many small ones are not tried."""

FEW = 20
"""So many small cells to one secondary are many: what could be given back is nothing beside the work."""

if TYPE_CHECKING:
    from threecircles.disclosure.suppress import Wish


def give_back(sums: Sums, value: Floats, hidden: Bools, wish: Wish, secondary: Ints) -> int:
    """Show secondary cells again, dearest first, where every primary keeps its width; returns how many.

    Changes `hidden`. A cell is given back only when other possible tables still prove each width.
    Parts of more than `LARGEST` cells are left as they are, and smaller ones where there is little to
    give back: safe, with more hidden than need be.
    """
    before = int(hidden.sum())
    chosen = np.zeros(value.size, bool)
    chosen[secondary] = True
    for part in parts(sums.showing(value, hidden), chosen):
        few = FEW * int(chosen[part.cells].sum()) < int(wish.primary[part.cells].sum())
        if part.cells.size > (WORTH_TRYING if few else LARGEST):
            continue
        bank = _Bank(part, sums.whole, value[part.cells], wish)
        candidates = np.flatnonzero(chosen[part.cells])
        worth = np.lexsort((candidates, -wish.cost[part.cells][candidates]))
        for j in _given_back(bank, candidates[worth]):
            hidden[part.cells[j]] = False
    return before - int(hidden.sum())


def _given_back(bank: _Bank, candidates: Ints) -> Iterator[int]:
    """The candidates that can be shown, each beside those before it.

    Several are tried at once: where all can be shown together one search for proofs does for all, and
    where not each half is tried. What comes out may differ by a cell or two from trying one by one.
    """
    lines = Lines(bank.part.matrix, bank.primary)
    several = 1
    waiting = list(reversed(candidates))
    while waiting:
        batch: list[int] = []
        refused: list[int] = []
        while waiting and len(batch) < several:
            j = int(waiting.pop())
            # Without a programme: a line in which only one cell is left tells it.
            if lines.show(j):
                batch.append(j)
            elif batch:
                refused.append(j)
        if batch and bank.show(np.array(batch)):
            several = min(2 * several, AT_ONCE)
            yield from batch
            continue
        for _ in batch:
            lines.take_back()
        # What was refused beside cells that stay hidden is asked again.
        waiting += reversed([*(batch if len(batch) > 1 else ()), *refused])
        several = max(1, (len(batch) + 1) // 2)


class _Bank:
    """Possible tables of one part, and for each primary cell the two that prove its width."""

    def __init__(self, part: Part, whole: bool, truth: Floats, wish: Wish) -> None:
        self.part, self.truth = part, truth
        self.linear = Search(part, whole).linear
        self.around = Surroundings(part.matrix)
        self.primary = np.flatnonzero(wish.primary[part.cells])
        self.width = wish.width[part.cells][self.primary]
        self.tables = [truth]
        k = self.primary.size
        self.low_in, self.high_in = np.zeros(k, int), np.zeros(k, int)
        self.low, self.high = truth[self.primary].copy(), truth[self.primary].copy()
        # Cells that even all hidden cells together do not protect are the next round's business.
        proven = np.array([self._settle_one(i) for i in range(k)], bool)
        self.primary, self.width = self.primary[proven], self.width[proven]
        self.low, self.high = self.low[proven], self.high[proven]
        self.low_in, self.high_in = self.low_in[proven], self.high_in[proven]

    def show(self, cells: Ints) -> bool:
        """Fix cells at their true values; undone, with False, when a primary cell loses its width."""
        saved = (
            self.low.copy(),
            self.high.copy(),
            self.low_in.copy(),
            self.high_in.copy(),
            len(self.tables),
        )
        moves = np.array([np.abs(t[cells] - self.truth[cells]).max() > TINY for t in self.tables])
        for j in cells:
            self.linear.bound(int(j), self.truth[j], self.truth[j])
        lost = np.flatnonzero(moves[self.low_in] | moves[self.high_in])
        self._fall_back(lost, np.flatnonzero(~moves))
        # Those in a line with the cells first, then the narrowest: they fail soonest, and one failure is enough.
        apart = ~np.isin(self.primary[lost], self.around.beside(cells))
        lost = lost[np.lexsort(((self.high - self.low)[lost], apart))]
        sure = all(self._settle_one(int(k)) for k in lost[:SINGLY])
        if sure and lost.size > SINGLY:
            self._settle_many(lost[SINGLY:])
        if sure and all(self._settle_one(int(k)) for k in lost[SINGLY:]):
            self._tidy()
            return True
        for j in cells:
            self.linear.bound(int(j), self.part.lower[j], self.part.upper[j])
        self.low, self.high, self.low_in, self.high_in = saved[:4]
        del self.tables[saved[4] :]
        return False

    def _settle_many(self, lost: Ints) -> None:
        """Prove as many widths as a few tables can that are pulled in random directions."""
        signs = rng(int(self.part.cells[0]), int(lost.size), "clean up")
        for _ in range(PULLS):
            open_ = lost[(self.high - self.low < self.width - TINY)[lost]]
            if open_.size < SINGLY:
                return
            pull = signs.choice([-1.0, 1.0], open_.size)
            for way in (pull, -pull):
                point = self.linear.smallest(self.primary[open_], way)
                if point is not None:
                    self._keep(point)

    def _settle_one(self, k: int) -> bool:
        """Find tables that prove the width of a primary cell; False when there are none."""
        cell = int(self.primary[k])
        for sense in (1.0, -1.0):
            if self._wide(k):
                return True
            point = self.linear.smallest([cell], [sense])
            if point is None:
                return False
            self._keep(point)
        return self._wide(k)

    def _wide(self, k: int) -> bool:
        return bool(self.high[k] - self.low[k] >= self.width[k] - TINY)

    def _keep(self, point: Floats) -> None:
        """Note a table that proves widths. Parts of children are let pass: the attacker judges in the end."""
        number = len(self.tables)
        self.tables.append(point)
        at = point[self.primary]
        lower, higher = at < self.low - TINY, at > self.high + TINY
        self.low[lower], self.low_in[lower] = at[lower], number
        self.high[higher], self.high_in[higher] = at[higher], number

    def _fall_back(self, lost: Ints, still: Ints) -> None:
        """Let cells whose proof moves the shown cell lean on the other tables (the truth is always one)."""
        if lost.size == 0:
            return
        at = np.array([self.tables[t] for t in still])[:, self.primary[lost]]
        self.low[lost], self.low_in[lost] = at.min(axis=0), still[at.argmin(axis=0)]
        self.high[lost], self.high_in[lost] = at.max(axis=0), still[at.argmax(axis=0)]

    def _tidy(self) -> None:
        """Forget tables that no proof leans on."""
        used = np.unique(np.concatenate([[0], self.low_in, self.high_in]))
        self.tables = [self.tables[t] for t in used]
        self.low_in, self.high_in = (
            np.searchsorted(used, self.low_in),
            np.searchsorted(used, self.high_in),
        )
