"""Every column of a source: carried where, or why not. Without it a column could vanish unseen."""

from __future__ import annotations

import polars as pl

from threecircles.record.mapping.expression import (
    columns_of,
    parse_condition,
    parse_expression,
)
from threecircles.record.mapping.load import owns, why_not_carried
from threecircles.record.mapping.model import Mapping, Rule
from threecircles.sources.declared import Source

COLUMNS = {
    "table": pl.String,
    "column": pl.String,
    "carried": pl.String,
    "why_not": pl.String,
}


def coverage(mapping: Mapping, source: Source) -> pl.DataFrame:
    """One row per declared column: the fields it goes to, or the reason it is not carried."""
    places = _places(mapping)
    rows = []
    for table in source.tables:
        for column in table.columns:
            carried = places.get((table.name, column.name), [])
            rows.append(
                {
                    "table": table.name,
                    "column": column.name,
                    "carried": ", ".join(dict.fromkeys(carried)) or None,
                    "why_not": None
                    if carried
                    else why_not_carried(mapping, table.name, column.name),
                }
            )
    return pl.DataFrame(rows, schema=COLUMNS)


def _places(mapping: Mapping) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}

    def note(tables: tuple[str, ...], columns: tuple[str, ...], place: str) -> None:
        for table in tables:
            for column in columns:
                found.setdefault((table, column), []).append(place)

    for rule in mapping.rows:
        made = _made(rule)
        for name, text in rule.set.items():
            note(rule.tables, columns_of(parse_expression(text)), f"{made}.{name}")
        for name, text in rule.attributes.items():
            note(rule.tables, columns_of(parse_expression(text)), f"{made}.attributes.{name}")
        if rule.where:
            note(rule.tables, columns_of(parse_condition(rule.where)), f"{made}: condition")
        note(rule.tables, rule.key, f"{made}: key")
        note(rule.tables, rule.by, f"{made}: join")
        if rule.parent:
            note(rule.tables, rule.parent.by, f"{made}: parent")
            owners = [r for r in mapping.rows if owns(r, rule.parent)]
            for owner in owners:
                note((owner.table,), rule.parent.by, f"{made}: parent")
        if mapping.child:
            note(rule.tables, mapping.child.columns, "person")
    if mapping.child:
        note((mapping.child.table,), mapping.child.columns, "person")
    if mapping.extract.as_of:
        table, _, column = mapping.extract.as_of.partition(".")
        note((table,), (column,), "extract.as_of")
    return found


def _made(rule: Rule) -> str:
    said = rule.is_.get("process") or rule.is_.get("measure_id") or rule.is_.get("factor_id")
    return f"{rule.make} {said}" if said else rule.make
