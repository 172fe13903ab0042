"""The report as tables that last: without them two runs could not be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl

from threecircles.definitions import read_csv
from threecircles.quality.database import database, incoming, outgoing
from threecircles.quality.layout import PREVIOUS, layout
from threecircles.quality.lean import one_of, plain
from threecircles.quality.messages import at_rows
from threecircles.quality.report import Report
from threecircles.quality.side_by_side import side_by_side

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
    return plain(lean_findings(report))


def lean_findings(report: Report) -> pl.DataFrame:
    """The same with recurring texts as one of a list, as a check holds it until it is written."""
    places, (records, starts) = side_by_side(lambda: report.lean_places, lambda: _records(report))
    if places.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    lines = (
        places.select("table", "row", "columns")
        .with_row_index("_place")
        .explode("columns", keep_nulls=True, empty_as_null=True)
        .rename({"columns": "column"})
    )
    position, values = side_by_side(
        lambda: _positions(report, lines, starts), lambda: _values(report, lines)
    )
    of_place = lines["_place"]
    held = {name: places[name].gather(of_place) for name in ("rule", "severity", "message")}
    held["rule"] = held["rule"].cast(one_of(rule.code for rule in report.rules))
    rule = held["rule"].to_physical()
    held |= {"group_id": places["group"].gather(of_place), "value": values}
    held |= {name: records[name].gather(position) for name in records.columns}
    versions, dimensions = zip(*((r.version, r.dimension) for r in report.rules), strict=True)
    held["version"] = pl.Series(versions, dtype=pl.Int16).gather(rule)
    held["dimension"] = pl.Series(dimensions, dtype=one_of(dimensions)).gather(rule)
    told = {
        "finding_id": pl.concat_str(
            "rule", pl.col("column").cast(pl.String).fill_null(""), "_id", separator="-"
        ),
        "mode": pl.lit(report.mode, dtype=one_of([report.mode])),
        "return": pl.lit(report.return_name, dtype=one_of([report.return_name])),
        "year": pl.lit(report.year, dtype=pl.Int16),
        "waived_by": pl.lit(None),
    }
    return lines.with_columns(column.alias(name) for name, column in held.items()).select(
        told.get(name, pl.col(name)).alias(name) for name in FINDINGS
    )


def rules_table(report: Report) -> pl.DataFrame:
    """One line per rule of the year: what became of it and how much it looked at.

    Columns: RULES_RUN.
    """
    counts = dict(report.lean_places.group_by("rule").len().iter_rows())
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
    found = report.lean_places.select("rule", "table", "row")
    for (table,), part in found.partition_by("table", as_dict=True).items():
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


def _records(report: Report) -> tuple[pl.DataFrame, dict[str, int]]:
    """The records of all tables with findings, one below the other, and where each table begins.

    Columns: file_id, at, child, record (the natural key), _id. First stands the return itself.
    """
    said = f"{report.return_name}\x1f{report.year}\x1f"
    parts = [
        pl.DataFrame({"file_id": None, "at": None, "child": None, "record": None, "_text": said},
                     schema=dict.fromkeys(("file_id", "at", "child", "record", "_text"), pl.String))
    ]  # fmt: skip
    starts: dict[str, int] = {}
    height = 1
    for table in _tables_found(report):
        frame = report.tables[table]
        parts.append(_records_of(report, table, frame, said))
        starts[table] = height
        height += frame.height
    whole = pl.concat(parts, rechunk=True)
    whole = whole.with_columns(pl.col("file_id").cast(one_of(whole["file_id"].unique())))
    # The engine hashes a million texts in a fraction of the time that a loop would take.
    with database(threads=1) as connection:
        connection.execute("set preserve_insertion_order=true")
        with incoming(connection, whole.select("_text")) as source:
            ids = outgoing(connection, f"select left(md5(_text), 16) as _id from {source}")
    return whole.drop("_text").with_columns(ids["_id"]), starts


def _tables_found(report: Report) -> list[str]:
    broken = (o.rule for o in report.outcomes.values() if o.broken is not None and o.broken.height)
    found = {reported.table for rule in broken for reported in rule.reports}
    return [name for name in report.tables if name in found]


def _records_of(report: Report, table: str, frame: pl.DataFrame, said: str) -> pl.DataFrame:
    """Each row as a record; records that are equal in child and natural key are numbered in order of row."""
    child = layout(report.return_name).table(table).child
    key = natural_key(report.return_name, table, frame)
    none = pl.lit(None, dtype=pl.String)

    def text(column: str) -> pl.Expr:
        return pl.col(column).cast(pl.String) if column in frame.columns else none

    told = frame.select(
        text("_file").alias("file_id"), text("_at").alias("at"), text(child).alias("child"),
        key.alias("record"),
    ).with_columns(
        _text=pl.concat_str(
            pl.lit(f"{said}{table}\x1f"), pl.col("child").fill_null(""), "record", separator="\x1f"
        )
    )  # fmt: skip
    return told.with_columns(_text=pl.col("_text") + "\x1f" + _ordinals(told["_text"]))


def _ordinals(texts: pl.Series) -> pl.Series:
    """How many equal texts stand before each one, as text."""
    again = texts.is_duplicated()
    none_before = pl.Series([0], dtype=pl.Int64).new_from_index(0, texts.len())
    if again.any():
        several = texts.to_frame("text").filter(again)
        counted = several.select(pl.int_range(pl.len()).over("text")).to_series()
        none_before = none_before.scatter(again.arg_true(), counted)
    return none_before.cast(pl.String)


def _positions(report: Report, lines: pl.DataFrame, starts: Mapping[str, int]) -> pl.Series:
    """Where among the records each line's is; that of a row beyond its table is nowhere."""
    tables = lines.schema["table"].categories  # type: ignore[attr-defined]
    start, height = _looked_up(
        lines["table"].to_physical(),
        [starts.get(table, 0) for table in tables],
        [report.tables[table].height if table in starts else None for table in tables],
    )
    row = pl.col("row")
    place = pl.when(height.is_null()).then(0).when(row < height).then(start + row)
    return lines.select(place.cast(pl.UInt32)).to_series()


def _values(report: Report, lines: pl.DataFrame) -> pl.Series:
    """The value at each line's own table, row and column; null where there is none."""
    tables, columns = (lines.schema[name].categories for name in ("table", "column"))  # type: ignore[attr-defined]
    number = lines.select(
        pl.col("table").to_physical().cast(pl.UInt32) * len(columns) + pl.col("column").to_physical()
    ).to_series()  # fmt: skip
    cells = [pl.Series([None], dtype=pl.String)]
    starts, heights = [0] * len(tables) * len(columns), [0] * len(tables) * len(columns)
    first = 1
    for place in number.unique().drop_nulls():
        table, column = divmod(place, len(columns))
        frame, name = report.tables.get(tables[table]), columns[column]
        if frame is not None and name in frame.columns:
            cells.append(frame[name].cast(pl.String))
            starts[place], heights[place] = first, frame.height
            first += frame.height
    start, height = _looked_up(number, starts, heights)
    row = pl.col("row")
    found = lines.select(pl.when(row < height).then(start + row).otherwise(0)).to_series()
    return pl.concat([cell.alias("value") for cell in cells], rechunk=True).gather(found)


def _looked_up(number: pl.Series, *lists: Sequence[int | None]) -> list[pl.Series]:
    """What stands in each list at each number; null where there is no number."""
    return [pl.Series(one, dtype=pl.Int64).gather(number) for one in lists]
