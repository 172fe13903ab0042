"""Counts of checking that may be shown: without them quality would stay inside the identity side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import polars as pl

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.definitions import Definition, load
from threecircles.quality.rulebook import FIRST_YEAR, LAST_YEAR, RETURNS, rules_in_force
from threecircles.quality.shared_sql import with_parents

Reads = Mapping[tuple[str, str], frozenset[str]]
"""Return and rule -> the fields that the rule reads (table.column)."""

VALUES = ("value", "low", "high", "numerator", "denominator", "n")
_TYPES: dict[str, Any] = {
    "measure": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}
DIMENSIONS_OF_QUALITY = (
    "completeness",
    "validity",
    "uniqueness",
    "consistency",
    "timeliness",
    "accuracy",
)
SOURCE = "Three Circles rule sets; UK Government Data Quality Framework, 2020"


def sources_table(rows: list[dict[str, Any]], period: str, labels: dict[str, str]) -> Measured:
    """How much was read and refused of each source, and how late it came.

    rows: source, rows_read, rows_refused, notes, received_late_days.
    Frame: source, measure (rows_read, rows_refused, notes, received_late_days) and values.
    """
    lines = [
        _line({"source": row["source"]}, measure, row[measure], n=row["rows_read"])
        for row in rows
        for measure in ("rows_read", "rows_refused", "notes", "received_late_days")
    ]
    return _measured(
        "quality-sources", "What was received and read", period, "rows", lines,
        (Dimension(column="source", label="Source", labels=labels),),
        ("Rows refused are kept whole beside the run, with the reason.",),
    )  # fmt: skip


def rules_measured(
    rules: pl.DataFrame, period: str, labels: dict[str, str], reads: Reads | None = None
) -> Measured:
    """What became of each rule: findings and rows checked of those that ran, and why others did not.

    rules: the stored table of rules run. Frame: return, rule, state, measure (findings,
    rows_checked, children) and values; a rule that did not run has no value and a reason. Rules that speak
    of immigration, by their words or by the fields they read, are left to the worklist: their findings
    would tell that such children are there. reads: return, rule -> the fields it reads (table.column);
    None: as the rules in force at any time say.
    """
    lines = []
    known = load("purposes/immigration_in_tables", _Words)
    rules = rules.filter(~pl.col("short").str.to_lowercase().str.contains(_any_of(known.words)))
    told = [
        not _reads_one_of(fields, known.rule_fields)
        for fields in _fields_of(rules, fields_read() if reads is None else reads)
    ]
    rules = rules.filter(pl.Series(told, dtype=pl.Boolean))
    for row in rules.iter_rows(named=True):
        place = {"return": row["return"], "rule": row["rule"], "state": row["state"]}
        for measure, column in (
            ("findings", "places"),
            ("rows_checked", "rows_tested"),
            ("children", "children"),
        ):
            reason = None if row["state"] == "ran" else "not_available"
            lines.append(_line(place, measure, row[column], n=row["rows_tested"], reason=reason))
    short = dict(rules.select("rule", "short").iter_rows())
    return _measured(
        "quality-rules", "Rules run, skipped and failed", period, "places", lines,
        (
            Dimension(column="return", label="Return", labels=labels),
            Dimension(column="rule", label="Rule", labels=short),
            Dimension(column="state", label="State", order=("ran", "skipped", "failed")),
        ),
        (
            "A rule that was skipped or failed says nothing about the return.",
            "Rules about a few protected facts stand in the worklist only.",
        ),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Words(Definition):
    """Words by which a figure tells of immigration."""

    words: tuple[str, ...]
    below_authority: tuple[str, ...]
    rule_fields: tuple[str, ...]


@cache
def fields_read() -> Reads:
    """Return, rule -> every field that a version of the rule, or a view it uses, reads (table.column)."""
    found: dict[tuple[str, str], set[str]] = {}
    for name in RETURNS:
        for year in range(FIRST_YEAR[name], LAST_YEAR + 1):
            for rule in rules_in_force(name, year):
                own = found.setdefault((name, rule.code), set())
                parts = [rule.needs, *(view.needs for view in with_parents(rule.views, name))]
                own |= {
                    f"{t}.{c}" for needs in parts for t, columns in needs.items() for c in columns
                }
    return {rule: frozenset(fields) for rule, fields in found.items()}


def _fields_of(rules: pl.DataFrame, reads: Reads) -> list[frozenset[str]]:
    return [reads.get(key, frozenset()) for key in rules.select("return", "rule").iter_rows()]


def _reads_one_of(fields: frozenset[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(field, pattern) for field in fields for pattern in patterns)


def _any_of(words: Sequence[str]) -> str:
    return rf"\b({'|'.join(re.escape(w) for w in words)})\b"


def scores_measured(scores: pl.DataFrame, period: str, labels: dict[str, str]) -> Measured:
    """One score for each source and dimension of quality, with k of n and its interval.

    scores: pooled scores with column `source`. Frame: source, dimension, measure (score) and values.
    """
    lines = []
    for row in scores.iter_rows(named=True):
        place = {"source": row["source"], "dimension": row["dimension"]}
        told = row["state"] == "scored"
        line = _line(
            place,
            "score",
            row["share"] if told else None,
            n=row["n"],
            reason=None if told else "not_available",
        )
        interval = {"low": row["low"], "high": row["high"]} if told else {}
        lines.append(line | interval | {"numerator": row["k"], "denominator": row["n"]})
    return _measured(
        "quality-scores", "Quality of each source by dimension", period, "proportion", lines,
        (
            Dimension(column="source", label="Source", labels=labels),
            Dimension(column="dimension", label="Dimension", order=DIMENSIONS_OF_QUALITY),
        ),
        ("Dimensions are never averaged; fewer than 10 are not scored.",),
    )  # fmt: skip


def period_label(day: date) -> str:
    """The year that ends on a day, in words."""
    return f"year to {day.day} {day:%B %Y}"


def _line(
    place: dict[str, str], measure: str, value: Any, *, n: Any, reason: str | None = None
) -> dict[str, Any]:
    missing = reason or (None if value is not None else "not_available")
    return {**place, "measure": measure, "value": None if value is None else float(value), "low": None, "high": None,
            "numerator": None, "denominator": None, "n": n, "reason": missing}  # fmt: skip


def _measured(
    name: str, title: str, period: str, unit: str, lines: list[dict[str, Any]],
    dimensions: tuple[Dimension, ...], notes: tuple[str, ...],
) -> Measured:  # fmt: skip
    columns = {d.column: pl.String for d in dimensions}
    spec = TableSpec(
        id=name, title=title, population="records", period=period, unit=unit, dimensions=dimensions,
        values=VALUES, kind="quality", page="quality", notes=notes, definitions=("rules",),
        sources=(SOURCE,), step="quality.measures",
    )  # fmt: skip
    return Measured(spec, pl.DataFrame(lines, schema={**columns, **_TYPES}, strict=False))
