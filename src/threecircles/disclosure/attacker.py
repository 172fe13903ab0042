"""What a clever reader could work out: without it a suppressed table is only hoped to be safe.

For every hidden cell, the least and the greatest value that fit all that is shown. Every answer of
the solver is a table that could be true, so it is a witness for all cells at once: most questions
are answered by witnesses of others, and only the rest are asked one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.disclosure.linear import TINY, Floats, Ints, Linear
from threecircles.disclosure.nearby import Surroundings
from threecircles.disclosure.sums import Bools, Part, Sums, parts
from threecircles.disclosure.together import settle_in_pieces

DIRECTIONS = 12
"""Random directions tried before cells are asked singly; each can settle many cells at once."""

ENDLESS = 1e7
"""Stands for "any number": programmes need an end, and no place counts so many children."""

NEAR = 300
"""Cells around one that a small programme moves, before the whole part is asked."""

LARGE = 60
"""Cells of a part beyond which whole-number programmes are kept for cells that look narrow."""

HUGE = 1_000
"""Cells of a part beyond which whole-number programmes are not asked of it as a whole to prove a width."""

WHOLE_SECONDS = 15.0
"""Seconds that whole-number programmes of one part may take where the truth is not known; then bounds of
ordinary programmes stand: they are as wide or wider, and give every cell away that sums alone give away."""


PROOF_SECONDS = 20.0
"""The same where the truth is known: a cell whose width is not proven then is protected by hiding more."""


@dataclass(frozen=True)
class Ranges:
    """What can be inferred of each cell.

    low, high: tightest bounds (whole numbers for counts); nan where not asked. sure_low, sure_high:
    values that some possible table takes, so the true bounds lie outside or on them. solves: number
    of programmes. contradictory: cells in parts where nothing fits all that is shown.
    """

    low: Floats
    high: Floats
    sure_low: Floats
    sure_high: Floats
    solves: int
    contradictory: Bools

    @property
    def width(self) -> Floats:
        """high - low."""
        return self.high - self.low

    @property
    def exact(self) -> Bools:
        """Cells that are known exactly."""
        return self.width < 0.5


def ranges(
    sums: Sums,
    wanted: Bools,
    *,
    truth: Floats | None = None,
    enough: Floats | None = None,
    moves: Sequence[tuple[Ints, Floats]] = (),
    most: int | None = None,
) -> Ranges:
    """Bounds of the wanted cells from everything that is shown.

    truth: the real values, when known: the first witness. enough: a width per cell at which it is
    left alone (to verify a protection quickly); without it, or where it is infinite, the bounds are
    the tightest there are. moves: cells and how far each of them goes from the truth, for movements
    that may be possible; each is checked, none is believed. most: parts of more cells than this are
    asked in pieces only, which proves most widths and leaves the others unproven.
    """
    n = sums.cells
    low, high = np.full(n, np.nan), np.full(n, np.nan)
    shown = sums.upper - sums.lower <= TINY
    low[shown & wanted], high[shown & wanted] = (
        sums.lower[shown & wanted],
        sums.upper[shown & wanted],
    )
    sure_low, sure_high, contradictory, solves = low.copy(), high.copy(), np.zeros(n, bool), 0
    for part in parts(sums, wanted & ~shown):
        c = part.cells
        asked = np.flatnonzero(wanted[c])
        search = Search(part, sums.whole, None if truth is None else truth[c])
        search.quick = most is not None and c.size > most
        search.try_moves(moves, n)
        fits = search.ask(asked, None if enough is None else enough[c])
        solves += search.linear.solves
        if not fits:
            contradictory[c] = True
            continue
        i = c[asked]
        low[i], high[i] = search.low[asked], search.high[asked]
        sure_low[i], sure_high[i] = search.seen_low[asked], search.seen_high[asked]
    return Ranges(low, high, sure_low, sure_high, solves, contradictory)


class Search:
    """The questions about one part, and the witnesses found so far."""

    def __init__(self, part: Part, whole: bool, truth: Floats | None = None) -> None:
        self.part, self.whole = part, whole
        ends = np.minimum(part.upper, ENDLESS)
        self.linear = Linear(part.matrix, part.right, part.lower, ends, many=True)
        n = part.cells.size
        self.seen_low, self.seen_high = np.full(n, np.inf), np.full(n, -np.inf)
        self.low, self.high = self._bounds(part.lower, part.upper)
        # What ordinary programmes reached near the truth; whole numbers fit where that is twice as wide.
        self.near_low, self.near_high = self.seen_low.copy(), self.seen_high.copy()
        self.quick = False
        self.truth = truth
        self.around: Surroundings | None = None
        if truth is not None:
            self.see(truth)

    def _bounds(self, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        if not self.whole:
            return lower.copy(), upper.copy()
        return np.ceil(lower - TINY), np.floor(upper + TINY)

    def see(self, point: Floats) -> None:
        """Note a possible table. For counts only one of whole numbers is a witness."""
        if self.whole:
            rounded = np.round(point)
            if np.abs(point - rounded).max(initial=0.0) > 1e-5:
                return
            point = rounded
        np.minimum(self.seen_low, point, out=self.seen_low)
        np.maximum(self.seen_high, point, out=self.seen_high)

    def see_some(self, cells: Ints, point: Floats) -> None:
        """Note a possible table that differs from the true one in these cells only."""
        self.near_low[cells] = np.minimum(self.near_low[cells], point)
        self.near_high[cells] = np.maximum(self.near_high[cells], point)
        rounded = np.round(point)
        if self.whole and np.abs(point - rounded).max(initial=0.0) > 1e-5:
            return
        point = rounded if self.whole else point
        self.seen_low[cells] = np.minimum(self.seen_low[cells], point)
        self.seen_high[cells] = np.maximum(self.seen_high[cells], point)

    def try_moves(self, moves: Sequence[tuple[Ints, Floats]], n: int) -> None:
        """Note those movements that lie in this part, keep all sums and stay within all bounds.

        n: how many cells there are in all parts.
        """
        if self.truth is None or not moves:
            return
        place = np.full(n, -1)
        place[self.part.cells] = np.arange(self.part.cells.size)
        columns = self.part.matrix.tocsc()
        for cells, step in moves:
            own = place[cells]
            if (own < 0).any():
                continue
            point = self.truth[own] + step
            inside = (point >= self.part.lower[own] - TINY) & (point <= self.part.upper[own] + TINY)
            if inside.all() and np.abs(columns[:, own] @ step).max(initial=0.0) <= TINY:
                self.see_some(own, point)

    def wide(self, cells: Ints, need: Floats) -> Bools:
        """Which cells have been shown to be at least so wide."""
        near = np.floor(self.near_high[cells] + TINY) - np.ceil(self.near_low[cells] - TINY)
        seen = self.seen_high[cells] - self.seen_low[cells]
        return np.asarray((seen >= need - TINY) | (near >= 2 * need - TINY))

    def open_of(self, asked: Ints, enough: Floats) -> Ints:
        """The cells that have not been shown to be wide enough."""
        return asked[~self.wide(asked, enough[asked])]

    def ask(self, asked: np.ndarray, enough: Floats | None) -> bool:
        """Settle the cells; False when nothing fits all that is shown."""
        if self.part.matrix.shape[0] == 0:
            # No sum speaks of the cell, so everything within its bounds is possible.
            self.seen_low, self.seen_high = self.low.copy(), self.high.copy()
            return True
        if not self._true_fits():
            first = self.linear.smallest([0], [0.0])
            if first is None:
                return False
            self.see(first)
        if enough is not None:
            settle_in_pieces(self, asked, enough)
            asked = self._taken(asked, enough)
            if self.quick:
                return True
        self._directions(asked, enough)
        for i in asked:
            if enough is not None and np.isfinite(enough[i]):
                self._settle(int(i), float(enough[i]))
            else:
                self.low[i], self.high[i] = self._extreme(i, 1.0), self._extreme(i, -1.0)
        return True

    def _taken(self, asked: Ints, enough: Floats) -> Ints:
        """The cells that are still to be asked; of the others what was found is what is known."""
        done = self.wide(asked, enough[asked])
        for i in asked[done]:
            if self.seen_high[i] - self.seen_low[i] < enough[i] - TINY:
                # Sums leave twice the need: whole numbers fit in between (disclosure 5).
                self.seen_low[i] = min(self.seen_low[i], np.ceil(self.near_low[i] - TINY))
                self.seen_high[i] = max(self.seen_high[i], np.floor(self.near_high[i] + TINY))
        return asked[~done]

    def _true_fits(self) -> bool:
        """True when the real values are known and are themselves a possible table."""
        if self.truth is None:
            return False
        part = self.part
        apart = np.abs(part.matrix @ self.truth - part.right).max(initial=0.0)
        outside = np.maximum(part.lower - self.truth, self.truth - part.upper).max(initial=0.0)
        return bool(max(apart, outside) <= TINY)

    def _settle(self, i: int, need: float) -> None:
        """Look for possible tables that are a width apart, by the cheaper questions first."""
        for sense in (1.0, -1.0):
            if self._wide(i, need):
                return
            self._set(i, sense, self._extreme(i, sense, exactly=False))
        if self.whole:
            if self.high[i] - self.low[i] >= 2 * need - TINY:
                # Sums leave twice the need: whole numbers fit in between (disclosure 5).
                self.seen_low[i] = min(self.seen_low[i], self.low[i])
                self.seen_high[i] = max(self.seen_high[i], self.high[i])
                return
            self._reach(i, need)
            for sense in (1.0, -1.0):
                if not self._wide(i, need):
                    self._set(i, sense, self._extreme(i, sense))

    def _wide(self, i: int, need: float) -> bool:
        return bool(self.seen_high[i] - self.seen_low[i] >= need - TINY)

    def _set(self, i: int, sense: float, bound: float) -> None:
        (self.low if sense > 0 else self.high)[i] = bound

    def _reach(self, i: int, need: float) -> None:
        """Look for tables of whole numbers that are a width apart, where the bounds alone leave room."""
        for sense in (-1.0, 1.0):
            if self._wide(i, need):
                return
            lower, upper = self.part.lower.copy(), np.minimum(self.part.upper, ENDLESS)
            if sense < 0:
                lower[i] = np.ceil(self.seen_low[i] + need - TINY)
            else:
                upper[i] = np.floor(self.seen_high[i] - need + TINY)
            if lower[i] > min(self.high[i], upper[i]) or upper[i] < self.low[i]:
                continue
            # The nearest such table: the farther one is the harder programme.
            point = self._near(i, lower, upper, -sense)
            if point is None and self.patient():
                self.linear.bound(i, lower[i], upper[i])
                point = self.linear.whole(i, -sense)
                self.linear.bound(i, self.part.lower[i], min(self.part.upper[i], ENDLESS))
            if point is not None:
                self.see(point)

    def _near(self, i: int, lower: Floats, upper: Floats, towards: float) -> Floats | None:
        """Such a table close to the true one, when that is known: a small programme settles most cells."""
        if self.truth is None:
            return None
        if self.around is None:
            self.around = Surroundings(self.part.matrix)
        return self.around.moved(self.truth, i, NEAR, (lower, upper), towards)

    def _directions(self, asked: np.ndarray, enough: Floats | None) -> None:
        signs = rng(int(self.part.cells[0]), "directions")
        for _ in range(DIRECTIONS):
            wide = self.seen_high - self.seen_low
            open_ = asked if enough is None else asked[wide[asked] < enough[asked] - TINY]
            if open_.size < 2 * DIRECTIONS:
                return
            point = self.linear.smallest(open_, signs.choice([-1.0, 1.0], open_.size))
            if point is not None:
                self.see(point)

    def _extreme(self, i: int, sense: float, *, exactly: bool = True) -> float:
        """The least (sense 1) or greatest (-1) value of a cell. exactly: among whole numbers, if need be."""
        known = self.low[i] if sense > 0 else self.high[i]
        seen = self.seen_low[i] if sense > 0 else self.seen_high[i]
        if abs(known - seen) < TINY:
            return float(known)  # a witness stands on the bound that everybody knows
        point = self.linear.smallest([i], [sense])
        if point is None:
            return float(known)
        self.see(point)
        value = float(point[i])
        if value > ENDLESS / 10:
            return float(known)
        if not self.whole:
            return value
        bound = float(np.ceil(value - TINY) if sense > 0 else np.floor(value + TINY))
        return self._among_whole(i, sense, bound) if exactly else bound

    def _among_whole(self, i: int, sense: float, bound: float) -> float:
        """The bound, or the tighter one that tables of whole numbers leave, where it can matter."""
        seen = self.seen_low[i] if sense > 0 else self.seen_high[i]
        other = self.seen_high[i] if sense > 0 else self.seen_low[i]
        narrow = abs(other - bound) < 6 or not np.isfinite(other)
        worth = narrow or self.part.cells.size <= LARGE
        if self.truth is not None and self.part.cells.size > HUGE:
            worth = False  # hiding more is quicker than proving that this is enough
        if abs(seen - bound) > 0.5 and worth and self.patient():
            point = self.linear.whole(i, sense)
            if point is not None:
                self.see(point)
                return float(np.round(point[i]))
        return bound

    def patient(self) -> bool:
        """True while programmes of whole numbers may still be asked."""
        return self.linear.spent < (WHOLE_SECONDS if self.truth is None else PROOF_SECONDS)
