"""Binds each rule alone to what it says it needs: without it a rule could lean on an undeclared column."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from threecircles.core.errors import DefinitionError
from threecircles.quality.checking import columns_needed
from threecircles.quality.database import (
    COMPANIONS,
    borrowed,
    database,
    fill,
    fill_macros,
    fill_references,
    lock,
)
from threecircles.quality.layout import Table, layout, quoted
from threecircles.quality.rule import PLACEHOLDER, Rule
from threecircles.quality.shared_sql import with_parents
from threecircles.quality.sql_safety import check_one_select


def bind_all(rules: Iterable[Rule]) -> None:
    """Bind each rule alone in a locked database. Raises DefinitionError for the first that does not."""
    with database() as connection:
        lock(connection)
        for rule in rules:
            bind(rule, connection)


def bind(rule: Rule, connection: duckdb.DuckDBPyConnection) -> None:
    """Bind every SQL text of a rule against empty tables with only the columns it declares.

    connection: an open database to borrow; it is left as it was.
    Raises DefinitionError when a text is not one SELECT, reads an undeclared column or table, or a
    message names a value that no report gives.
    """
    texts = {rule.broken_when or rule.query, rule.compatible, rule.compared} - {""}
    for text in texts:
        sql = _as_select(rule, text) if rule.is_row_rule else text
        check_one_select(sql, rule.code)
        with borrowed(connection):
            _empty_world(connection, rule, text)
            try:
                described = connection.execute(f"describe {sql}").fetchall()
            except duckdb.Error as error:
                first = str(error).splitlines()[0]
                raise DefinitionError(
                    f"The SQL does not bind to the columns the rule declares: {first}",
                    where=f"rule {rule.code} ({rule.version})",
                ) from None
        if text is not rule.compared:
            _check_message(rule, {row[0] for row in described})


def _as_select(rule: Rule, predicate: str) -> str:
    return f"select _row from {quoted(rule.reports[0].table)} where (\n{predicate}\n)"


def _empty_world(connection: duckdb.DuckDBPyConnection, rule: Rule, sql: str) -> None:
    """Views as empty tables of their own shape, then the rule's tables with its needs only."""
    form = layout(rule.return_)
    views = with_parents(rule.views, rule.return_)
    fill(connection, form, {}, columns_needed(views))
    text = sql + "".join(view.query for view in views)
    fill_references(connection, {}, text)
    fill_macros(connection, None, 2026, None, frozenset(), text)
    for view in views:
        connection.execute(f'create table "{view.id}" as {view.query}')
    for view in views:
        for table in view.needs:
            connection.execute(f"drop table if exists {quoted(table)}")
    for name, columns in rule.needs.items():
        if "." in name:
            connection.execute(f'create schema if not exists "{name.split(".")[0]}"')
        connection.execute(_create(name, form.table(name), columns))


def _create(name: str, table: Table, columns: tuple[str, ...]) -> str:
    unknown = [column for column in columns if column not in table.columns]
    if unknown:
        raise DefinitionError(f"{name} has no column {unknown[0]}.")
    parts = ["_row bigint"]
    for column in columns:
        parts.append(f'"{column}" varchar')
        if companion := table.companion(column):
            parts.append(f'"{companion}" {COMPANIONS[table.columns[column].type]}')
    return f"create table {quoted(name)} ({', '.join(parts)})"


def _check_message(rule: Rule, given: set[str]) -> None:
    form = layout(rule.return_)
    for match in PLACEHOLDER.finditer(rule.message):
        owner, _, column = match[1].rpartition(".")
        from_reports = any(
            column in form.table(r.table).columns and owner in ("", r.table, r.role)
            for r in rule.reports
        )
        if match[1] not in given and not from_reports:
            raise DefinitionError(
                f"The message of rule {rule.code} names {match[1]}, which no report gives."
            )
