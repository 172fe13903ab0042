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
    # The smallest first: a locality takes its wards before the authority can.
    for parent in sorted(values, key=lambda v: (float(columns[v].sum()), -values.index(v))):
        parts = _parts(parent, left, columns, complete)
        if parts:
            families.append(Family(parent, tuple(parts), guessed=True))
            left = [v for v in left if v not in parts]
    return families, left


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


def _parts(
    parent: str, left: Sequence[str], columns: Mapping[str, Column], complete: bool
) -> list[str]:
    target = columns[parent]
    if not target.any():
        return []
    if target.size < 2:
        rest = [v for v in left if v != parent]
        whole = abs(sum(columns[v][0] for v in rest) - target[0]) < 0.5
        ends = parent in (left[0], left[-1])
        if whole and ends and len(rest) >= 2:
            return rest
        return _below(parent, left, columns) if complete else []
    run = _run(parent, left, columns, beside=complete and len(left) > FEW)
    if run:
        return run
    several = TRUSTED if complete else TRUSTED + 1
    return _some(parent, left, columns) if target.size >= several else []


def _below(parent: str, left: Sequence[str], columns: Mapping[str, Column]) -> list[str]:
    """In a list that stands in one line: what follows a value and adds up to it, as a region's districts do."""
    run, total = [], 0.0
    for v in left[list(left).index(parent) + 1 :]:
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


def _run(
    parent: str, left: Sequence[str], columns: Mapping[str, Column], *, beside: bool
) -> list[str]:
    """A run of at least two neighbours, the parent not among them, that add up to the parent everywhere.

    beside: only runs that begin or end next to the parent.
    """
    target = columns[parent]
    sums = np.vstack([np.zeros(target.size), np.cumsum([columns[v] for v in left], axis=0)])
    own = list(left).index(parent) if parent in left else -1
    at: dict[tuple[float, ...], int] = {}
    for end in range(sums.shape[0]):
        start = at.get(tuple(sums[end] - target))
        apart = start is not None and end - start >= 2 and not start <= own < end
        if apart and (not beside or start == own + 1 or end == own):
            return list(left[start:end])
        at.setdefault(tuple(sums[end]), end)
    return []


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
