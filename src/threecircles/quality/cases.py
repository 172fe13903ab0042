"""Runs a rule's own examples: without them a rule's words and its SQL could drift apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from threecircles.core.errors import DefinitionError
from threecircles.quality.checking import check_tables
from threecircles.quality.layout import layout
from threecircles.quality.report import Report
from threecircles.quality.rule import Case, Rule
from threecircles.quality.rulebook import LAST_YEAR, rules_in_force

RETURN = "return"
"""How a case writes the place of a finding about the whole return: [return, 0]."""

USUAL_YEAR = 2026

Place = tuple[str, int]


@dataclass(frozen=True)
class CaseResult:
    """What a case wanted and what the rule found, as sorted (table, row) pairs."""

    rule: Rule
    case: Case
    mode: str
    status: str
    wanted: tuple[Place, ...]
    found: tuple[Place, ...]

    @property
    def holds(self) -> bool:
        """True when the rule ran and found exactly the places."""
        return self.status == "ran" and self.wanted == self.found


def run_case(
    rule: Rule, case: Case, connection: duckdb.DuckDBPyConnection | None = None
) -> tuple[CaseResult, ...]:
    """Results of one case: in its own mode, or in both modes when it names none.

    A case without a mode stands for an example on which the two modes agree. A rule with one SQL
    text that reads no true-or-false column is the same in both, so one run tells.
    """
    differing = bool(rule.compatible) or _reads_booleans(rule)
    modes = (case.mode,) if case.mode else ("stated", "compatible")[: 1 + differing]
    year = case.year or usual_year(rule)
    tables = {name: table_rows(text) for name, text in case.given.items()}
    metadata = {"reference_date": f"{year}-03-31", **case.metadata}
    reference = {name: table_rows(text) for name, text in case.reference.items()}
    results = []
    for mode in modes:
        report = check_tables(
            rule.return_,
            year,
            tables,
            metadata,
            reference,
            mode,
            [rule.code],
            connection=connection,
        )
        results.append(_result(rule, case, mode, report))
    return tuple(results)


def _reads_booleans(rule: Rule) -> bool:
    form = layout(rule.return_)
    return any(
        form.table(t).columns[c].type == "bool"
        for t, columns in rule.needs.items()
        for c in columns
    )


def usual_year(rule: Rule) -> int:
    """2026 where this version of the rule is in force then, else the nearest year in which it is."""
    years = [y for y in range(max(rule.version, 2023), LAST_YEAR + 1) if _in_force(rule, y)]
    if not years:
        raise DefinitionError(f"Rule {rule.code} of {rule.version} is in force in no year.")
    return min(years, key=lambda y: (abs(y - USUAL_YEAR), y))


def table_rows(text: str) -> list[dict[str, Any]]:
    """Rows of a table written with bars between cells; the first line holds the columns.

    An empty cell is blank.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    heads = [cell.strip() for cell in lines[0].split("|")]
    rows = []
    for line in lines[1:]:
        cells = [cell.strip() or None for cell in line.split("|")]
        if len(cells) != len(heads):
            raise DefinitionError(
                "A row of a case has another number of cells than its heading.", found=line.strip()
            )
        rows.append(dict(zip(heads, cells, strict=True)))
    return rows or {head: [] for head in heads}  # type: ignore[return-value]


def _in_force(rule: Rule, year: int) -> bool:
    return any(
        r.code == rule.code and r.version == rule.version
        for r in rules_in_force(rule.return_, year)
    )


def _result(rule: Rule, case: Case, mode: str, report: Report) -> CaseResult:
    wanted = tuple(sorted((str(place[0]), int(place[1])) for place in case.places))
    found = tuple(sorted((table or RETURN, row or 0) for _, table, row in report.places()))
    return CaseResult(rule, case, mode, str(report.status[rule.code]), wanted, found)
