"""One line for each thing to mend, for the team that can: without it findings would stay a pile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from threecircles.quality.lean import one_of, plain
from threecircles.quality.report import Report
from threecircles.quality.stored import rules_table

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
PIECE = 500_000
"""Lines of the worklist that are put into words at a time."""


@dataclass(frozen=True)
class Held:
    """Who holds a child's record."""

    team: str
    worker: str = ""


def plain_id(child: str) -> str:
    """A child's identifier as it is compared: the looked-after return is read in capitals."""
    return child.strip().upper()


def plain_ids(column: str) -> pl.Expr:
    """The same for a column."""
    return pl.col(column).cast(pl.String).str.strip_chars().str.to_uppercase()


def worklist(
    findings: pl.DataFrame,
    report: Report,
    holders: Mapping[str, Held] | None = None,
    first_seen: Mapping[str, date] | None = None,
    today: date | None = None,
    files: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Findings as one line per child and problem group.

    A problem group is what one look at the record would settle: all findings that meet in one row
    and column. findings: the stored table. holders: child id -> team and worker; a
    child without one goes to its own row of unknown team, never spread. first_seen: finding_id ->
    day of the first run that had it. files: file_id -> its name as people know it; when the name ends in a
    space, the place in the file follows. Order: errors before queries, then the number of rules that a
    mend would clear, then the oldest, then child. Columns: WORKLIST.
    """
    return plain(lean_worklist(findings, report, holders, first_seen, today, files))


def lean_worklist(
    findings: pl.DataFrame,
    report: Report,
    holders: Mapping[str, Held] | None = None,
    first_seen: Mapping[str, date] | None = None,
    today: date | None = None,
    files: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """The same with recurring texts as one of a list, as a check holds it until it is written."""
    if findings.is_empty():
        return pl.DataFrame(schema=WORKLIST)
    seen = first_seen or {}
    day = today or date.today()
    hints = {rule.code: rule.hint for rule in report.rules}
    teams = {plain_id(child): held.team for child, held in (holders or {}).items()}
    workers = {plain_id(child): held.worker for child, held in (holders or {}).items()}
    problems = (
        findings.select(
            _problem(findings).alias("_problem"),
            pl.col("severity").cast(_ranked(findings, "severity")),
            pl.col("rule").cast(pl.String),
            _line=pl.int_range(pl.len(), dtype=pl.UInt32),
            _seen=_first_seen(seen, day),
            waived_by="waived_by",
        )
        .sort("_problem", maintain_order=True)
        .group_by("_problem", maintain_order=True)
        .agg(
            pl.col("severity").min(),
            pl.col("rule").alias("rules"),
            pl.col("_line").first(),
            pl.col("_seen").min().alias("first_seen"),
            pl.len().cast(pl.Int64).alias("findings"),
            *_waiver(findings),
        )
        .with_columns(pl.col("rules").list.join(", "))
        .drop("_problem")
    )
    ordered = problems[_order(problems, findings)]
    told = {
        "team": _of_child(teams, UNKNOWN_TEAM),
        "worker": _of_child(workers, ""),
        "hint": pl.col("rule")
        .cast(pl.String)
        .replace_strict(hints, default="", return_dtype=pl.String),
        "where": _where(files or {}),
        "status": pl.when("_open").then(pl.lit("open")).otherwise(pl.lit("waived")),
    }
    kinds = WORKLIST | {
        "team": one_of([UNKNOWN_TEAM, *teams.values()]),
        "worker": one_of(["", *workers.values()]),
        "severity": ordered.schema["severity"],
        "hint": one_of(["", *hints.values()]),
        "status": one_of(["open", "waived"]),
        "waiver": ordered.schema["waiver"],
    }
    said = [told.get(name, pl.col(name)).cast(kind).alias(name) for name, kind in kinds.items()]
    first = findings.select(
        "rule", "table", "row", "column", "child", "file_id", "at", "value", what="message"
    )
    # In pieces, as what the words are made from would take as much memory again as the list.
    pieces = ordered.iter_slices(PIECE)
    return pl.concat([piece.hstack(first[piece["_line"]]).select(said) for piece in pieces])


def _of_child(known: Mapping[str, str], default: str) -> pl.Expr:
    if not known:
        return pl.lit(default)
    return plain_ids("child").replace_strict(known, default=default, return_dtype=pl.String)


def _problem(findings: pl.DataFrame) -> pl.Expr:
    """A number for each table, row and column; a finding about the whole return is a problem of its own.

    Grouping by one number takes a fraction of what grouping by texts takes.
    """
    tables, columns, rules = (_ranked(findings, name) for name in ("table", "column", "rule"))

    def number(name: str, ranked: pl.Enum) -> pl.Expr:
        return pl.col(name).cast(ranked).to_physical().cast(pl.Int64).fill_null(-1) + 1

    own = pl.when(pl.col("table").is_null()).then(number("rule", rules)).otherwise(0)
    of_row = (pl.col("row").fill_null(-1) + 1) * (tables.categories.len() + 1)
    of_table = (of_row + number("table", tables)) * (columns.categories.len() + 1)
    return (of_table + number("column", columns)) * (rules.categories.len() + 1) + own


def _ranked(findings: pl.DataFrame, column: str) -> pl.Enum:
    """The texts of a column in their order, so that they group and sort as numbers."""
    return pl.Enum(findings[column].unique().drop_nulls().cast(pl.String).sort())


def _order(problems: pl.DataFrame, findings: pl.DataFrame) -> pl.Series:
    """Places of the problems, worst first; what is equal in all of it stays in the order of the findings.

    All that decides is put into one number, which sorts in a fifth of the time of four columns.
    """
    severities, children = _ranked(findings, "severity"), _ranked(findings, "child")
    child = findings["child"].cast(children).gather(problems["_line"])
    cleared, days = pl.col("findings"), pl.col("first_seen").to_physical().cast(pl.Int64)
    number = _last_when_null("severity", severities)
    for value, values in (
        (cleared.max() - cleared, cleared.max() + 1),
        (days - days.min(), days.max() - days.min() + 1),
        (_last_when_null("child", children), children.categories.len() + 1),
    ):
        number = number * values + value
    keys = problems.with_columns(child=child).select(number.alias("number"), "_line")
    ordered = keys.with_row_index("place").sort("_line").sort("number", maintain_order=True)
    return ordered["place"]


def _last_when_null(column: str, ranked: pl.Enum) -> pl.Expr:
    """The place of each text among all, that of no text being the last."""
    return pl.col(column).to_physical().cast(pl.Int64).fill_null(ranked.categories.len())


def by_team(lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The worklist of each team, unknown last."""
    parts = {str(key[0]): part for key, part in lines.partition_by("team", as_dict=True).items()}
    return dict(sorted(parts.items(), key=lambda item: (item[0] == UNKNOWN_TEAM, item[0])))


def burden(
    findings: pl.DataFrame, report: Report, minutes: Mapping[str, float], assumed: float = 5.0
) -> pl.DataFrame:
    """What each rule costs: burden_of, with the rules of a check just made."""
    return burden_of(findings, rules_table(report), minutes, assumed)


def burden_of(
    findings: pl.DataFrame, rules: pl.DataFrame, minutes: Mapping[str, float], assumed: float = 5.0
) -> pl.DataFrame:
    """What each rule costs: findings times minutes to clear one.

    rules: the stored table of rules run. minutes: code -> minutes typed in by those who mend; for others
    `assumed` is taken and said so. Rules that ran and never fired are listed with 0. Columns: rule, short,
    findings, minutes_each, assumed, hours; costliest first.
    """
    open_ones = findings.filter(pl.col("waived_by").is_null())
    counted = open_ones.group_by("rule").agg(
        pl.struct("table", "row").n_unique().cast(pl.Int64).alias("findings")
    )
    each = {str(code): float(n) for code, n in minutes.items()}
    return (
        rules.filter(pl.col("state") == "ran")
        .select("rule", "short")
        .join(counted, on="rule", how="left")
        .with_columns(
            pl.col("findings").fill_null(0),
            minutes_each=pl.col("rule").replace_strict(
                each, default=assumed, return_dtype=pl.Float64
            ),
            assumed=~pl.col("rule").is_in(list(each)),
        )
        .with_columns(hours=pl.col("findings") * pl.col("minutes_each") / 60)
        .sort(["hours", "rule"], descending=[True, False])
    )


def _first_seen(seen: Mapping[str, date], day: date) -> pl.Expr:
    if not seen:
        return pl.lit(day)
    return pl.col("finding_id").replace_strict(seen, default=day, return_dtype=pl.Date)


def _waiver(findings: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """The first waiver of a problem, and whether a finding of it is still open."""
    if findings["waived_by"].null_count() == findings.height:
        return pl.lit(None).alias("waiver"), pl.lit(True).alias("_open")
    return (
        pl.col("waived_by").drop_nulls().first().alias("waiver"),
        pl.col("waived_by").is_null().any().alias("_open"),
    )


def _where(files: Mapping[str, str]) -> pl.Expr:
    """Table, row as people count it, field, then file and place in the file when they are known."""
    row = pl.concat_str([pl.col("table"), pl.lit(" row "), (pl.col("row") + 1).cast(pl.String)])
    if not files:
        parts = [row, pl.col("column"), pl.col("file_id"), pl.col("at")]
    else:
        file = pl.col("file_id").cast(pl.String)
        named = file.replace_strict(files, default=None, return_dtype=pl.String)
        at = pl.when(named.str.ends_with(" ")).then(named + pl.col("at")).otherwise(named)
        parts = [row, pl.col("column"), at]
    return pl.concat_str(parts, separator=", ", ignore_nulls=True)
