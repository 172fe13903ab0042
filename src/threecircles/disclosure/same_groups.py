"""Sees that tables speak of the same groups under other names: "Ward" here, "ward name" or other letters there.

Without it two tables would be judged apart, and a reader who sees the same places in both subtracts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from threecircles.disclosure.layout import COLUMNS, Entry

_NUMBER = re.compile(r"\d{1,3}\Z")
"""Bare numbers that are no year: decile 3 and age 3 have nothing to do with each other."""

Values = dict[str, dict[str, tuple[float, bool]]]
"""Dimension -> value -> how many are seen in it, and whether that is all of them."""


def alike(found: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Entries in which the same group bears the same name in every sheet, and what was taken for the same.

    Spellings that differ in capitals and spaces are one value. Dimensions of different sheets are one
    when half of their values are the same and the counts do not speak against it.
    """
    entries = _one_spelling(found)
    notes: list[str] = []
    while (pair := _same_dimension(entries)) is not None:
        keep, other = pair
        entries = [
            replace(e, at=tuple(sorted((keep if d == other else d, v) for d, v in e.at)))
            for e in entries
        ]
        notes.append(f"{other} divides as {keep} does")
    return entries, notes


def _one_spelling(found: Sequence[Entry]) -> list[Entry]:
    """Values that differ in capitals and spaces only, spelt as they stand first."""
    sheets: dict[str, dict[str, set[str]]] = {}
    for e in found:
        for _, v in e.at:
            sheets.setdefault(_plain(v), {}).setdefault(e.sheet, set()).add(v)
    # A sheet that spells a value in two ways may mean two groups.
    own = {k for k, by_sheet in sheets.items() if all(len(s) == 1 for s in by_sheet.values())}
    first: dict[str, str] = {}
    for e in found:
        for _, v in e.at:
            if _plain(v) in own:
                first.setdefault(_plain(v), v)
    return [
        replace(e, at=tuple(sorted((d, first.get(_plain(v), v)) for d, v in e.at))) for e in found
    ]


def _same_dimension(entries: Sequence[Entry]) -> tuple[str, str] | None:
    """The next two dimensions of different sheets that divide in the same way."""
    by_sheet: dict[str, list[Entry]] = {}
    for e in entries:
        by_sheet.setdefault(e.sheet, []).append(e)
    if len(by_sheet) < 2:
        return None
    seen = {sheet: _values(own) for sheet, own in by_sheet.items()}
    together = {frozenset((d, o)) for own in seen.values() for d in own for o in own if d != o}
    sheets = list(seen)
    for i, one in enumerate(sheets):
        for other in sheets[i + 1 :]:
            for d, values in seen[one].items():
                for o, others in seen[other].items():
                    if (
                        d != o
                        and frozenset((d, o)) not in together
                        and _agree(d, values, o, others)
                    ):
                        return (o, d) if d == COLUMNS else (d, o)
    return None


def _values(entries: Sequence[Entry]) -> Values:
    """How many are seen in each value: its own line where there is one, else the sum of the finest lines."""
    quantity = entries[0].quantity
    found: Values = {}
    finest: dict[tuple[str, str], dict[int, list[Entry]]] = {}
    for e in entries:
        if e.quantity == quantity:
            for d, v in e.at:
                finest.setdefault((d, v), {}).setdefault(len(e.at), []).append(e)
    for (d, v), lines in finest.items():
        chosen = lines.get(1) or lines[max(lines)]
        shown = [e.told.low for e in chosen if not e.told.hidden]
        found.setdefault(d, {})[v] = (sum(shown), len(shown) == len(chosen))
    return found


def _agree(
    d: str,
    values: Mapping[str, tuple[float, bool]],
    o: str,
    others: Mapping[str, tuple[float, bool]],
) -> bool:
    common = [v for v in values if v in others and not _NUMBER.match(v)]
    if len(common) < 2 or 2 * len(common) < min(len(values), len(others)):
        return False
    gaps = [(values[v][0] - others[v][0], values[v][1], others[v][1]) for v in common]
    against = any(
        (one and other and gap) or (one and gap < 0) or (other and gap > 0)
        for gap, one, other in gaps
    )
    known = sum(1 for _, one, other in gaps if one and other)
    named_alike = bool(_words(d) & _words(o)) and COLUMNS not in (d, o)
    return not against and (known >= 2 or named_alike)


def _words(d: str) -> set[str]:
    return set(d.split()) - {"name", "code", "label", "of", "group", "id"}


@lru_cache(maxsize=100_000)
def _plain(value: str) -> str:
    return " ".join(value.split()).casefold()
