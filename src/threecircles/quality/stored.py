"""The report as tables that last: without them two runs could not be compared."""

from __future__ import annotations

from functools import cache

import polars as pl

from threecircles.definitions import read_csv
from threecircles.quality.database import database, incoming
from threecircles.quality.layout import PREVIOUS, layout
from threecircles.quality.messages import at_rows
from threecircles.quality.report import Report

FINDINGS = {
    "finding_id": pl.String,
    "rule": pl.String,
    "version": pl.Int64,
    "severity": pl.String,
    "dimension": pl.String,
    "mode": pl.String,
    "return": pl.String,
    "year": pl.Int64,
    "table": pl.String,
    "row": pl.Int64,
    "file_id": pl.String,
    "at": pl.String,
    "column": pl.String,
    "child": pl.String,
    "value": pl.String,
    "message": pl.String,
    "group_id": pl.String,
    "waived_by": pl.String,
    "record": pl.String,
}
"""Columns of the findings table, one line per rule, table, row and column; record is the natural key."""

RULES_RUN = {
    "return": pl.String,
    "year": pl.Int64,
    "mode": pl.String,
    "rule": pl.String,
    "version": pl.Int64,
    "severity": pl.String,
    "dimension": pl.String,
    "unit": pl.String,
    "short": pl.String,
    "state": pl.String,
    "reason": pl.String,
    "milliseconds": pl.Float64,
    "places": pl.Int64,
    "children": pl.Int64,
    "rows_tested": pl.Int64,
    "compared": pl.Int64,
    "not_comparable": pl.Int64,
}
"""Columns of the table of rules run, one line per rule of the year."""


def findings_table(report: Report) -> pl.DataFrame:
    """One line per (rule, table, row, column), in order of rule, group, table, row, column.

    finding_id is the same in every run in which the same rule is broken at the same column of the
    same record (by its natural key, not by its row number). Return-level findings have no table,
    row or child. Columns: FINDINGS.
    """
    places = report.findings_by_place.with_row_index("_order")
    if places.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    parts = places.partition_by("table", as_dict=True)
    ids = _record_ids(report, [str(table) for (table,) in parts if table is not None])
    lines = [_lines(report, table, part, ids) for (table,), part in parts.items()]
    whole = pl.concat(lines).sort("_order", maintain_order=True)
    versions = {rule.code: rule.version for rule in report.rules}
    dimensions = {rule.code: rule.dimension for rule in report.rules}
    told = {
        "finding_id": pl.concat_str("rule", pl.col("column").fill_null(""), "_id", separator="-"),
        "version": pl.col("rule").replace_strict(versions, return_dtype=pl.Int64),
        "dimension": pl.col("rule").replace_strict(dimensions, return_dtype=pl.String),
        "mode": pl.lit(report.mode),
        "return": pl.lit(report.return_name),
        "year": pl.lit(report.year),
        "group_id": pl.col("group"),
        "waived_by": pl.lit(None),
        "record": pl.col("_key"),
    }
    return whole.select(
        told.get(name, pl.col(name)).cast(kind).alias(name) for name, kind in FINDINGS.items()
    )


def rules_table(report: Report) -> pl.DataFrame:
    """One line per rule of the year: what became of it and how much it looked at.

    Columns: RULES_RUN.
    """
    counts = dict(report.findings_by_place.group_by("rule").len().iter_rows())
    children = _children(report)
    rows = []
    for code, outcome in report.outcomes.items():
        rule = outcome.rule
        ran = outcome.state == "ran"
        rows.append(
            {
                "return": report.return_name,
                "year": report.year,
                "mode": report.mode,
                "rule": code,
                "version": rule.version,
                "severity": rule.severity,
                "dimension": rule.dimension,
                "unit": rule.unit,
                "short": rule.short,
                "state": outcome.state,
                "reason": outcome.reason,
                "milliseconds": round(outcome.seconds * 1000, 3),
                "places": counts.get(code, 0) if ran else None,
                "children": children.get(code, 0) if ran else None,
                "rows_tested": report.rows_tested(rule) if ran else None,
                "compared": outcome.compared,
                "not_comparable": outcome.not_comparable,
            }
        )
    return pl.DataFrame(rows, schema=RULES_RUN)


def _children(report: Report) -> dict[str, int]:
    """How many different children each rule found."""
    parts = []
    for (table,), part in report.findings_by_place.partition_by("table", as_dict=True).items():
        frame = report.tables.get(str(table))
        child = layout(report.return_name).table(str(table)).child if frame is not None else ""
        if frame is not None and child in frame.columns:
            parts.append(part.select("rule").with_columns(child=at_rows(frame, child, part["row"])))
    if not parts:
        return {}
    told = pl.concat(parts).drop_nulls().group_by("rule").agg(pl.col("child").n_unique())
    return dict(told.iter_rows())


