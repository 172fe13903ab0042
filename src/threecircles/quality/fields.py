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
from threecircles.quality.field_kinds import COUNTED, KINDS, KindRule, counts, kind_rules, kind_sql
from threecircles.quality.layout import Layout, layout, layout_of_source, quoted
from threecircles.quality.tally import ROW, Tally
from threecircles.quality.window import Window

RETURN_OF = {"cin-census": "cin", "ssda903": "903"}
"""Source -> return, where the fields' file bears the return's name."""


@dataclass(frozen=True)
class Field:
    """A field that is scored. applies_when: SQL; unknown: codes that stand for not known; rows: what a row is.

    kinds: which rows are refused, not obtained, not yet due or not applicable besides.
    """

    table: str
    column: str
    applies_when: str
    unknown: tuple[str, ...]
    label: str
    rows: str
    kinds: tuple[KindRule, ...] = ()


@cache
def fields_of(source: str) -> tuple[Field, ...]:
    """The fields of a source, or of the return cin or 903, that are scored; none where no file names any."""
    name = RETURN_OF.get(source, source)
    if not (HOME / "rules" / "fields" / f"{name}.csv").exists():
        return ()
    return tuple(
        Field(
            row["table"], row["column"], row["applies_when"],
            tuple(row["unknown_codes"].split()), row["label"], row["rows"],
            kind_rules(name, row["table"], row["column"]),
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

    completeness: present, of the rows to which the field applies, which are due and not refused
    (`field_kinds.COUNTED`); no code that means unknown or not obtained is present. validity: of the values there,
    those of the field's type and list of codes; a field of free text has none.
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
    def rows(value: str, name: str, where: str = "true") -> pl.DataFrame:
        sql = f"select _row as row, {value} as {name} from {quoted(field.table)} where {where}"
        return outgoing(connection, sql)

    column = f'"{field.column}"'
    place = (field.table, field.column, field.label)
    told = rows(kind_sql(column, field.applies_when, field.unknown, field.kinds), "kind")
    asked = told.filter(pl.col("kind").is_in([KINDS.index(kind) for kind in COUNTED]))
    good = (pl.col("kind") == KINDS.index("present")).alias("good")
    yield Tally(*place, "completeness", asked.select("row", good).cast(ROW), counts(told["kind"]))  # type: ignore[arg-type]
    companion = form.table(field.table).companion(field.column)
    codes = codes_of(source, field.table, field.column)
    if companion or codes:
        right = f'"{companion}" is not null' if companion else f"{column} in ({_listed(codes)})"
        sound = rows(f"coalesce({right}, false)", "good", f"{column} is not null")
        yield Tally(*place, "validity", sound.cast(ROW))  # type: ignore[arg-type]


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
    """Table -> the columns that the fields read, and the words on where they apply and what they hold.

    Those words may look into another table; where it was not received it is empty.
    """
    found: dict[str, set[str]] = {}
    for field in fields:
        sql = " ".join([field.applies_when, *(rule.when for rule in field.kinds)])
        words = set(re.findall(r"\w+", sql))
        said = {word.partition("__")[0] for word in words}
        for name in {field.table, *(words & set(form.tables))}:
            found.setdefault(name, set()).update(said & set(form.table(name).columns))
        found[field.table].add(field.column)
    return found


def _listed(codes: Sequence[str]) -> str:
    return ", ".join("'" + code.replace("'", "''") + "'" for code in codes)
