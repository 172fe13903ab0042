"""Finds how values nest: without it a ward's locality, or an age band's parts, would have to be declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from threecircles.core.tables import TOTAL
from threecircles.disclosure.adding_up import Family, by_adding, twins
from threecircles.disclosure.columns import words_for
from threecircles.disclosure.layout import Entry

_RANGE = re.compile(r"\D*(\d{1,4})\s*(?:-|–|—|to)\s*(\d{1,4})\D*\Z", re.IGNORECASE)
_SINGLE = re.compile(r"(?:age |aged |year )?(\d{1,4})(?: years?)?\Z", re.IGNORECASE)
_OVER = re.compile(r"\D*(\d{1,4})\s*(?:\+|and over|or over|and above|plus)\s*\Z", re.IGNORECASE)
_UNDER = re.compile(r"\D*(?:under|below|<)\s*(\d{1,4})\D*\Z", re.IGNORECASE)
_TIME = re.compile(r"year|period|date|quarter|month|time", re.IGNORECASE)
_WHEN = re.compile(r"(19|20)\d\d|\bq[1-4]\b|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", re.I)
"""What values of time look like: a column headed "year group" holds ages, and they add up."""
_IDENTITY = re.compile(
    r"measure|indicator|statistic|item|question|metric|release|edition", re.IGNORECASE
)
_CODED = re.compile(r"code|name|label|\bid\b", re.IGNORECASE)
_LEVEL = re.compile(
    r"\blevel\b|\btier\b|area type|geography type|type of area|row type", re.IGNORECASE
)


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
    groups = [dict(at) for at in dict.fromkeys(e.at for e in entries)]
    timely = {
        d
        for d in dimensions
        if _IDENTITY.search(d) or _is_time(d, {own[d] for own in groups if d in own})
    }
    for coarse in dimensions:
        for fine in dimensions:
            if coarse == fine or timely & {coarse, fine}:
                continue
            above: dict[str, set[str]] = {}
            for own in groups:
                if coarse in own and fine in own:
                    above.setdefault(own[fine], set()).add(own[coarse])
            wholes = {a for s in above.values() for a in s}
            if len(above) < 2 or any(len(s) > 1 for s in above.values()):
                continue
            if _LEVEL.search(coarse):
                return coarse, fine, {}
            alone = any(coarse in own and fine not in own for own in groups)
            orphan = any(fine in own and coarse not in own for own in groups)
            if len(above) <= len(wholes) and (orphan or not alone):
                twins = _CODED.search(coarse) or _CODED.search(fine)
                if twins and len(above) > 1:
                    return coarse, fine, {}
                continue
            if len(wholes) > 1:
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
    *,
    complete: bool = False,
    beside: Sequence[Entry] = (),
) -> Structure:
    """The families of every dimension, from words, number ranges, nested columns and adding up.

    declared: (dimension, parent, part) triples that the user gave; "All" is the total. complete: no
    figure of the entries is hidden, so that what adds up can be seen in the figures themselves.
    beside: entries of other tables, whose values are looked at and whose figures are not.
    """
    values: dict[str, dict[str, dict[str, None]]] = {}
    for e in (*entries, *beside):
        for d, v in e.at:
            values.setdefault(d, {}).setdefault(e.sheet, {})[v] = None
    said: dict[str, dict[str, list[str]]] = {}
    for d, parent, part in declared:
        said.setdefault(d, {}).setdefault(parent, []).append(part)
    families, notes = {}, []
    for d, by_sheet in values.items():
        if d in said:
            families[d] = tuple(Family(p, tuple(v)) for p, v in said[d].items())
            continue
        families[d], told = _families(d, by_sheet, parents.get(d, {}), entries, complete)
        notes += told
    return Structure(families, tuple(notes))


def _families(
    d: str,
    by_sheet: Mapping[str, Mapping[str, None]],
    above: Mapping[str, str],
    entries: Sequence[Entry],
    complete: bool,
) -> tuple[tuple[Family, ...], list[str]]:
    values = list(dict.fromkeys(v for own in by_sheet.values() for v in own))
    if _IDENTITY.search(d):
        return (), []
    ranges = {v: r for v in values if (r := _range(v)) is not None}
    if len(ranges) == len(values) and _overlap(ranges):
        return _range_families(ranges, total=not _is_time(d, values)), [
            f"{d} holds ranges that overlap"
        ]
    if _is_time(d, values):
        return (), []
    inside: dict[str, list[str]] = {}
    for part, parent in above.items():
        inside.setdefault(parent, []).append(part)
    nested = tuple(Family(p, tuple(v)) for p, v in inside.items())
    top = [v for v in dict.fromkeys([*values, *inside]) if v not in above]
    guessed: list[Family] = []
    roots = top
    if complete or not above:
        guessed, roots = by_adding(d, top, entries, complete=complete)
    named = [v for v in roots if v.casefold() in words_for("whole")]
    if not complete and len(named) == 1 and len(roots) > 2:
        # England beside its regions is their sum, though hidden figures keep it from being seen.
        guessed = [
            *guessed,
            Family(named[0], tuple(v for v in roots if v != named[0]), guessed=True),
        ]
        roots = named
    notes = [f"{d}: {f.parent} is made up of {len(f.parts)} others" for f in guessed]
    lone = len(roots) == 1 and bool(guessed)
    kinds = divisions(roots)
    totals = [Family(TOTAL, own, guessed=lone) for own in kinds]
    if complete and any(all(p[0] != d for p in e.at) for e in entries):
        alike = twins(d, roots, entries)
        guessed += alike
        taken = {p for f in alike for p in f.parts}
        totals.append(Family(TOTAL, tuple(v for v in roots if v not in taken)))
    # Tables may divide the same children in other ways: wards of two years, or only localities.
    for own in by_sheet.values():
        for kind in kinds:
            some = tuple(v for v in kind if v in own or any(p in own for p in inside.get(v, ())))
            if some and len(some) < len(kind):
                totals.append(Family(TOTAL, some))
    return (*nested, *guessed, *dict.fromkeys(totals)), notes


def _is_time(d: str, values: Iterable[str]) -> bool:
    """True for a dimension of times, over which nothing adds up."""
    return bool(_TIME.search(d)) and any(_WHEN.search(v) for v in values)


def divisions(values: Sequence[str]) -> list[tuple[str, ...]]:
    """The ways in which values divide the whole: together, or each kind apart where all are written kind:value."""
    kinds: dict[str, list[str]] = {}
    for v in values:
        kinds.setdefault(v.partition(":")[0] if ":" in v else "", []).append(v)
    return [tuple(own) for own in kinds.values()] if "" not in kinds else [tuple(values)]


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
