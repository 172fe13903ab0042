"""How good a return is for use, one figure a dimension: without it a count of findings would stand for quality."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from threecircles.core.intervals import wilson
from threecircles.quality.fields import field_tallies
from threecircles.quality.layout import PREVIOUS, layout
from threecircles.quality.report import Report
from threecircles.quality.rule import Rule
from threecircles.quality.stored import key_columns
from threecircles.quality.tally import ROW, ChildTally, Tally

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


def scores(report: Report, found: Sequence[Tally] | None = None) -> pl.DataFrame:
    """One line per field or table and dimension, with k of n and its 95% Wilson interval.

    found: the tallies of the report, where they were made already.
    completeness: present, of the rows to which the field applies, which are due and not refused
    (`field_kinds.COUNTED`); no code that means unknown or not obtained is present.
    validity: values without a validity finding, of those present, where a validity rule ran; else values of the
    field's type and list of codes.
    uniqueness: rows that are the only one with their natural key, of all rows with a whole key.
    consistency: children without a consistency finding, of those that the rules that ran tested.
    accuracy (cross-return only): agreements of comparable pairs. timeliness (cross-return only): records that
    were in the return of the year they belong to, of those begun before this one. Rules that did not run
    lower nothing; where none ran the state is not tested. Columns: SCORES.
    """
    counts = (
        [*_compared(report, "accuracy"), *_compared(report, "timeliness")]
        if report.return_name == "cross"
        else [*map(counted, tallies(report) if found is None else found), *_consistency(report)]
    )
    rows = [
        {"return": report.return_name, "year": report.year, **scored(count)} for count in counts
    ]
    return pl.DataFrame(rows, schema=SCORES)


def counted(tally: Tally) -> Count:
    """A tally added up."""
    return Count(tally.table, tally.column, tally.label, tally.dimension, tally.k, tally.n)


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


def tallies(report: Report, findings: pl.DataFrame | None = None) -> list[Tally]:
    """The rows behind completeness, validity and uniqueness of a return.

    findings: the stored table, where those waived are not to count; else all places of the report.
    """
    return [*_of_fields(report, findings), *_uniqueness(report)]


def child_tally(report: Report, dimension: str, findings: pl.DataFrame | None = None) -> ChildTally:
    """Children without a finding of a dimension, of those that the rules which ran tested; findings as for tallies."""
    ran = [
        o.rule
        for o in report.outcomes.values()
        if o.state == "ran" and o.rule.dimension == dimension and o.rule.unit != "return"
    ]
    if not ran:
        return ChildTally(dimension, None)
    broken = _broken(report, findings, ran, ["table"])
    found = {}
    for table in dict.fromkeys(r.table for rule in ran for r in rule.reports):
        frame, child = report.tables.get(table), report.child_column(table)
        if frame is None or not child or child not in frame.columns:
            continue
        found[table] = frame.select(
            *_good(broken.get((table,))), pl.col(child).cast(pl.String).alias("child")
        ).drop_nulls("child")
    return ChildTally(dimension, found)


def _of_fields(report: Report, findings: pl.DataFrame | None) -> list[Tally]:
    """Completeness, and validity by the rules that ran; by type and list of codes where no rule looks."""
    form = layout(report.return_name)
    own = field_tallies(report.return_name, form, report.tables, report.year, report.window)
    ruled = _validity(report, findings)
    told = {(t.table, t.column) for t in ruled}
    unruled = [t for t in own if t.dimension == "validity" and (t.table, t.column) not in told]
    return [*(t for t in own if t.dimension == "completeness"), *ruled, *unruled]


def _validity(report: Report, findings: pl.DataFrame | None) -> list[Tally]:
    ran = [
        o.rule
        for o in report.outcomes.values()
        if o.state == "ran" and o.rule.dimension == "validity"
    ]
    broken = _broken(report, findings, ran, ["table", "column"])
    targets = dict.fromkeys((r.table, c) for rule in ran for r in rule.reports for c in r.columns)
    found = []
    for table, column in targets:
        frame = report.tables.get(table)
        if frame is None or column not in frame.columns:
            continue
        rows = frame.select(*_good(broken.get((table, column))), pl.col(column).alias("value"))
        rows = rows.filter(pl.col("value").is_not_null()).select(*ROW)
        label = layout(report.return_name).table(table).columns[column].label
        found.append(Tally(table, column, label, "validity", rows))
    return found


def _good(broken: pl.Series | None) -> tuple[pl.Expr, pl.Expr]:
    """Columns of a tally: the rows of a table, those broken being no good."""
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    good = pl.lit(True) if broken is None else ~row.is_in(broken.implode())
    return row.alias("row"), good.alias("good")


def _uniqueness(report: Report) -> list[Tally]:
    found = []
    for name, frame in report.tables.items():
        whole = key_columns(report.return_name, name)
        keys = [c for c in whole if c in frame.columns]
        if name.endswith(PREVIOUS) or not keys or len(keys) < len(whole):
            continue
        told = frame.select(keys).with_row_index("row").drop_nulls(keys)
        rows = told.select(pl.col("row").cast(pl.Int64), pl.struct(keys).is_unique().alias("good"))
        label = layout(report.return_name).table(name).label
        found.append(Tally(name, "", label, "uniqueness", rows))
    return found


def _consistency(report: Report) -> list[Count]:
    if not any(r.dimension == "consistency" and r.unit != "return" for r in report.rules):
        return []
    tally = child_tally(report, "consistency")
    if tally.rows is None:
        return [Count("", "", "children", "consistency", None, 0)]
    children = tally.children
    return [Count("", "", "children", "consistency", int(children["good"].sum()), children.height)]


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


def _broken(
    report: Report, findings: pl.DataFrame | None, rules: Collection[Rule], by: Sequence[str]
) -> dict[tuple[str, ...], pl.Series]:
    """Table, or table and column -> the rows at which one of the rules is broken.

    Texts stay numbers until few are left: a large return has millions of findings.
    """
    codes = [rule.code for rule in rules]
    if findings is None:
        found = report.lean_places.filter(pl.col("rule").cast(pl.String).is_in(codes))
        found = found.select("table", "row", pl.col("columns").alias("column"))
        found = found.explode("column") if "column" in by else found
    else:
        told = pl.col("rule").cast(pl.String).is_in(codes) & pl.col("waived_by").is_null()
        found = findings.filter(told)
    parts = found.select(*by, "row").drop_nulls().unique().partition_by(by, as_dict=True)
    return {
        tuple(str(name) for name in key): part["row"].cast(pl.Int64) for key, part in parts.items()
    }
