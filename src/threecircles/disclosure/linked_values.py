"""Values of one dimension that add up though neither is a part of the other, as a year's stock and flow do.

Without it a hidden number of children who left would come back from those who were there, came and stayed.
The links are data: disclosure_profiles/linked_values.csv.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from threecircles.core.tables import TOTAL
from threecircles.definitions import read_csv

Group = frozenset[tuple[str, str]]
"""Dimension -> value, totals left out."""

NOBODY = "none"
"""The set of nothing: its children have none of the conditions."""

STOCKS = frozenset({("flow", "stock_before"), ("flow", "stock_after")})
"""Who is there when a year begins or ends: the release of the year before, or after, tells it too."""

_YEAR = re.compile(r"\b(19|20)\d\d\b")


def linked(groups: Collection[Group]) -> Iterator[tuple[Group, tuple[Group, ...]]]:
    """Wholes and their parts among the groups of one quantity of the same children.

    Parts that are no group of any table are left out: whoever uses this judges whether the sum holds.
    """
    there = set(groups)
    dimensions = {d for g in there for d, _ in g}
    for row in read_csv("disclosure_profiles/linked_values"):
        if row["dimension"] in dimensions:
            if row["parts"] in ("members", "size"):
                yield from _sets(there, row["dimension"], row["whole"].split(), row["parts"])
            else:
                yield from _sums(there, row["dimension"], row["whole"], row["parts"].split())


def overlapping(dimensions: Collection[str]) -> set[str]:
    """Those dimensions whose values overlap: a child with three conditions is in three pairs of them.

    What is counted along them adds up to no total.
    """
    rows = [r for r in read_csv("disclosure_profiles/linked_values") if r["parts"] == "members"]
    return {
        d
        for row in rows
        if row["dimension"] in dimensions
        for d in row["whole"].split()
        if d in dimensions
    }


def year_before(text: str) -> str:
    """The same period a year earlier: every year in a text less one."""
    return _shifted(text, -1)


def year_after(text: str) -> str:
    """The same period a year later: every year in a text and one."""
    return _shifted(text, 1)


def _shifted(text: str, by: int) -> str:
    return _YEAR.sub(lambda m: str(int(m[0]) + by), text)


def _sums(
    there: set[Group], d: str, whole: str, parts: list[str]
) -> Iterator[tuple[Group, tuple[Group, ...]]]:
    rests = {g - {p} for g in there for p in g if p[0] == d}
    for rest in sorted(rests, key=sorted):
        above = rest if whole == TOTAL else rest | {(d, whole)}
        below = tuple(g for p in parts if (g := rest | {(d, p)}) in there)
        if above in there and below:
            yield above, below


def _sets(
    there: set[Group], d: str, columns: list[str], how: str
) -> Iterator[tuple[Group, tuple[Group, ...]]]:
    sets = [(g, _words(next(v for k, v in g if k == d))) for g in sorted(there, key=sorted) if any(k == d for k, _ in g)]  # fmt: skip
    for whole in sorted(there, key=sorted):
        own = dict(whole)
        if set(own) != set(columns):
            continue
        if how == "members":
            parts = tuple(g for g, words in sets if words >= set(own.values()))
        else:
            least, more = int(own[columns[0]].rstrip("+")), own[columns[0]].endswith("+")
            parts = tuple(g for g, w in sets if len(w) == least or (more and len(w) > least))
        if parts:
            yield whole, parts


def _words(value: str) -> set[str]:
    return set() if value == NOBODY else set(value.split())
