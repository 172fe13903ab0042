"""Finds which lines are sums of others: without it a total with no word for it would go unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from threecircles.core.tables import TOTAL
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.linear import Linear

Group = tuple[tuple[str, str], ...]

Column = npt.NDArray[np.float64]
"""The figures of one value of a dimension, one for each line of the others."""

TRUSTED = 3
"""Lines in which several values must add up, before values that are not neighbours are believed."""

FEW = 40
"""Values of a dimension up to which any run of neighbours that adds up is believed."""


@dataclass(frozen=True)
class Family:
    """A value and the values that make it up. guessed: found by adding up, not by words."""

    parent: str
    parts: tuple[str, ...]
    guessed: bool = False


def by_adding(
    d: str, values: Sequence[str], entries: Sequence[Entry], *, complete: bool = False
) -> tuple[list[Family], list[str]]:
    """Values that equal the sum of others wherever they are shown, and the values left at the top.

    complete: nothing is hidden: a line that is left out holds nobody, and a sum that is seen once in
    the only line there is will do when it takes in all other values.
    """
    lines = _lines(d, values, entries, complete)
    families: list[Family] = []
    left = list(values)
    if not lines or (len(lines) < 2 and not complete):
        return families, left
    columns = {v: np.array([line[v] for line in lines]) for v in values}
    if len(lines) == 1 and (total := _printed_total(d, set(values), entries)) is not None:
        if abs(sum(float(columns[v][0]) for v in values) - total) < 0.5:
            return families, left  # all of them make up the total, so none holds another
        blocks = _blocks({v: float(columns[v][0]) for v in values}, total)
        if blocks:
            return blocks, [v for v in left if not any(v in f.parts for f in blocks)]
    by_chance = len(lines) == 1 and _adds_up_by_chance([float(columns[v][0]) for v in values])
    if by_chance and complete and (tiles := _tiles({v: float(columns[v][0]) for v in values})):
        return tiles, [v for v in left if not any(v in f.parts for f in tiles)]
    search = _Search(left, columns)
    # The smallest first: a locality takes its wards before the authority can.
    later = {v: -i for i, v in enumerate(values)}
    for parent in sorted(values, key=lambda v: (float(columns[v].sum()), later[v])):
        parts = _parts(parent, search, complete and not by_chance, complete)
        if parts:
            families.append(Family(parent, tuple(parts), guessed=True))
            gone = set(parts)
            left = [v for v in left if v not in gone]
            search = _Search(left, columns)
    return families, left


def _adds_up_by_chance(line: Sequence[float]) -> bool:
    """True for a long line of small figures, in which many are the sum of what happens to follow them.

    A figure is met by the running sum of those after it about once in as many tries as an average
    figure is large. Where such meetings are expected they are believed only if every figure has its
    place in one, as in a list of regions with their districts.
    """
    own = [x for x in line if x > 0]
    return len(own) > FEW and len(own) * len(own) > sum(own)


def _tiles(line: Mapping[str, float]) -> list[Family]:
    """Regions each followed by their districts, from the first figure (or the second, below a grand total) to the last."""
    values, figures = list(line), list(line.values())
    end_of: dict[int, int] = {len(values): len(values)}
    for start in range(len(values) - 3, -1, -1):
        total = 0.0
        for end in range(start + 2, len(values) + 1):
            total += figures[end - 1]
            if total > figures[start] + 0.5:
                break
            if end - start > 2 and abs(total - figures[start]) < 0.5 and end in end_of:
                end_of[start] = end
                break
    at = next((first for first in (0, 1) if first in end_of), len(values))
    found = []
    while at < len(values):
        found.append(Family(values[at], tuple(values[at + 1 : end_of[at]]), guessed=True))
        at = end_of[at]
    if found and values[0] != found[0].parent:
        top = tuple(f.parent for f in found)
        whole = abs(sum(line[v] for v in top) - figures[0]) < 0.5
        return [*found, Family(values[0], top, guessed=True)] if whole else []
    return found


class _Search:
    """Values that may still be parts, in their order, with their running sums.

    left: values. columns: their figures in each line.
    """

    def __init__(self, left: Sequence[str], columns: Mapping[str, Column]) -> None:
        self.left, self.columns = left, columns
        self.place = {v: i for i, v in enumerate(left)}
        figures = np.array([columns[v] for v in left])
        self.sums = np.vstack([np.zeros((1, figures.shape[1])), np.cumsum(figures, axis=0)])
        self.ends: dict[tuple[float, ...], list[int]] = {}
        for end, row in enumerate(map(tuple, self.sums.tolist())):
            self.ends.setdefault(row, []).append(end)

    def others(self, parent: str) -> Column:
        """What all values but one add up to."""
        return np.asarray(self.sums[-1] - (self.columns[parent] if parent in self.place else 0.0))

    def run(self, parent: str, *, beside: bool) -> list[str]:
        """A run of at least two neighbours, the parent not among them, that add up to it everywhere.

        beside: only runs that begin or end next to the parent.
        """
        target = self.columns[parent]
        own = self.place.get(parent, -1)
        starts = range(len(self.left)) if not beside else (own + 1,)
        found = []
        for start in starts:
            ends = self.ends.get(tuple((self.sums[start] + target).tolist()), ())
            found += [(end, start) for end in ends]
        if beside and own >= 0:
            found += [(own, start) for start in self.ends.get(tuple((self.sums[own] - target).tolist()), ())]  # fmt: skip
        apart = [(e, s) for e, s in found if e - s >= 2 and not s <= own < e]
        if not apart:
            return []
        end, start = min(apart)
        return list(self.left[start:end])


def _printed_total(d: str, values: set[str], entries: Sequence[Entry]) -> float | None:
    """The printed total of the one line in which the values stand."""
    rests = {
        (e.quantity, tuple(p for p in e.at if p[0] != d))
        for e in entries
        if any(k == d and v in values for k, v in e.at)
    }
    found = {e.told.value for e in entries if (e.quantity, e.at) in rests}
    return found.pop() if len(found) == 1 else None


def _blocks(line: Mapping[str, float], total: float) -> list[Family]:
    """Levels listed one after the other, each adding up to the total: each level within the one above it."""
    blocks: list[list[str]] = [[]]
    for v in line:
        if blocks[-1] and abs(sum(line[x] for x in blocks[-1]) - total) < 0.5 and line[v]:
            blocks.append([])
        blocks[-1].append(v)  # an empty group belongs to the level that goes before it
    if len(blocks) < 2 or any(abs(sum(line[x] for x in b) - total) >= 0.5 for b in blocks):
        return []
    families: list[Family] = []
    ordered = sorted(blocks, key=len)
    for above, below in pairwise(ordered):
        waiting = list(below)
        for parent in above:
            parts: list[str] = []
            while waiting and (not parts or sum(line[x] for x in parts) < line[parent]):
                parts.append(waiting.pop(0))
            if parent == above[-1]:
                parts += waiting
            if abs(sum(line[x] for x in parts) - line[parent]) >= 0.5:
                return []
            if parts:
                families.append(Family(parent, tuple(parts), guessed=True))
    return families


def _lines(
    d: str, values: Sequence[str], entries: Sequence[Entry], complete: bool
) -> list[Mapping[str, float]]:
    """The lines in which all values are shown: what each holds there."""
    known = set(values)
    found: dict[tuple[str, Group], dict[str, float]] = {}
    for e in entries:
        if e.told.value is None:
            continue
        own = next((v for k, v in e.at if k == d), None)
        if own in known:
            rest = tuple(p for p in e.at if p[0] != d)
            found.setdefault((e.quantity, rest), {})[str(own)] = e.told.value
    if complete:
        fullest = max((len(line) for line in found.values()), default=0)
        return [
            {v: line.get(v, 0.0) for v in values}
            for line in found.values()
            if 2 * len(line) > fullest
        ]
    return [line for line in found.values() if all(v in line for v in values)]


def _parts(parent: str, search: _Search, follows: bool, complete: bool) -> list[str]:
    """The values that make up one, or none. follows: in one line, what stands below a value may be its parts."""
    left, columns = search.left, search.columns
    target = columns[parent]
    if not target.any():
        return []
    if target.size < 2:
        whole = abs(search.others(parent)[0] - target[0]) < 0.5
        rest = len(left) - (parent in search.place)
        if whole and parent in (left[0], left[-1]) and rest >= 2:
            return [v for v in left if v != parent]
        return _below(parent, search) if follows else []
    run = search.run(parent, beside=complete and len(left) > FEW)
    if run:
        return run
    several = TRUSTED if complete else TRUSTED + 1
    return _some(parent, left, columns) if target.size >= several else []


def _below(parent: str, search: _Search) -> list[str]:
    """In a list that stands in one line: what follows a value and adds up to it, as a region's districts do."""
    run, total = [], 0.0
    columns = search.columns
    if parent not in search.place:
        return []
    for place in range(search.place[parent] + 1, len(search.left)):
        v = search.left[place]
        run.append(v)
        total += float(columns[v][0])
        if len(run) > 1 and abs(total - float(columns[parent][0])) < 0.5:
            return run
        if total > float(columns[parent][0]):
            return []
    return []


