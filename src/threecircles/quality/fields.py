"""How full and how well formed the fields of any source are: without it only returns with rules had scores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import duckdb
import polars as pl

from threecircles.definitions.loader import HOME, read_csv
from threecircles.definitions.yaml12 import parse
from threecircles.quality.canonical import canonical
from threecircles.quality.database import database, fill, fill_macros, lock, outgoing
from threecircles.quality.layout import Layout, layout, layout_of_source, quoted
from threecircles.quality.tally import ROW, Tally
from threecircles.quality.window import Window

RETURN_OF = {"cin-census": "cin", "ssda903": "903"}
"""Source -> return, where the fields' file bears the return's name."""


@dataclass(frozen=True)
class Field:
    """A field that is scored. applies_when: SQL; unknown: codes that stand for not known; rows: what a row is."""

    table: str
    column: str
    applies_when: str
    unknown: tuple[str, ...]
    label: str
    rows: str


@cache
def fields_of(source: str) -> tuple[Field, ...]:
    """The fields of a source, or of the return cin or 903, that are scored; none where no file names any."""
    name = RETURN_OF.get(source, source)
    if not (HOME / "rules" / "fields" / f"{name}.csv").exists():
        return ()
    return tuple(
        Field(
            row["table"], row["column"], row["applies_when"],
            tuple(row["incomplete_codes"].split()), row["label"], row["rows"],
        )
        for row in read_csv(f"rules/fields/{name}")
    )  # fmt: skip


def form_of(source: str) -> Layout:
    """The layout of a source's tables."""
    return layout(RETURN_OF[source]) if source in RETURN_OF else layout_of_source(source)


def source_tallies(
    source: str, tables: Mapping[str, pl.DataFrame], year: int, window: Window | None
) -> list[Tally]:
    """Completeness and validity of each field of a source, from its tables as they were read."""
    form = form_of(source)
    wanted = {field.table for field in fields_of(source)} & set(tables)
    frames = {
        name: canonical(tables[name], form.table(name), normalise_booleans=True, as_read=True)
        for name in sorted(wanted)
    }
    return field_tallies(source, form, frames, year, window)


def field_tallies(
    source: str,
    form: Layout,
    tables: Mapping[str, pl.DataFrame],
    year: int,
    window: Window | None,
) -> list[Tally]:
    """The same from text tables. source: the source, or the return cin or 903.

    completeness: present, and no code that means unknown, of the rows to which the field applies. validity: of
    the values present, those of the field's type and list of codes; a field of free text has none.
    """
    held = [f for f in fields_of(source) if f.column in tables.get(f.table, pl.DataFrame()).columns]
    if not held:
        return []
    with database() as connection:
        fill(connection, form, tables, _read_by(held, form))
        fill_macros(connection, window, year, None, frozenset(), "")
        lock(connection)
        return [t for field in held for t in _of_field(connection, source, form, field)]


def _of_field(
    connection: duckdb.DuckDBPyConnection, source: str, form: Layout, field: Field
) -> Iterator[Tally]:
    def rows(good: str, where: str) -> pl.DataFrame:
        sql = f"select _row as row, coalesce({good}, false) as good from {quoted(field.table)} where {where}"
        return outgoing(connection, sql).cast(ROW)  # type: ignore[arg-type]

    column = f'"{field.column}"'
    known = f"{column} not in ({_listed(field.unknown)})" if field.unknown else "true"
    place = (field.table, field.column, field.label)
    yield Tally(*place, "completeness", rows(f"{column} is not null and {known}", field.applies_when))  # fmt: skip
    companion = form.table(field.table).companion(field.column)
    codes = codes_of(source, field.table, field.column)
    if companion or codes:
        good = f'"{companion}" is not null' if companion else f"{column} in ({_listed(codes)})"
        yield Tally(*place, "validity", rows(good, f"{column} is not null"))


def codes_of(source: str, table: str, column: str) -> tuple[str, ...]:
    """The codes that a field may hold, old ones included; none where it has no list."""
    listed = _lists(source).get((table, column))
    return tuple(row["code"] for row in read_csv(f"codes/{listed}")) if listed else ()


@cache
def _lists(source: str) -> dict[tuple[str, str], str]:
    """Table and column of a source -> its list of codes."""
    source = next((s for s, name in RETURN_OF.items() if name == source), source)
    path = HOME / "sources" / f"{source}.yaml"
    declared = parse(path.read_text(encoding="utf-8"), path.name).plain()
    return {
        (table["name"], column["name"]): column["codes"]
        for table in declared["tables"]
        for column in table["columns"]
        if column.get("codes")
    }


def _read_by(fields: Sequence[Field], form: Layout) -> dict[str, set[str]]:
    """Table -> the columns that the fields and the words on where they apply read."""
    found: dict[str, set[str]] = {}
    for field in fields:
        said = {word.partition("__")[0] for word in re.findall(r"\w+", field.applies_when)}
        own = (said & set(form.table(field.table).columns)) | {field.column}
        found.setdefault(field.table, set()).update(own)
    return found


def _listed(codes: Sequence[str]) -> str:
    return ", ".join("'" + code.replace("'", "''") + "'" for code in codes)
