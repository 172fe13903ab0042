"""One locked in-memory database per run: without it a rule's SQL could read files or change the data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from functools import cache, partial
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from threecircles.core.calendar import bank_holidays
from threecircles.quality.layout import COMPANIONS, Layout, Table, quoted
from threecircles.quality.references import REFERENCES
from threecircles.quality.shared_sql import View, macros
from threecircles.quality.side_by_side import side_by_side
from threecircles.quality.window import Window

MEMORY = "3GB"
FIRST_WORKING_YEAR, LAST_WORKING_YEAR = 2017, 2035

_DATE_SQL = {
    "yyyy-mm-dd": (
        r"case when regexp_matches({c}, '^\d{{4}}-\d{{1,2}}-\d{{1,2}}($|[T ])') "
        r"then try_cast(split_part(split_part({c}, 'T', 1), ' ', 1) as date) end"
    ),
    "dd/mm/yyyy": (
        r"case when regexp_full_match({c}, '\d{{1,2}}/\d{{1,2}}/\d{{4}}') "
        r"then try_cast(try_strptime({c}, '%d/%m/%Y') as date) end"
    ),
}
_OTHER_SQL = {
    "int": "case when try_cast({c} as double) = floor(try_cast({c} as double)) then try_cast(try_cast({c} as double) as bigint) end",
    "number": "try_cast({c} as double)",
    "list": "list_filter(string_split(coalesce({c}, ''), ','), lambda x: x <> '')",
}


@contextmanager
def database(threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A fresh in-memory database with the shared macros, closed at the end, its spill files gone."""
    with TemporaryDirectory(prefix="threecircles-") as spill:
        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"set memory_limit='{MEMORY}'")
            connection.execute(f"set temp_directory='{_escaped(spill)}'")
            connection.execute("set preserve_insertion_order=false")
            if threads:
                connection.execute(f"set threads={int(threads)}")
            yield connection
        finally:
            connection.close()


