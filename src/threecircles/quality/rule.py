"""One rule as data: without this form rules would be code that analysts cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from threecircles.core.errors import DefinitionError

Severity = Literal["error", "query"]
Mode = Literal["stated", "compatible"]
Dimension = Literal[
    "completeness", "uniqueness", "consistency", "timeliness", "validity", "accuracy"
]
Unit = Literal["row", "cross-table", "group", "return", "cross-return"]

PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_. ]+)\}")
_WORDS = re.compile(r"\w+")
_KINDS = ("date", "int", "number", "list")
_FORBIDDEN = re.compile(r"\bstr[pf]time\b|(?<!try_)\bcast\s*\(|::", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A place a rule points at. role tells two rows of one table apart (later, earlier)."""

    table: str
    columns: tuple[str, ...]
    role: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A tiny return and the places a rule must find in it.

    given: table -> rows between pipes. places: [table, row] pairs; [] for none; a return-level
    rule that fires has the one place ["return", 0]. year, mode: when other than the usual ones.
    """

    it: str
    given: dict[str, str]
    places: tuple[Any, ...]
    year: int | None = None
    mode: Mode | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    reference: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One version of one rule; the fields are described in docs and in quality.md 2.1.

    needs: table -> columns that the SQL reads. optional: tables, or Table.column, of `needs`
    whose absence counts as empty. any_of: groups of tables or Table.column of which one at least
    must be there; an alternative `no X` holds when X is not there. as_sent: Table.column that must be in the files, not derived here. references,
    views: what else it needs. compared: for a cross-return check, SQL that gives the columns
    compared and not_comparable. version: first collection year, from the folder.
    """

    code: str
    return_: str
    title: str
    severity: Severity
    dimension: Dimension
    unit: Unit
    needs: dict[str, tuple[str, ...]]
    reports: tuple[Reported, ...]
    message: str
    short: str
    hint: str
    reference: str
    broken_when: str = ""
    query: str = ""
    compatible: str = ""
    optional: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    as_sent: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    compared: str = ""
    note: str = ""
    cases: tuple[Case, ...] = ()
    version: int = 0

    @property
    def is_row_rule(self) -> bool:
        """True when the rule is a predicate over one table."""
        return bool(self.broken_when)

    def needs_in(self, mode: str) -> dict[str, tuple[str, ...]]:
        """Table -> columns that the SQL of one mode reads.

        Where the two modes differ, a column that only the other one reads is no reason to skip.
        """
        if not self.compatible:
            return self.needs
        words = set(_WORDS.findall(self.sql(mode)))
        return {
            table: tuple(c for c in columns if words & {c, *(f"{c}__{k}" for k in _KINDS)})
            for table, columns in self.needs.items()
        }

    def sql(self, mode: str) -> str:
        """The predicate or query of a mode."""
        return (self.compatible if mode == "compatible" else "") or self.broken_when or self.query


def check_rule(rule: Rule, where: str) -> Rule:
    """The rule itself when it is sound in form.

    Raises DefinitionError that says which field to mend.
    """
    for problem in _problems(rule):
        raise DefinitionError(problem, where=where)
    return rule


def _problems(rule: Rule) -> list[str]:
    found = []
    if bool(rule.broken_when) == bool(rule.query):
        found.append("A rule has either broken_when or query.")
    if rule.is_row_rule and len(rule.reports) != 1:
        found.append("A row rule reports the one table it reads.")
    for sql in (rule.broken_when, rule.query, rule.compatible, rule.compared):
        if match := _FORBIDDEN.search(sql):
            found.append(
                f"Rules read typed columns and use try_cast only; found {match.group(0).strip()}."
            )
    for reported in rule.reports:
        if reported.table not in rule.needs:
            found.append(f"{reported.table} is reported but not among the needs.")
    for text, name in ((rule.message, "message"), (rule.short, "short"), (rule.hint, "hint")):
        if not text.rstrip().endswith((".", "?")):
            found.append(f"The {name} is a sentence and ends with a full stop.")
    if len(rule.message.split()) > 40:
        found.append("The message is longer than 40 words.")
    return found
