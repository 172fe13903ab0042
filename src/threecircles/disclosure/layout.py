"""The counts that a table prints: without it every file would need a form before it could be judged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.disclosure.columns import Layout, column_name, is_public, quantity_of
from threecircles.disclosure.files import Sheet
from threecircles.disclosure.numbers import Told, told

_TOTAL = re.compile(
    r"(all|total|totals|tot|_t|overall|grand total|both|both sexes|persons|everyone|any|sum|\(all\)|all .+|total .+|.+ total|total \(.+\))\Z",
    re.IGNORECASE,
)
COLUMNS = "column"
"""The name of the dimension that lies along the top of a cross table."""


@dataclass(frozen=True)
class Entry:
    """One printed count. at: dimension and value, totals left out. row: as a person counts lines.

    column: where it stands in the sheet. shares: what percentages and rates in the same line say.
    base: the denominator in the same line.
    """

    sheet: str
    row: int
    column: str
    at: tuple[tuple[str, str], ...]
    quantity: str
    told: Told
    shares: tuple[tuple[str, Told], ...] = ()
    base: Told | None = None


def is_total(value: str) -> bool:
    """True when a value's word says that it is a total."""
    return bool(_TOTAL.match(value.strip().rstrip(":")))


def entries(sheet: Sheet, layout: Layout) -> list[Entry]:
    """Every printed count of a sheet. Empty cells and cells that do not apply are left out."""
    place = {h: i for i, h in enumerate(sheet.header)}
    whole = layout.whole if layout.wide else layout.counts[0]
    quantity = quantity_of(whole) if whole else "count"
    found = []
    for number, row in enumerate(sheet.rows):
        at = [(column_name(h), row[place[h]].strip()) for h in layout.groups]
        shares = tuple((h, s) for h in layout.shares if (s := told(row[place[h]])) is not None)
        base = next((b for h in layout.bases if (b := told(row[place[h]])) is not None), None)
        for h in layout.counts:
            cell = told(row[place[h]])
            if cell is None:
                continue
            where = at if h == whole else [*at, (COLUMNS, h)]
            found.append(
                Entry(
                    sheet.name, sheet.first + number, h, _group(where), quantity, cell, shares, base
                )
            )
    return found


def base_entries(sheet: Sheet, layout: Layout) -> list[Entry]:
    """The denominators in the lines as counts of their own; populations that others publish are left out."""
    place = {h: i for i, h in enumerate(sheet.header)}
    own = [h for h in layout.bases if not is_public(h)]
    return [
        Entry(sheet.name, sheet.first + number, h, group, f"base {column_name(h)}", cell)
        for number, row in enumerate(sheet.rows)
        for h in own
        if (cell := told(row[place[h]])) is not None
        for group in [_group([(column_name(g), row[place[g]].strip()) for g in layout.groups])]
    ]


def _group(where: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((d, v) for d, v in where if v and not is_total(v)))
