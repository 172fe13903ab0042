"""One line for each thing to mend, for the team that can: without it findings would stay a pile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from threecircles.quality.report import Report
from threecircles.quality.rule import Rule

WORKLIST = {
    "child": pl.String,
    "team": pl.String,
    "worker": pl.String,
    "severity": pl.String,
    "what": pl.String,
    "where": pl.String,
    "value": pl.String,
    "hint": pl.String,
    "rules": pl.String,
    "findings": pl.Int64,
    "first_seen": pl.Date,
    "status": pl.String,
    "waiver": pl.String,
}
"""Columns of the worklist, one line per child and problem group."""

UNKNOWN_TEAM = "Unknown team"


@dataclass(frozen=True)
class Held:
    """Who holds a child's record."""

    team: str
    worker: str = ""


def worklist(
    findings: pl.DataFrame,
    report: Report,
    holders: Mapping[str, Held] | None = None,
    first_seen: Mapping[str, date] | None = None,
    today: date | None = None,
) -> pl.DataFrame:
    """Findings as one line per child and problem group.

    A problem group is what one look at the record would settle: all findings of the child that meet
    in one record and column. findings: the stored table. holders: child id -> team and worker; a
    child without one goes to its own row of unknown team, never spread. first_seen: finding_id ->
    day of the first run that had it. Order: errors before queries, then the number of rules that a
    mend would clear, then the oldest, then child. Columns: WORKLIST.
    """
    if findings.is_empty():
        return pl.DataFrame(schema=WORKLIST)
    rules = {rule.code: rule for rule in report.rules}
    seen = first_seen or {}
    day = today or date.today()
    lines = findings.with_columns(
        _seen=pl.col("finding_id").replace_strict(seen, default=day, return_dtype=pl.Date),
        _problem=_problem(),
    )
    grouped = lines.group_by("return", "child", "_problem", maintain_order=True).agg(
        pl.col("severity").sort().first(),
        pl.col("message").first(),
        pl.col("rule").unique(maintain_order=True),
        pl.concat_str(
            [pl.col("table"), pl.lit(" row "), (pl.col("row") + 1).cast(pl.String)],
            ignore_nulls=True,
        )
        .first()
        .alias("_where"),
        pl.col("column").unique(maintain_order=True).alias("_columns"),
        pl.concat_str([pl.col("file_id"), pl.lit(" "), pl.col("at")], ignore_nulls=True)
        .first()
        .alias("_file"),
        pl.col("value").drop_nulls().unique(maintain_order=True),
        pl.col("_seen").min(),
        pl.len().alias("findings"),
        pl.col("waived_by").drop_nulls().first(),
        pl.col("waived_by").is_null().any().alias("_open"),
    )
    held = {child: (h.team, h.worker) for child, h in (holders or {}).items()}
    rows = [_line(row, rules, held) for row in grouped.iter_rows(named=True)]
    ordered = pl.DataFrame(rows, schema={**WORKLIST, "_n": pl.Int64}).sort(
        ["severity", "_n", "first_seen", "child"], descending=[False, True, False, False], nulls_last=True,
        maintain_order=True,
    )  # fmt: skip
    return ordered.drop("_n")


def by_team(lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The worklist of each team, unknown last."""
    parts = {str(key[0]): part for key, part in lines.partition_by("team", as_dict=True).items()}
    return dict(sorted(parts.items(), key=lambda item: (item[0] == UNKNOWN_TEAM, item[0])))


def select(
    lines: pl.DataFrame, *, team: str = "", worker: str = "", rule: str = "", severity: str = ""
) -> pl.DataFrame:
    """The lines of a team, worker, rule or severity; an empty word leaves that choice open."""
    for column, word in (("team", team), ("worker", worker), ("severity", severity)):
        if word:
            lines = lines.filter(pl.col(column) == word)
    return lines.filter(pl.col("rules").str.split(", ").list.contains(rule)) if rule else lines


def burden(
    findings: pl.DataFrame, report: Report, minutes: Mapping[str, float], assumed: float = 5.0
) -> pl.DataFrame:
    """What each rule costs: findings times minutes to clear one.

    minutes: code -> minutes typed in by those who mend; for others `assumed` is taken and said so.
    Rules that ran and never fired are listed with 0. Columns: rule, short, findings,
    minutes_each, assumed, hours; costliest first.
    """
    open_ones = findings.filter(pl.col("waived_by").is_null())
    counted = dict(open_ones.group_by("rule").agg(pl.struct("table", "row").n_unique()).iter_rows())
    rows = [
        {
            "rule": rule.code, "short": rule.short, "findings": counted.get(rule.code, 0),
            "minutes_each": minutes.get(rule.code, assumed), "assumed": rule.code not in minutes,
        }
        for rule in report.rules
        if report.outcomes[rule.code].state == "ran"
    ]  # fmt: skip
    schema = {
        "rule": pl.String,
        "short": pl.String,
        "findings": pl.Int64,
        "minutes_each": pl.Float64,
        "assumed": pl.Boolean,
    }
    return (
        pl.DataFrame(rows, schema=schema)
        .with_columns(hours=pl.col("findings") * pl.col("minutes_each") / 60)
        .sort(["hours", "rule"], descending=[True, False])
    )


def _problem() -> pl.Expr:
    """Findings of one record and column are one problem; a return-level finding is its own."""
    record = pl.concat_str(
        [pl.col("table"), pl.col("record"), pl.col("column")], separator="|", ignore_nulls=True
    )
    return pl.when(pl.col("table").is_null()).then(pl.col("finding_id")).otherwise(record)


def _line(
    row: dict[str, Any], rules: Mapping[str, Rule], held: Mapping[str, tuple[str, str]]
) -> dict[str, object]:
    codes: list[str] = row["rule"]
    team, worker = held.get(str(row["child"]), (UNKNOWN_TEAM, ""))
    place = [row["_where"], ", ".join(c for c in row["_columns"] if c), row["_file"]]
    return {
        "child": row["child"],
        "team": team,
        "worker": worker,
        "severity": row["severity"],
        "what": row["message"],
        "where": ", ".join(part for part in place if part),
        "value": ", ".join(row["value"]),
        "hint": rules[codes[0]].hint if codes[0] in rules else "",
        "rules": ", ".join(codes),
        "findings": row["findings"],
        "first_seen": row["_seen"],
        "status": "open" if row["_open"] else "waived",
        "waiver": row["waived_by"],
        "_n": len(codes),
    }
