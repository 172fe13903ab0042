"""Says which table a heading row belongs to, by its columns alone: a file name proves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from threecircles.core.errors import did_you_mean
from threecircles.sources.declared import Column, Source, Table, heading
from threecircles.sources.reading import Problem

ENOUGH = 0.6
"""Share of the required columns that must be there."""


@dataclass(frozen=True)
class Match:
    """A table that a heading row fits. columns: position in the row -> declared column."""

    source: Source
    table: Table
    score: float
    columns: dict[int, Column]

    @property
    def missing(self) -> list[str]:
        """Declared columns that the row does not have."""
        have = {c.name for c in self.columns.values()}
        return [c.name for c in self.table.sent if c.name not in have]


def best(cells: Sequence[str], sources: Iterable[Source]) -> list[Match]:
    """The tables that qualify for a heading row, the highest score first; ties stand side by side."""
    found = [m for s in sources for t in s.tables if (m := match(cells, s, t)) is not None]
    if not found:
        return []
    # A table whose required columns are few must not win over one that claims more of the row.
    top = max((m.score, len(m.columns)) for m in found)
    return [m for m in found if (m.score, len(m.columns)) == top]


def match(cells: Sequence[str], source: Source, table: Table) -> Match | None:
    """The fit of one table, or None when it does not qualify."""
    columns = lay(cells, table)
    names = {c.name for c in columns.values()}
    required = [c for c in table.columns if c.required and not c.derived]
    score = sum(c.name in names for c in required) / max(len(required), 1)
    if score < ENOUGH or not names & set(table.discriminating):
        return None
    return Match(source, table, score, columns)


def lay(cells: Sequence[str], table: Table) -> dict[int, Column]:
    """Which declared column each cell of a heading row names; the first cell wins where two name one."""
    exact, patterns = _names(table)
    laid: dict[int, Column] = {}
    taken: set[str] = set()
    for position, cell in enumerate(cells):
        column = exact.get(heading(cell)) or next(
            (c for p, c in patterns if p.search(cell.strip())), None
        )
        if column is not None and column.name not in taken:
            laid[position] = column
            taken.add(column.name)
    return laid


def matches(cells: Sequence[str], sources: Iterable[Source]) -> int:
    """The largest number of columns that any one table finds in the row."""
    index, with_patterns = _index(tuple(t for s in sources for t in s.tables))
    found: dict[Table, set[str]] = {}
    for cell in cells:
        for table, name in index.get(heading(cell), ()):
            found.setdefault(table, set()).add(name)
    most = max((len(names) for names in found.values()), default=0)
    return max([most, *(len(lay(cells, t)) for t in with_patterns)])


@cache
def _index(
    tables: tuple[Table, ...],
) -> tuple[dict[str, list[tuple[Table, str]]], tuple[Table, ...]]:
    """Heading -> the tables and columns it names, so that a row is looked up once and not once a table."""
    index: dict[str, list[tuple[Table, str]]] = {}
    for table in tables:
        for word, column in _names(table)[0].items():
            index.setdefault(word, []).append((table, column.name))
    return index, tuple(t for t in tables if _names(t)[1])


@cache
def _names(table: Table) -> tuple[dict[str, Column], tuple[tuple[re.Pattern[str], Column], ...]]:
    exact: dict[str, Column] = {}
    patterns = []
    for column in table.columns:
        for word in (column.name, *column.synonyms, column.label):
            if word.startswith("^"):
                patterns.append((re.compile(word, re.IGNORECASE), column))
            elif word:
                exact.setdefault(heading(word), column)
    return exact, tuple(patterns)


def not_recognised(
    file_id: str, where: str, cells: Sequence[str], sources: Sequence[Source]
) -> Problem:
    """Why no table fits, with the nearest one and the columns it would need."""
    ranked = sorted(
        ((len(lay(cells, t)), s, t) for s in sources for t in s.tables),
        key=lambda x: x[0],
        reverse=True,
    )
    many, source, table = ranked[0] if ranked else (0, None, None)
    if table is None or source is None:
        return Problem(
            file_id, "file-not-recognised", where, "The file fits no source that may be read here."
        )
    laid = lay(cells, table)
    have = {c.name for c in laid.values()}
    need = [c.name for c in table.columns if c.required and c.name not in have]
    strange = [c for position, c in enumerate(cells) if position not in laid and c.strip()]
    near = [f"{c.strip()}: {n}" for c in strange if (n := did_you_mean(c.strip().upper(), need))]
    if not many and not near:
        # What could not be decoded stands in no letter that may be written.
        shown = ", ".join(c.strip()[:40] for c in strange[:6]).encode("utf-8", "replace").decode()
        return Problem(
            file_id, "file-not-recognised", where,
            "None of the headings is one that a known return or source has; the file was not read.",
            found=f"{len(cells)} {'column' if len(cells) == 1 else 'columns'}: {shown}" if shown else "no heading",
            allowed="a heading row within the first 20 lines",
            mend="If the file belongs to no return, leave it out. `threecircles source list` names what is known.",
        )  # fmt: skip
    mend = (
        f"Give the columns {', '.join(need)}."
        if need
        else f"Give one of {', '.join(table.discriminating)}."
    )
    return Problem(
        file_id,
        "file-not-recognised",
        where,
        "The headings fit no table that is known; the file was not read.",
        found=f"{len(cells)} columns, of which {many} fit the table {table.name} of {source.label}",
        allowed="a heading row within the first 20 lines",
        mend=" ".join([mend, *near[:3]]),
    )


def ambiguous(file_id: str, where: str, found: Sequence[Match]) -> Problem:
    """Two tables fit equally well."""
    return Problem(
        file_id,
        "file-ambiguous",
        where,
        "The headings fit two tables equally well; the file was not read.",
        found=" and ".join(f"{m.table.name} of {m.source.label}" for m in found[:3]),
        mend="Say which return the file belongs to.",
    )
