"""Finds how values nest: without it a ward's locality, or an age band's parts, would have to be declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from threecircles.core.tables import TOTAL
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.linear import Linear

_RANGE = re.compile(r"\D*(\d{1,4})\s*(?:-|–|—|to)\s*(\d{1,4})\D*\Z", re.IGNORECASE)
_SINGLE = re.compile(r"(?:age |aged |year )?(\d{1,4})(?: years?)?\Z", re.IGNORECASE)
_OVER = re.compile(r"\D*(\d{1,4})\s*(?:\+|and over|or over|and above|plus)\s*\Z", re.IGNORECASE)
_UNDER = re.compile(r"\D*(?:under|below|<)\s*(\d{1,4})\D*\Z", re.IGNORECASE)
_TIME = re.compile(r"year|period|date|quarter|month|time", re.IGNORECASE)
_IDENTITY = re.compile(
    r"measure|indicator|statistic|item|question|metric|release|edition", re.IGNORECASE
)
_CODED = re.compile(r"code|name|label|\bid\b", re.IGNORECASE)

Group = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Family:
    """A value and the values that make it up. guessed: found by adding up, not by words."""

    parent: str
    parts: tuple[str, ...]
    guessed: bool = False


@dataclass(frozen=True)
class Structure:
    """Families of each dimension. renamed: (column, value) -> its dimension and value ("" = total)."""

    families: Mapping[str, tuple[Family, ...]]
    notes: tuple[str, ...] = ()


def merged(found: Sequence[Entry]) -> tuple[list[Entry], dict[str, dict[str, str]], list[str]]:
    """Entries with nested columns made one dimension, and the parents so learned.

    A column that is fixed by a finer one (locality by ward) becomes a level of it; a code beside a
    name, and a column with one value everywhere, are dropped.
    """
    notes: list[str] = []
    entries = _without_constants(list(found))
    parents: dict[str, dict[str, str]] = {}
    for _ in range(6):
        pair = _nested(entries)
        if pair is None:
            return entries, parents, notes
        coarse, fine, inside = pair
        if not inside:
            entries = [replace(e, at=tuple(p for p in e.at if p[0] != coarse)) for e in entries]
            notes.append(f"{coarse} names the same groups as {fine}")
            continue
        own = {v for e in entries for d, v in e.at if d == fine}
        word = {a: a if a not in own else f"{coarse} {a}" for a in set(inside.values())}
        entries = [_moved(e, coarse, fine, word) for e in entries]
        up = parents.setdefault(fine, {})
        up.update({v: word[a] for v, a in inside.items()})
        for old in parents.pop(coarse, {}).items():
            up[word.get(old[0], old[0])] = old[1]
        notes.append(f"{fine} lies within {coarse}")
    return entries, parents, notes


def _without_constants(entries: list[Entry]) -> list[Entry]:
    values: dict[str, set[str]] = {}
    for e in entries:
        for d, v in e.at:
            values.setdefault(d, set()).add(v)
    anywhere = {d for d in values if all(any(p[0] == d for p in e.at) for e in entries)}
    dropped = {d for d, v in values.items() if len(v) == 1 and d in anywhere}
    return [replace(e, at=tuple(p for p in e.at if p[0] not in dropped)) for e in entries]


def _nested(entries: Sequence[Entry]) -> tuple[str, str, dict[str, str]] | None:
    """The next pair of columns of which one is fixed by the other; an empty map when they are twins."""
    dimensions = sorted({d for e in entries for d, _ in e.at})
    for coarse in dimensions:
        for fine in dimensions:
            if coarse == fine:
                continue
            above: dict[str, set[str]] = {}
            for e in entries:
                own = dict(e.at)
                if coarse in own and fine in own:
                    above.setdefault(own[fine], set()).add(own[coarse])
            wholes = {a for s in above.values() for a in s}
            if len(above) < 2 or any(len(s) > 1 for s in above.values()):
                continue
            if len(above) == len(wholes):
                twins = _CODED.search(coarse) or _CODED.search(fine)
                if twins and len(above) > 1:
                    return coarse, fine, {}
                continue
            if len(wholes) > 1 and len(above) >= 1.5 * len(wholes):
                return coarse, fine, {v: next(iter(s)) for v, s in above.items()}
    return None


def _moved(e: Entry, coarse: str, fine: str, word: Mapping[str, str]) -> Entry:
    own = dict(e.at)
    a = own.pop(coarse, None)
    if a is not None and fine not in own:
        own[fine] = word.get(a, a)
    return replace(e, at=tuple(sorted(own.items())))


def structure(
    entries: Sequence[Entry],
    parents: Mapping[str, Mapping[str, str]],
    declared: Iterable[tuple[str, str, str]] = (),
) -> Structure:
    """The families of every dimension, from words, number ranges, nested columns and adding up.

    declared: (dimension, parent, part) triples that the user gave; "All" is the total.
    """
    order: dict[str, list[str]] = {}
    for e in entries:
        for d, v in e.at:
            order.setdefault(d, [])
            if v not in order[d]:
                order[d].append(v)
    said: dict[str, dict[str, list[str]]] = {}
    for d, parent, part in declared:
        said.setdefault(d, {}).setdefault(parent, []).append(part)
    families, notes = {}, []
    for d, values in order.items():
        if d in said:
            families[d] = tuple(Family(p, tuple(v)) for p, v in said[d].items())
            continue
        families[d], told = _families(d, values, parents.get(d, {}), entries)
        notes += told
    return Structure(families, tuple(notes))


def _families(
    d: str, values: list[str], above: Mapping[str, str], entries: Sequence[Entry]
) -> tuple[tuple[Family, ...], list[str]]:
    if _IDENTITY.search(d):
        return (), []
    ranges = {v: r for v in values if (r := _range(v)) is not None}
    if len(ranges) == len(values) and _overlap(ranges):
        return _range_families(ranges, total=not _TIME.search(d)), [
            f"{d} holds ranges that overlap"
        ]
    if _TIME.search(d):
        return (), []
    if above:
        inside: dict[str, list[str]] = {}
        for part, parent in above.items():
            inside.setdefault(parent, []).append(part)
        top = [v for v in dict.fromkeys([*values, *inside]) if v not in above]
        return (*(Family(p, tuple(v)) for p, v in inside.items()), Family(TOTAL, tuple(top))), []
    guessed, roots = _by_adding(d, values, entries)
    notes = [f"{d}: {f.parent} is made up of {len(f.parts)} others" for f in guessed]
    if len(roots) == 1 and guessed:
        return (*guessed, Family(TOTAL, (roots[0],), guessed=True)), notes
    return (*guessed, Family(TOTAL, tuple(roots))), notes


def _range(value: str) -> tuple[int, int] | None:
    if m := _SINGLE.match(value):
        return int(m[1]), int(m[1])
    if m := _RANGE.match(value):
        low, high = int(m[1]), int(m[2])
        if low >= 1000 and high < 100:  # 2022-24, but 2022-23 is one school or financial year
            high += low // 100 * 100
            return (low, high) if high - low >= 2 else (low, low)
        return (low, high) if low <= high else None
    if m := _OVER.match(value):
        return int(m[1]), 10_000
    if m := _UNDER.match(value):
        return 0, int(m[1]) - 1
    return None


def _overlap(ranges: Mapping[str, tuple[int, int]]) -> bool:
    spans = sorted(ranges.values())
    return any(b[0] <= a[1] for a, b in pairwise(spans))


def _range_families(ranges: Mapping[str, tuple[int, int]], total: bool) -> tuple[Family, ...]:
    """Each range as the sum of the pieces between all the ends; pieces nobody printed are unknown cells."""
    cuts = sorted({low for low, _ in ranges.values()} | {high + 1 for _, high in ranges.values()})
    pieces = [
        (a, b - 1)
        for a, b in pairwise(cuts)
        if any(low <= a and b - 1 <= high for low, high in ranges.values())
    ]
    named = {r: v for v, r in ranges.items()}
    word = {
        p: named.get(p, f"{p[0]}-{p[1]}" if p[1] < 10_000 else f"{p[0]} and over") for p in pieces
    }
    found = []
    for value, (low, high) in ranges.items():
        parts = tuple(word[p] for p in pieces if low <= p[0] and p[1] <= high)
        if len(parts) > 1 and value not in parts:
            found.append(Family(value, parts))
    if total:
        found.append(Family(TOTAL, tuple(word[p] for p in pieces)))
    return tuple(found)


def _by_adding(
    d: str, values: list[str], entries: Sequence[Entry]
) -> tuple[list[Family], list[str]]:
    """Values that equal the sum of a run of others in every line where all are shown."""
    columns: dict[tuple[str, Group], dict[str, float]] = {}
    for e in entries:
        own = dict(e.at)
        if d in own and e.told.value is not None:
            rest = tuple(p for p in e.at if p[0] != d)
            columns.setdefault((e.quantity, rest), {})[own[d]] = e.told.value
    lines = [c for c in columns.values() if all(v in c for v in values)]
    families: list[Family] = []
    left = list(values)
    if len(lines) < 2:
        return families, left
    # The smallest first: a locality takes its wards before the authority can.
    for parent in sorted(values, key=lambda v: sum(c[v] for c in lines)):
        run = _run(parent, left, lines) or _some(parent, left, lines)
        if run:
            families.append(Family(parent, tuple(run), guessed=True))
            left = [v for v in left if v not in run]
    return families, left


def _some(parent: str, left: Sequence[str], lines: Sequence[Mapping[str, float]]) -> list[str]:
    """Any values, fewest first, that add up to the parent everywhere; needs several lines to be trusted."""
    others = [v for v in left if v != parent]
    if len(lines) < 4 or not 2 <= len(others) <= 400 or sum(1 for c in lines if c[parent]) < 3:
        return []
    matrix = sp.csc_matrix([[c[v] for v in others] for c in lines])
    target = np.array([c[parent] for c in lines])
    n = len(others)
    weights = Linear(matrix, target, np.zeros(n), np.ones(n)).smallest(np.arange(n), np.ones(n))
    if weights is None or np.abs(weights - np.round(weights)).max() > 1e-6:
        return []
    chosen = [v for v, w in zip(others, weights, strict=True) if w > 0.5]
    return chosen if len(chosen) >= 2 else []


def _run(parent: str, left: Sequence[str], lines: Sequence[Mapping[str, float]]) -> list[str]:
    """A run of at least two neighbours, the parent not among them, that add up to the parent everywhere."""
    target = tuple(c[parent] for c in lines)
    if not any(target):
        return []
    sums = [tuple(0.0 for _ in lines)]
    for v in left:
        sums.append(tuple(s + c[v] for s, c in zip(sums[-1], lines, strict=True)))
    at: dict[tuple[float, ...], int] = {}
    own = list(left).index(parent)
    for end, total in enumerate(sums):
        wanted = tuple(t - g for t, g in zip(total, target, strict=True))
        start = at.get(wanted)
        if start is not None and end - start >= 2 and not start <= own < end:
            return list(left[start:end])
        at.setdefault(total, end)
    return []