def twins(d: str, values: Sequence[str], entries: Sequence[Entry]) -> list[Family]:
    """Values that are alike in every line, as a locality of one ward is: the later one holds the other.

    Only where nothing is hidden and at least two lines are not empty.
    """
    lines = _lines(d, values, entries, complete=True)
    found: list[Family] = []
    seen: dict[tuple[float, ...], str] = {}
    for v in values:
        column = tuple(line[v] for line in lines)
        if sum(1 for x in column if x) >= 2:
            other = seen.setdefault(column, v)
            if other != v:
                found.append(Family(v, (other,), guessed=True))
    return found


def without_twins(families: Sequence[Family]) -> tuple[Family, ...]:
    """The families without those of `twins`, and without the totals that leave a twin out."""
    alike = {p for f in families if f.guessed and len(f.parts) == 1 for p in f.parts}
    totals = [set(f.parts) for f in families if f.parent == TOTAL]
    return tuple(
        f
        for f in families
        if not (f.guessed and len(f.parts) == 1)
        and not (
            f.parent == TOTAL
            and any(set(f.parts) < t and t - set(f.parts) <= alike for t in totals)
        )
    )


def _some(parent: str, left: Sequence[str], columns: Mapping[str, Column]) -> list[str]:
    """Any values, fewest first, that add up to the parent everywhere; needs several lines to be trusted."""
    others = [v for v in left if v != parent]
    target = columns[parent]
    if not 2 <= len(others) <= 400 or np.count_nonzero(target) < TRUSTED:
        return []
    matrix = sp.csc_matrix(np.array([columns[v] for v in others]).T)
    n = len(others)
    weights = Linear(matrix, target, np.zeros(n), np.ones(n)).smallest(np.arange(n), np.ones(n))
    if weights is None or np.abs(weights - np.round(weights)).max() > 1e-6:
        return []
    chosen = [v for v, w in zip(others, weights, strict=True) if w > 0.5]
    return chosen if len(chosen) >= 2 else []
