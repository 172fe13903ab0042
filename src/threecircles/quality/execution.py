"""Runs rules and hides no failure: without it one faulty rule would pass for a clean return."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import duckdb
import polars as pl

from threecircles.quality.database import outgoing
from threecircles.quality.layout import quoted, row_column
from threecircles.quality.rule import Rule

T = TypeVar("T")

SECONDS_ALLOWED = 120.0
"""A rule that runs longer is stopped and named as failed."""


@dataclass(frozen=True)
class Outcome:
    """What became of one rule.

    state: ran, skipped or failed; reason for the last two. broken: one row per breaking
    combination, with `grp` and one row column per report (a row rule's without `grp`: each row stands
    for itself); None unless it ran. seconds: time taken
    (a row rule's is its share of the common scan). compared, not_comparable: cross-return checks.
    """

    rule: Rule
    state: str
    reason: str = ""
    broken: pl.DataFrame | None = None
    seconds: float = 0.0
    compared: int | None = None
    not_comparable: int | None = None


@dataclass
class _Scan:
    mode: str
    found: dict[str, Outcome] = field(default_factory=dict)


def run_row_rules(
    connection: duckdb.DuckDBPyConnection, table: str, rules: Sequence[Rule], mode: str
) -> dict[str, Outcome]:
    """Outcomes of all row rules of one table by code, in one scan.

    When the scan raises, the batch is halved until the faulty rules stand alone; the rest run.
    """
    scan = _Scan(mode)
    _scan_batch(connection, table, list(rules), scan)
    return scan.found


def run_query_rule(connection: duckdb.DuckDBPyConnection, rule: Rule, mode: str) -> Outcome:
    """Outcome of one query rule."""
    started = time.perf_counter()
    try:
        broken = _within_time(connection, lambda: outgoing(connection, rule.sql(mode)))
        broken = _checked(rule, broken)
        compared = _within_time(connection, lambda: _compared(connection, rule))
    except (duckdb.Error, RuleOutputError) as error:
        return Outcome(rule, "failed", _first_line(error), seconds=time.perf_counter() - started)
    return Outcome(
        rule, "ran", broken=broken, seconds=time.perf_counter() - started,
        compared=compared[0], not_comparable=compared[1],
    )  # fmt: skip


class RuleOutputError(Exception):
    """A query rule gave other columns than its reports ask for."""


def _scan_batch(
    connection: duckdb.DuckDBPyConnection, table: str, rules: list[Rule], scan: _Scan
) -> None:
    if not rules:
        return
    started = time.perf_counter()
    try:
        found = _within_time(
            connection, lambda: outgoing(connection, _scan_sql(table, rules, scan.mode))
        )
    except duckdb.Error as error:
        if len(rules) == 1:
            scan.found[rules[0].code] = Outcome(rules[0], "failed", _first_line(error))
            return
        middle = len(rules) // 2
        _scan_batch(connection, table, rules[:middle], scan)
        _scan_batch(connection, table, rules[middle:], scan)
        return
    share = (time.perf_counter() - started) / len(rules)
    ordered = found.sort("_row").with_columns(pl.col("_row").cast(pl.Int64))
    for position, rule in enumerate(rules):
        rows = ordered["_row"].filter(ordered[f"broken_{position}"])
        named = rows.alias(row_column(table, rule.reports[0].role))
        scan.found[rule.code] = Outcome(rule, "ran", broken=named.to_frame(), seconds=share)


def _scan_sql(table: str, rules: Sequence[Rule], mode: str) -> str:
    tests = ",\n".join(
        f"case when (\n{rule.sql(mode)}\n) then true else false end as broken_{position}"
        for position, rule in enumerate(rules)
    )
    return f"select _row, {tests} from {quoted(table)}"


def _checked(rule: Rule, broken: pl.DataFrame) -> pl.DataFrame:
    """The query's frame with `grp` as text, or RuleOutputError."""
    if rule.unit == "return":
        return broken
    wanted = [row_column(r.table, r.role) for r in rule.reports]
    lacking = [c for c in ("grp", *wanted) if c not in broken.columns]
    if lacking:
        raise RuleOutputError(f"the query does not give the column {lacking[0]}")
    for column in wanted:
        if not broken[column].dtype.is_integer() and broken[column].dtype != pl.Null:
            raise RuleOutputError(f"the column {column} does not hold row numbers")
    # By its values last: where a row breaks a rule in several ways, each run tells the same one first.
    values = [
        c for c, kind in broken.schema.items() if c not in (*wanted, "grp") and not kind.is_nested()
    ]
    return broken.with_columns(
        pl.col("grp").cast(pl.String), *(pl.col(c).cast(pl.Int64) for c in wanted)
    ).sort([*wanted, "grp", *values], nulls_last=True)


def _compared(connection: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int | None, int | None]:
    if not rule.compared:
        return (None, None)
    row = connection.execute(rule.compared).fetchone()
    return (int(row[0] or 0), int(row[1] or 0)) if row else (0, 0)


def _within_time(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    timer = threading.Timer(SECONDS_ALLOWED, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return work()
    finally:
        timer.cancel()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
