"""From breaking combinations to places and messages: without it a finding would have no address."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.quality.execution import Outcome
from threecircles.quality.layout import row_column
from threecircles.quality.rule import PLACEHOLDER, Rule

SCHEMA: dict[str, Any] = {
    "rule": pl.String,
    "table": pl.String,
    "row": pl.Int64,
    "columns": pl.List(pl.String),
    "severity": pl.String,
    "message": pl.String,
    "group": pl.String,
}
BLANK = "(blank)"


def places_of(
    outcome: Outcome | None,
    tables: Mapping[str, pl.DataFrame],
    sent: Mapping[str, frozenset[str]],
) -> pl.DataFrame:
    """One row per table and row that a rule found, in order of group, table, row.

    A row found in several combinations keeps the first one's group and message; when it has two
    roles its columns are those of both. Columns that were not handed in are left out.
    """
    empty = pl.DataFrame(schema=SCHEMA)
    if outcome is None or outcome.broken is None or outcome.broken.is_empty():
        return empty
    rule = outcome.rule
    broken = outcome.broken.with_row_index("_order").with_columns(
        _message(rule, outcome.broken, tables).alias("message"), _severity(rule, outcome.broken)
    )
    if rule.unit == "return":
        return _return_level(rule, broken.head(1))
    parts = [_one_report(rule, broken, position, sent) for position in range(len(rule.reports))]
    merged = (
        pl.concat([p for p in parts if p is not None])
        .sort("_order", maintain_order=True)
        .group_by("table", "row", maintain_order=True)
        .agg(
            pl.col("columns")
            .list.explode(keep_nulls=False, empty_as_null=False)
            .unique(maintain_order=True),
            pl.col("severity", "message", "grp", "_order").first(),
        )
        .sort("_order", maintain_order=True)
    )
    return merged.with_columns(rule=pl.lit(rule.code), group=_group_id(rule, merged["grp"])).select(
        list(SCHEMA)
    )


def _one_report(
    rule: Rule, broken: pl.DataFrame, position: int, sent: Mapping[str, frozenset[str]]
) -> pl.DataFrame:
    reported = rule.reports[position]
    there = [c for c in reported.columns if c in sent.get(reported.table, ())]
    columns = there or list(reported.columns)
    row = row_column(reported.table, reported.role)
    return broken.filter(pl.col(row).is_not_null()).select(
        "_order",
        "grp",
        "message",
        "severity",
        pl.lit(reported.table).alias("table"),
        pl.col(row).alias("row"),
        pl.lit(columns, dtype=pl.List(pl.String)).alias("columns"),
    )


def _return_level(rule: Rule, broken: pl.DataFrame) -> pl.DataFrame:
    columns = list(dict.fromkeys(c for reported in rule.reports for c in reported.columns))
    return broken.select(
        pl.lit(rule.code).alias("rule"),
        pl.lit(None, dtype=pl.String).alias("table"),
        pl.lit(None, dtype=pl.Int64).alias("row"),
        pl.lit(columns, dtype=pl.List(pl.String)).alias("columns"),
        "severity",
        "message",
        pl.lit(rule.code).alias("group"),
    )


def _severity(rule: Rule, broken: pl.DataFrame) -> pl.Expr:
    """The rule's own, or a query where a link between two records is not certain."""
    if "confidence" in broken.columns:
        sure = pl.col("confidence").fill_null(1.0) >= 0.95
        return (
            pl.when(sure).then(pl.lit(rule.severity)).otherwise(pl.lit("query")).alias("severity")
        )
    return pl.lit(rule.severity).alias("severity")


def _group_id(rule: Rule, groups: pl.Series) -> pl.Series:
    """A short name for each group, the same whenever rule and group are the same."""
    known = {
        g: hashlib.blake2b(f"{rule.code}|{g}".encode(), digest_size=8).hexdigest()
        for g in groups.unique().to_list()
    }
    return groups.replace_strict(known, return_dtype=pl.String)


def _message(rule: Rule, broken: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.Series:
    """The rule's message for each combination, its {values} filled from the rows found."""
    pieces: list[pl.Expr | pl.Series] = []
    position = 0
    for match in PLACEHOLDER.finditer(rule.message):
        pieces.append(pl.lit(rule.message[position : match.start()]))
        pieces.append(_values(rule, match[1], broken, tables))
        position = match.end()
    pieces.append(pl.lit(rule.message[position:]))
    filled = pl.DataFrame({"_n": range(broken.height)}).with_columns(
        *(piece.alias(f"p{n}") for n, piece in enumerate(pieces))
    )
    names = [f"p{n}" for n in range(len(pieces))]
    return filled.select(
        pl.concat_str([pl.col(n).fill_null(BLANK) for n in names])
        .str.replace_all(f"({BLANK})", BLANK, literal=True)
        .alias("message")
    ).to_series()


def at_rows(frame: pl.DataFrame, column: str, rows: pl.Series) -> pl.Series:
    """A column's text at each row; blank where the row is blank or beyond the table.

    Two published rules report the rows of one table under another, which may be shorter.
    """
    inside = rows.cast(pl.Int64).set(rows >= frame.height, None)
    return frame[column].gather(inside).cast(pl.String)


def _as_said(values: pl.Series) -> pl.Series:
    """Dates the way people write them, day first; every other text as it is."""
    return values.str.replace(r"^(\d{4})-(\d{2})-(\d{2})(T.*)?$", "$3/$2/$1")


def _values(
    rule: Rule, name: str, broken: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> pl.Series:
    """Values of a placeholder: a column of the query, or of the first reported table that has it.

    `{Section47.DateOfInitialCPC}` names the table; `{later.CPPstartDate}` names the role.
    """
    if name in broken.columns:
        return broken[name].cast(pl.String)
    owner, _, column = name.rpartition(".")
    for reported in rule.reports:
        frame = tables.get(reported.table)
        fits = not owner or owner in (reported.table, reported.role)
        row = row_column(reported.table, reported.role)
        if fits and frame is not None and column in frame.columns and row in broken.columns:
            return _as_said(at_rows(frame, column, broken[row]))
    return pl.Series([None] * broken.height, dtype=pl.String)
