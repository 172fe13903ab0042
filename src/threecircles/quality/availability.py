"""What there is to check with: without it a rule whose data are absent would seem to pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from threecircles.quality.layout import PREVIOUS
from threecircles.quality.references import WORDS
from threecircles.quality.rule import Rule
from threecircles.quality.shared_sql import with_parents

DERIVED = {"PL_LA", "PL_LOCATION", "PL_DISTANCE", "UASC"}
"""Columns that may be derived when the caller does not give them."""

_NOT = "no "


@dataclass(frozen=True)
class Availability:
    """tables: name -> columns there, derived ones included. sent: name -> columns as handed in.

    references: names of the references there.
    """

    tables: dict[str, frozenset[str]]
    sent: dict[str, frozenset[str]]
    references: frozenset[str]

    def names(self) -> frozenset[str]:
        """Every table, and every column as Table.column, that is there."""
        return frozenset(self.tables) | {
            f"{t}.{c}" for t, columns in self.tables.items() for c in columns
        }

    def has(self, name: str) -> bool:
        """True when a table, or a Table.column, is there; of `no X`, when X is not."""
        if name.startswith(_NOT):
            return not self.has(name.removeprefix(_NOT))
        return name in self.tables or _has_column(self.tables, name)


def why_skipped(rule: Rule, there: Availability, mode: str = "stated") -> str:
    """Why a rule cannot run in a mode, in words; "" when it can."""
    views = with_parents(rule.views, rule.return_)
    parts: list[tuple[Needing, dict[str, tuple[str, ...]]]] = [
        (rule, rule.needs_in(mode)),
        *((view, view.needs) for view in views),
    ]
    for part, needs in parts:
        reason = why_absent(part, needs, there)
        if reason:
            return reason
    for name in rule.as_sent:
        if not _has_column(there.sent, name):
            return f"needs column {_in_words(name)} as sent, which this form of the return does not have"
    return ""


class Needing(Protocol):
    """Anything with needs: a rule, a shared view, a measure."""

    @property
    def optional(self) -> tuple[str, ...]:
        """Tables, or Table.column, whose absence counts as empty."""

    @property
    def any_of(self) -> tuple[tuple[str, ...], ...]:
        """Groups of which one at least must be there."""

    @property
    def references(self) -> tuple[str, ...]:
        """References that must be there."""


def why_absent(part: Needing, needs: dict[str, tuple[str, ...]], there: Availability) -> str:
    """Which of the needs is not there, in words; "" when all are."""
    for table, columns in needs.items():
        if table in part.optional:
            continue
        if table not in there.tables:
            return _why_no_table(table)
        for column in columns:
            if column not in there.tables[table] and f"{table}.{column}" not in part.optional:
                return _why_no_column(table, column)
    for group in part.any_of:
        if not any(there.has(name) for name in group):
            return _why_none_of(group)
    for reference in part.references:
        if reference not in there.references:
            return f"needs {WORDS.get(reference, reference)}"
    return ""


def _why_none_of(group: tuple[str, ...]) -> str:
    group = tuple(name for name in group if not name.startswith(_NOT))
    named = " or ".join(group)
    tables = [next((t for t in _prefixes(name) if t.endswith(PREVIOUS)), "") for name in group]
    if all(tables):
        plain = " or ".join(table.removesuffix(PREVIOUS) for table in tables)
        return f"needs last year's {plain} (table {named})"
    return f"needs one of {named}"


def _prefixes(name: str) -> list[str]:
    """The names that could be a table's: of `cin.CINdetails_last.LAchildID` the first, two and three parts."""
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _why_no_table(table: str) -> str:
    if table.endswith(PREVIOUS):
        return f"needs last year's {table.removesuffix(PREVIOUS)} (table {table})"
    return f"needs table {table}"


def _why_no_column(table: str, column: str) -> str:
    derived = " (given, or derived with its references)" if column in DERIVED else ""
    return f"needs column {column} in {table}{derived}"


def _has_column(tables: dict[str, frozenset[str]], name: str) -> bool:
    table, _, column = name.rpartition(".")
    return column in tables.get(table, ())


def _in_words(name: str) -> str:
    table, _, column = name.rpartition(".")
    return f"{column} in {table}"
