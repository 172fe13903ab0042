"""Runs the rules of one check side by side: without it one core would wait while the other works."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

import duckdb

from threecircles.quality.execution import Outcome, run_query_rule, run_row_rules
from threecircles.quality.rule import Rule
from threecircles.quality.side_by_side import SIDE_BY_SIDE

Progress = Callable[[str, int, int], None]
Work = Callable[[duckdb.DuckDBPyConnection], dict[str, Outcome]]

MOST_IN_A_SCAN = 24
"""Row rules evaluated in one pass over a table; more are shared out, so that no pass is waited for alone."""


def run_rules(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    mode: str,
    progress: Progress | None,
    *,
    alone: bool,
) -> dict[str, Outcome]:
    """Outcomes of all rules by code.

    alone: run one after the other on this very connection, which is needed where its tables are not committed.
    progress: called with "rules", done, of; always from the caller's thread.
    """
    found: dict[str, Outcome] = {}
    for done in _one_by_one(connection, rules, mode) if alone else _both(connection, rules, mode):
        found |= done
        if progress:
            progress("rules", len(found), len(rules))
    return found


def _one_by_one(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], mode: str
) -> Iterator[dict[str, Outcome]]:
    for work in _pieces(rules, mode):
        yield work(connection)


def _both(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], mode: str
) -> Iterator[dict[str, Outcome]]:
    def on_its_own(work: Work) -> dict[str, Outcome]:
        with connection.cursor() as own:
            return work(own)

    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    try:
        for done in as_completed([pool.submit(on_its_own, work) for work in _pieces(rules, mode)]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pieces(rules: Sequence[Rule], mode: str) -> Iterator[Work]:
    """Passes over tables first, as they take longest; then each query rule."""
    by_table: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.is_row_rule:
            by_table.setdefault(rule.reports[0].table, []).append(rule)
    for table, batch in by_table.items():
        for start in range(0, len(batch), MOST_IN_A_SCAN):
            part = batch[start : start + MOST_IN_A_SCAN]
            yield partial(run_row_rules, table=table, rules=part, mode=mode)
    for rule in rules:
        if not rule.is_row_rule:
            yield partial(_query_rule, rule=rule, mode=mode)


def _query_rule(connection: duckdb.DuckDBPyConnection, rule: Rule, mode: str) -> dict[str, Outcome]:
    return {rule.code: run_query_rule(connection, rule, mode)}