@contextmanager
def borrowed(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that is open already, left as it was: all that is made in it is rolled back."""
    connection.execute("begin")
    try:
        yield connection
    finally:
        connection.execute("rollback")


def fill(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    tables: Mapping[str, pl.DataFrame],
    needed: Mapping[str, Collection[str]],
    *,
    alone: bool = True,
) -> None:
    """Make every needed table with its needed columns and their typed companions.

    tables: text frames by name. needed: table -> columns that some SQL reads; a table without a
    frame is made empty, an absent column null, so that a rule's SQL binds; whether the rule may
    run is decided by availability alone. alone: one after the other on this very connection.
    """
    for schema in {name.split(".")[0] for name in needed if "." in name}:
        connection.execute(f'create schema if not exists "{schema}"')

    def fill_one(name: str) -> None:
        with nullcontext(connection) if alone else connection.cursor() as own:
            _fill_one(own, name, layout.table(name), tables.get(name), needed[name])

    works = [partial(fill_one, name) for name in sorted(needed)]
    if alone:
        for work in works:
            work()
    else:
        side_by_side(*works)


def fill_references(
    connection: duckdb.DuckDBPyConnection, references: Mapping[str, pl.DataFrame], sql: str
) -> None:
    """Make the reference tables that the SQL names; absent ones empty."""
    for name, table in REFERENCES.items():
        if name in sql:
            _fill_one(connection, name, table, references.get(name), table.columns)


def fill_macros(
    connection: duckdb.DuckDBPyConnection,
    window: Window | None,
    year: int,
    authority: str | None,
    present: frozenset[str],
    sql: str,
) -> None:
    """Make the shared macros that the SQL names, and the constants of this run as macros without parameters.

    window_start(), window_end(): days or null. collection_year(): the end year.
    own_authority(): code or null. has(name): whether a table or Table.column is there.
    """
    day = {name: f"date '{d}'" if d else "null::date" for name, d in _ends(window).items()}
    listed = ", ".join(f"'{_escaped(name)}'" for name in sorted(present))
    quoted_authority = f"'{_escaped(authority)}'" if authority else "null::varchar"
    constants = {
        "window_start()": day["start"],
        "window_end()": day["end"],
        "collection_year()": str(int(year)),
        "own_authority()": quoted_authority,
        "has(name)": f"name in ({listed})" if listed else "false",
    }
    for head, body in constants.items():
        connection.execute(f"create macro {head} as {body}")
    used = [macro for macro in macros() if macro.id in sql]
    if any("working_day" in macro.sql for macro in used):
        with incoming(connection, working_days()) as source:
            connection.execute(f"create table working_day as select * from {source}")
    for macro in used:
        connection.execute(macro.statement())


def fill_views(connection: duckdb.DuckDBPyConnection, views: tuple[View, ...]) -> None:
    """Make each view as a table, in the given order."""
    for view in views:
        connection.execute(f'create table "{view.id}" as {view.query}')


@contextmanager
def incoming(connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> Iterator[str]:
    """What stands after FROM to read a frame, for one statement.

    The frame is handed over in memory as a bare Arrow stream, which can be read once. To register the frame
    itself would import pyarrow and whatever it finds beside it, which takes longer than the rules.
    """
    name = "_incoming"
    connection.register(name, frame.__arrow_c_stream__())
    try:
        yield name
    finally:
        connection.unregister(name)


def outgoing(connection: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    """The answer to one SELECT, handed over in memory without pyarrow; other threads run on meanwhile."""
    return pl.DataFrame(connection.sql(sql))


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on no file, no network, no Python variable and no setting can be reached."""
    connection.execute("set global python_enable_replacements=false")
    connection.execute("set enable_external_access=false")
    connection.execute("set lock_configuration=true")


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def _ends(window: Window | None) -> dict[str, date | None]:
    return {"start": window.start if window else None, "end": window.end if window else None}


def _fill_one(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: Table,
    frame: pl.DataFrame | None,
    needed: Collection[str],
) -> None:
    columns = [c for c in table.columns if c in needed]
    if frame is None:
        listed = ["_row bigint", *(f'"{c}" varchar{_companion_type(table, c)}' for c in columns)]
        connection.execute(f"create table {quoted(name)} ({', '.join(listed)})")
        return
    parts = ["cast(_row as bigint) as _row"]
    for column in columns:
        there = column in frame.columns
        parts.append(f'"{column}"' if there else f'cast(null as varchar) as "{column}"')
        companion = table.companion(column)
        if companion and companion in frame.columns:
            parts.append(f'"{companion}"')
        elif companion:
            kind = table.columns[column].type
            sql = (
                companion_sql(table, kind, f'"{column}"')
                if there
                else f"cast(null as {COMPANIONS[kind]})"
            )
            parts.append(f'{sql} as "{companion}"')
    with incoming(connection, _wanted(frame, table, columns).with_row_index("_row")) as source:
        connection.execute(
            f"create table {quoted(name)} as select {', '.join(parts)} from {source}"
        )


def _wanted(frame: pl.DataFrame, table: Table, columns: Collection[str]) -> pl.DataFrame:
    companions = [table.companion(c) for c in columns]
    found = [c for c in (*columns, *companions) if c and c in frame.columns]
    # With no column at all the rows would be lost; one, whichever, keeps their number.
    return frame.select(found or frame.columns[:1])


def companion_sql(table: Table, kind: str, column: str) -> str:
    """SQL that types a text column: date, int, number or list; null when the text does not fit."""
    template = _DATE_SQL[table.date_form] if kind == "date" else _OTHER_SQL[kind]
    return template.format(c=column)


def _companion_type(table: Table, column: str) -> str:
    companion = table.companion(column)
    kind = table.columns[column].type
    return f', "{companion}" {COMPANIONS[kind]}' if companion else ""


@cache
def working_days() -> pl.DataFrame:
    """England's working days (day) counted from 1 in order (position)."""
    holidays = bank_holidays(FIRST_WORKING_YEAR, LAST_WORKING_YEAR)
    first, last = date(FIRST_WORKING_YEAR, 1, 1), date(LAST_WORKING_YEAR, 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    working = [d for d in days if d.weekday() < 5 and d not in holidays]
    return pl.DataFrame({"day": working, "position": range(1, len(working) + 1)})
