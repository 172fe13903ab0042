"""How good a return is for use, one figure a dimension: without it a count of findings would stand for quality."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from threecircles.core.intervals import wilson
from threecircles.definitions.loader import HOME, read_csv
from threecircles.quality.database import database, fill, fill_macros, lock
from threecircles.quality.layout import PREVIOUS, layout
from threecircles.quality.messages import at_rows
from threecircles.quality.report import Report
from threecircles.quality.stored import key_columns

TOO_FEW = 10
"""Below this many a share says nothing; it is printed as too few to score."""

SCORES = {
    "return": pl.String,
    "year": pl.Int64,
    "table": pl.String,
    "column": pl.String,
    "label": pl.String,
    "dimension": pl.String,
    "k": pl.Int64,
    "n": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "state": pl.String,
}
"""Columns of the scores table; state is scored, too few to score, or not tested."""


@dataclass(frozen=True)
class Count:
    """k good ones of n, for one place and dimension."""

    table: str
    column: str
    label: str
    dimension: str
    k: int | None
    n: int


def scores(report: Report) -> pl.DataFrame:
    """One line per field or table and dimension, with k of n and its 95% Wilson interval.

    completeness: present, and no code that means unknown, of the rows to which the field applies.
    validity: values without a validity finding, of those present, where a validity rule ran.
    uniqueness: rows that are the only one with their natural key, of all rows with a whole key.
    consistency: children without a consistency finding, of those that the rules that ran tested.
    accuracy (cross-return only): agreements of comparable pairs. timeliness (cross-return only): records that
    were in the return of the year they belong to, of those begun before this one. Rules that did not run
    lower nothing; where none ran the state is not tested. Columns: SCORES.
    """
    counts = (
        [*_compared(report, "accuracy"), *_compared(report, "timeliness")]
        if report.return_name == "cross"
        else [
            *_completeness(report),
            *_validity(report),
            *_uniqueness(report),
            *_consistency(report),
        ]
    )
    rows = [
        {"return": report.return_name, "year": report.year, **scored(count)} for count in counts
    ]
    return pl.DataFrame(rows, schema=SCORES)


def scored(count: Count) -> dict[str, object]:
    """A count as a line of the scores table."""
    line: dict[str, object] = {
        "table": count.table,
        "column": count.column,
        "label": count.label,
        "dimension": count.dimension,
        "k": count.k,
        "n": count.n,
    }
    if count.k is None or count.n == 0:
        return line | {"share": None, "low": None, "high": None, "state": "not tested"}
    interval = wilson(count.k, count.n)
    state = "scored" if count.n >= TOO_FEW else "too few to score"
    return line | {
        "share": count.k / count.n,
        "low": interval.low,
        "high": interval.high,
        "state": state,
    }


def pooled(table: pl.DataFrame) -> pl.DataFrame:
    """Scores of a whole return: k and n added up over its fields, for each dimension apart.

    Columns: return, year, dimension, k, n, share, low, high, state.
    """
    known = table.filter(pl.col("k").is_not_null())
    sums = known.group_by("return", "year", "dimension", maintain_order=True).agg(
        pl.col("k", "n").sum()
    )
    rows = []
    for name, year, dimension, k, n in sums.iter_rows():
        line = scored(Count("", "", "", dimension, k, n))
        rows.append({"return": name, "year": year} | line)
    kept = [c for c in SCORES if c not in ("table", "column", "label")]
    return pl.DataFrame(rows, schema=SCORES).select(kept)


@cache
def _fields(return_name: str) -> tuple[dict[str, str], ...]:
    path = HOME / "rules" / "fields" / f"{return_name}.csv"
    return read_csv(f"rules/fields/{return_name}") if path.exists() else ()


def _completeness(report: Report) -> list[Count]:
    fields = [
        f for f in _fields(report.return_name)
        if f["table"] in report.tables and f["column"] in report.tables[f["table"]].columns
    ]  # fmt: skip
    if not fields:
        return []
    found = []
    with database() as connection:
        form = layout(report.return_name)
        whole = {f["table"]: form.table(f["table"]).columns for f in fields}
        fill(connection, form, report.tables, whole)
        fill_macros(connection, report.window, report.year, None, frozenset(), "")
        lock(connection)
        for field in fields:
            unknown = ", ".join(f"'{code}'" for code in field["incomplete_codes"].split()) or "''"
            sql = (
                f'select count(*) filter ("{field["column"]}" not in ({unknown})), count(*) '
                f'from "{field["table"]}" where {field["applies_when"]}'
            )
            row = connection.execute(sql).fetchone()
            k, n = (int(row[0]), int(row[1])) if row else (0, 0)
            found.append(
                Count(field["table"], field["column"], field["label"], "completeness", k, n)
            )
    return found


def _validity(report: Report) -> list[Count]:
    ran = [
        o.rule
        for o in report.outcomes.values()
        if o.state == "ran" and o.rule.dimension == "validity"
    ]
    places = _broken(report, {rule.code for rule in ran}).explode("columns")
    targets = dict.fromkeys((r.table, c) for rule in ran for r in rule.reports for c in r.columns)
    found = []
    for table, column in targets:
        frame = report.tables.get(table)
        if frame is None or column not in frame.columns:
            continue
        present = frame[column].is_not_null()
        rows = places.filter((pl.col("table") == table) & (pl.col("columns") == column))[
            "row"
        ].unique()
        wrong = int(at_rows(frame, column, rows).is_not_null().sum())
        label = layout(report.return_name).table(table).columns[column].label
        n = int(present.sum())
        found.append(Count(table, column, label, "validity", n - wrong, n))
    return found


def _uniqueness(report: Report) -> list[Count]:
    found = []
    for name, frame in report.tables.items():
        keys = [c for c in key_columns(report.return_name, name) if c in frame.columns]
        if (
            name.endswith(PREVIOUS)
            or not keys
            or len(keys) < len(key_columns(report.return_name, name))
        ):
            continue
        whole = frame.select(keys).drop_nulls()
        alone = int(whole.is_unique().sum()) if whole.height else 0
        label = layout(report.return_name).table(name).label
        found.append(Count(name, "", label, "uniqueness", alone, whole.height))
    return found


def _consistency(report: Report) -> list[Count]:
    every = [
        o
        for o in report.outcomes.values()
        if o.rule.dimension == "consistency" and o.rule.unit != "return"
    ]
    ran = [o.rule for o in every if o.state == "ran"]
    if not every:
        return []
    if not ran:
        return [Count("", "", "children", "consistency", None, 0)]
    tested: set[str] = set()
    for table in {r.table for rule in ran for r in rule.reports}:
        tested |= children_of(report, table)
    broken: set[str] = set()
    places = _broken(report, {rule.code for rule in ran})
    for (table,), part in places.partition_by("table", as_dict=True).items():
        broken |= children_of(report, str(table), part["row"])
    return [Count("", "", "children", "consistency", len(tested - broken), len(tested))]


def _compared(report: Report, dimension: str) -> list[Count]:
    """Things that a check across returns found in order, of those it could compare."""
    found = []
    for outcome in report.outcomes.values():
        rule = outcome.rule
        if rule.dimension != dimension or not rule.compared:
            continue
        k, n = None, 0
        if outcome.compared is not None and outcome.broken is not None:
            k, n = max(outcome.compared - outcome.broken.height, 0), outcome.compared
        found.append(Count("", "", rule.title, dimension, k, n))
    return found


def _broken(report: Report, codes: set[str]) -> pl.DataFrame:
    places = report.findings_by_place
    return places.filter(pl.col("rule").is_in(list(codes)) & pl.col("table").is_not_null())


def children_of(report: Report, table: str, rows: pl.Series | None = None) -> set[str]:
    """Identifiers of the children in a table, or in some of its rows; none where the table names no child."""
    frame, child = report.tables.get(table), report.child_column(table)
    if frame is None or not child or child not in frame.columns:
        return set()
    values = frame[child] if rows is None else at_rows(frame, child, rows)
    return set(values.drop_nulls().unique().to_list())
