"""Tells counts from groups in a table nobody described: without it every file would need a form first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.disclosure.files import Sheet
from threecircles.disclosure.numbers import Told, is_figure, told

_COUNT = frozenset(
    ["count", "counts", "n", "number", "num", "no", "children", "pupils", "value", "values", "frequency", "freq", "cases", "headcount", "people", "persons", "numerator", "observation", "observations", "figure", "total_children", "episodes", "respondents"]
)  # fmt: skip
_SHARE = frozenset(
    [
        "percent",
        "percentage",
        "pct",
        "perc",
        "share",
        "proportion",
        "prop",
        "rate",
        "rates",
        "per",
        "%",
        "mean",
        "average",
        "avg",
        "median",
        "ratio",
        "lower",
        "upper",
        "lci",
        "uci",
        "ci",
        "confidence",
    ]
)
_BASE = frozenset(["denominator", "base", "population", "pop"])
_PUBLIC = frozenset(["population", "pop"])
_GROUP = frozenset(
    ["year", "age", "ages", "ward", "wards", "sex", "gender", "code", "id", "decile", "quintile", "fifth", "period", "area", "region", "month", "quarter", "band", "group", "la", "category", "phase", "school", "urn", "ethnicity", "lsoa", "msoa", "locality", "level", "type", "district", "geography", "date"]
)  # fmt: skip
_TOTAL = re.compile(
    r"(all|total|totals|overall|grand total|both|both sexes|persons|everyone|any|sum|\(all\)|all .+|total .+|.+ total|total \(.+\))\Z",
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


@dataclass(frozen=True)
class Layout:
    """What the columns of a sheet are. wide: counts lie side by side and their headings are groups."""

    groups: tuple[str, ...]
    counts: tuple[str, ...]
    shares: tuple[str, ...]
    bases: tuple[str, ...]
    wide: bool


def is_total(value: str) -> bool:
    """True when a value's word says that it is a total."""
    return bool(_TOTAL.match(value.strip()))


def layout_of(
    sheet: Sheet, count: str | None = None, groups: Sequence[str] | None = None
) -> Layout:
    """Which columns divide and which count. count, groups: said by the user; else guessed.

    Raises UsageError when no column can be the count.
    """
    header = sheet.header
    for named in (*([count] if count else ()), *(groups or ())):
        if named not in header:
            raise UsageError(
                f"There is no column {named}.",
                where=sheet.name,
                allowed=", ".join(header),
                mend=did_you_mean(named, header),
            )
    figures = [h for i, h in enumerate(header) if _is_figures([r[i] for r in sheet.rows])]
    if count:
        rest = [h for h in header if h != count]
        shares = tuple(h for h in rest if h in figures and _words(h) & _SHARE)
        bases = tuple(h for h in rest if h in figures and _words(h) & _BASE)
        own = (
            tuple(groups)
            if groups
            else tuple(
                h for h in rest if h not in (*shares, *bases) and _divides(sheet, h, figures)
            )
        )
        return Layout(own, (count,), shares, bases, False)
    words = [h for h in header if h not in figures]
    grouping = [h for h in figures if _words(h) & _GROUP and not _words(h) & (_COUNT - {"no"})]
    open_ = [h for h in figures if h not in grouping]
    shares = tuple(h for h in open_ if _words(h) & _SHARE or "%" in h)
    bases = tuple(h for h in open_ if h not in shares and _words(h) & _BASE)
    left = [h for h in open_ if h not in (*shares, *bases)]
    counts = [
        h for h in left if _words(h) & _COUNT or h.lower().startswith(("number of", "count of"))
    ]
    if len(counts) == 1:
        grouping += [h for h in left if h not in counts and _divides(sheet, h, figures)]
    elif not counts and len(left) == 1:
        counts = left
    elif not counts and left and any(_divides(sheet, h, figures) for h in left[:-1]) and not words:
        # Only figures: coded groups first, the count last.
        counts, grouping = left[-1:], [*grouping, *left[:-1]]
    elif not counts:
        counts = left
    if not counts:
        raise UsageError(
            "No column holds counts.",
            where=sheet.name,
            found=", ".join(header),
            mend="Name the column: --count NAME.",
        )
    own = tuple(groups) if groups else tuple(h for h in header if h in words or h in grouping)
    return Layout(own, tuple(counts), shares, bases, len(counts) > 1)


def entries(sheet: Sheet, layout: Layout) -> list[Entry]:
    """Every printed count of a sheet. Empty cells and cells that do not apply are left out."""
    place = {h: i for i, h in enumerate(sheet.header)}
    quantity = "count" if layout.wide else _quantity(layout.counts[0])
    found = []
    for number, row in enumerate(sheet.rows):
        at = [(column_name(h), row[place[h]].strip()) for h in layout.groups]
        shares = tuple((h, s) for h in layout.shares if (s := told(row[place[h]])) is not None)
        base = next((b for h in layout.bases if (b := told(row[place[h]])) is not None), None)
        for h in layout.counts:
            cell = told(row[place[h]])
            if cell is None:
                continue
            where = [*at, (COLUMNS, h)] if layout.wide else at
            group = _group(where)
            found.append(
                Entry(sheet.name, sheet.first + number, h, group, quantity, cell, shares, base)
            )
    return found


def base_entries(sheet: Sheet, layout: Layout) -> list[Entry]:
    """The denominators in the lines as counts of their own; populations that others publish are left out."""
    place = {h: i for i, h in enumerate(sheet.header)}
    own = [h for h in layout.bases if not _words(h) & _PUBLIC]
    return [
        Entry(sheet.name, sheet.first + number, h, group, f"base {column_name(h)}", cell)
        for number, row in enumerate(sheet.rows)
        for h in own
        if (cell := told(row[place[h]])) is not None
        for group in [_group([(column_name(g), row[place[g]].strip()) for g in layout.groups])]
    ]


def _group(where: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((d, v) for d, v in where if v and not is_total(v)))


def _quantity(header: str) -> str:
    """What a column counts: headings that only say that it counts are alike in all files."""
    own = _words(header) - _COUNT - {"of", "the", "total", "all"}
    return "count" if not own else column_name(header)


def column_name(header: str) -> str:
    """The name of a dimension, from its heading in a file."""
    return re.sub(r"[\s_]+", " ", header.strip().lower())


def _words(header: str) -> set[str]:
    return set(re.split(r"[^a-z0-9%]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).lower())) - {""}


def has_figures(sheet: Sheet) -> bool:
    """Whether any column of the sheet holds figures; a table hidden as a whole has none."""
    return any(_is_figures([r[i] for r in sheet.rows]) for i in range(len(sheet.header)))


def _is_figures(cells: Sequence[str]) -> bool:
    if not all(is_figure(c) for c in cells):
        return False
    return any((t := told(c)) is not None and t.value is not None for c in cells)


def _divides(sheet: Sheet, header: str, figures: Sequence[str]) -> bool:
    """True when a column divides children into groups: words, or few whole numbers and no symbol."""
    if header not in figures:
        return True
    cells = [r[sheet.header.index(header)] for r in sheet.rows]
    values = [t for c in cells if (t := told(c)) is not None]
    if any(t.value is None or not float(t.value).is_integer() for t in values):
        return False
    different = len({t.value for t in values})
    return different <= 120 and different * 2 <= len(cells)