@cache
def natural_keys() -> dict[tuple[str, str], tuple[str, ...]]:
    """(return, table) -> the columns by which people know a record."""
    return {
        (row["return"], row["table"]): tuple(row["columns"].split())
        for row in read_csv("natural_keys/returns")
    }


def key_columns(return_name: str, table: str) -> tuple[str, ...]:
    """Natural key of a table; tables of cross-return checks are those of their own return."""
    base = table.removesuffix(PREVIOUS)
    if return_name == "cross" and "." in base:
        schema, _, base = base.partition(".")
        return_name = {"s903": "903"}.get(schema, schema)
    return natural_keys().get((return_name, base), ())


def natural_key(return_name: str, table: str, frame: pl.DataFrame) -> pl.Series:
    """Text of each row's natural key; "" where the table has none of its key's columns."""
    columns = [c for c in key_columns(return_name, table) if c in frame.columns]
    if not columns:
        return pl.Series("_key", [""] * frame.height, dtype=pl.String)
    parts = [pl.col(c).fill_null("") for c in columns]
    return frame.select(pl.concat_str(parts, separator="|").alias("_key")).to_series()


def _record_ids(report: Report, tables: list[str]) -> dict[str | None, pl.Series]:
    """Table -> a short name for each of its records: a hash of return, year, child and natural key.

    Records that are equal in all of these are numbered in order of row.
    """
    said = f"{report.return_name}\x1f{report.year}\x1f"
    texts = {None: pl.Series([said])} | {
        table: _texts(report, table, report.tables[table], said)
        for table in tables
        if table in report.tables
    }
    # The engine hashes a million texts in a fraction of the time that a loop would take.
    with database() as connection:
        connection.execute("set preserve_insertion_order=true")
        with incoming(connection, pl.concat(texts.values()).to_frame("text")) as source:
            hashed = connection.execute(f"select left(md5(text), 16) as id from {source}").pl()
    ids: dict[str | None, pl.Series] = {}
    position = 0
    for table, of_table in texts.items():
        ids[table] = hashed["id"].slice(position, of_table.len())
        position += of_table.len()
    return ids


def _texts(report: Report, table: str, frame: pl.DataFrame, said: str) -> pl.Series:
    child = layout(report.return_name).table(table).child
    key = natural_key(report.return_name, table, frame)
    own = pl.col(child).cast(pl.String).fill_null("") if child in frame.columns else pl.lit("")
    return (
        frame.with_columns(key)
        .select(pl.concat_str(pl.lit(f"{said}{table}\x1f"), own, "_key", separator="\x1f"))
        .to_series()
        .alias("text")
        .to_frame()
        .select(pl.col("text") + "\x1f" + pl.int_range(pl.len()).over("text").cast(pl.String))
        .to_series()
    )


def _lines(
    report: Report, table: str | None, places: pl.DataFrame, ids: dict[str | None, pl.Series]
) -> pl.DataFrame:
    """Places of one table, a line for each column, with file, place in it, child, value, key and record id."""
    frame = report.tables.get(table) if table else None
    if frame is None or table is None:
        told = {"_id": ids[None][0], **dict.fromkeys(("file_id", "at", "child", "_key", "value"))}
        lines = places.explode("columns", keep_nulls=True, empty_as_null=True)
        return lines.rename({"columns": "column"}).with_columns(
            pl.lit(v, dtype=pl.String).alias(k) for k, v in told.items()
        )
    rows = places["row"]
    keys = natural_key(report.return_name, table, frame).to_frame()
    lines = (
        places.with_columns(
            ids[table].gather(rows.set(rows >= frame.height, None)).alias("_id"),
            _gathered(frame, "_file", rows).alias("file_id"),
            _gathered(frame, "_at", rows).alias("at"),
            _gathered(frame, layout(report.return_name).table(table).child, rows).alias("child"),
            at_rows(keys, "_key", rows).alias("_key"),
        )
        .explode("columns", keep_nulls=True, empty_as_null=True)
        .rename({"columns": "column"})
    )
    return lines.with_columns(value=_values(frame, lines))


def _gathered(frame: pl.DataFrame, column: str, rows: pl.Series) -> pl.Series:
    if column not in frame.columns:
        return pl.Series([None], dtype=pl.String).new_from_index(0, rows.len())
    return at_rows(frame, column, rows)


def _values(frame: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """The value at each line's own row and column."""
    indexed = lines.select("row", "column").with_row_index("_n")
    parts = [
        part.select("_n").with_columns(value=_gathered(frame, column[0] or "", part["row"]))
        for column, part in indexed.partition_by("column", as_dict=True).items()
    ]
    return pl.concat(parts).sort("_n")["value"]
