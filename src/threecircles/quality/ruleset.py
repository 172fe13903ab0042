"""Rule sets as things to list, read and compare: without it nobody could say what a new year changed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import get_args

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import read_csv
from threecircles.quality.layout import layout
from threecircles.quality.references import WORDS
from threecircles.quality.rule import Case, Dimension, Rule
from threecircles.quality.rulebook import (
    RETURNS,
    all_versions,
    in_order,
    return_id,
    rules_in_force,
    year_label,
    year_number,
)

_TOLD = ("title", "severity", "dimension", "unit", "needs", "broken_when", "query", "compatible",
         "reports", "message", "short", "hint", "references")  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A rule whose newer version says something else. fields: name -> (before, after)."""

    code: str
    before: Rule
    after: Rule
    fields: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class RuleDiff:
    """What changed between the rule sets of two years."""

    return_name: str
    year: int
    other_year: int
    added: tuple[Rule, ...]
    withdrawn: tuple[Rule, ...]
    changed: tuple[Change, ...]

    def sentence(self) -> str:
        """The counts in words."""
        return (
            f"From {year_label(self.year)} to {year_label(self.other_year)}: {len(self.added)} added, "
            f"{len(self.changed)} changed, {len(self.withdrawn)} withdrawn."
        )


def list_rules(return_name: str, year: object, dimension: str = "") -> tuple[Rule, ...]:
    """The rules of a year, or those of one dimension of quality. Raises UsageError for a dimension that is none."""
    if dimension and dimension not in get_args(Dimension):
        raise UsageError(
            f"There is no dimension {dimension}.",
            allowed=", ".join(get_args(Dimension)),
            mend=did_you_mean(dimension, get_args(Dimension)),
        )
    rules = rules_in_force(return_id(return_name), year_number(year))
    return tuple(rule for rule in rules if dimension in ("", rule.dimension))


def find_rule(code: str, return_name: str = "", year: object = None) -> Rule:
    """The rule of that code with its examples: of the year, or its newest version.

    Raises UsageError when no return has it.
    """
    names = (return_id(return_name),) if return_name else tuple(RETURNS)
    held = [
        rule
        for name in names
        for rule in all_versions(name)
        if not year or rule.version <= year_number(year)
    ]
    found = [rule for rule in held if rule.code.casefold() == code.casefold()]
    if not found:
        raise UsageError(
            f"There is no rule {code}.", mend=did_you_mean(code, [r.code for r in held])
        )
    return max(found, key=lambda r: r.version)


def diff_rules(return_name: str, year: object, other_year: object) -> RuleDiff:
    """What changed between two years' rule sets. A version that says the same counts as changed too."""
    name, one, two = return_id(return_name), year_number(year), year_number(other_year)
    before = {rule.code: rule for rule in rules_in_force(name, one)}
    after = {rule.code: rule for rule in rules_in_force(name, two)}
    both = [
        code for code in after if code in before and after[code].version != before[code].version
    ]
    return RuleDiff(
        name, one, two,
        in_order(after[c] for c in after.keys() - before.keys()),
        in_order(before[c] for c in before.keys() - after.keys()),
        tuple(Change(c, before[c], after[c], _told_apart(before[c], after[c])) for c in both),
    )  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """How much of the published statements is built."""

    return_name: str
    built: int
    statements: int
    cases: int
    lacking: tuple[str, ...]

    @property
    def percent(self) -> float:
        """Share of the statements that have a rule, in per cent."""
        return 100.0 * self.built / self.statements if self.statements else 100.0


def coverage(return_name: str) -> Coverage:
    """Statements of a return against the rules held, with the number of examples."""
    name = return_id(return_name)
    versions = {(rule.code, rule.version): rule for rule in all_versions(name)}
    wanted = [
        (row["code"], int(row["first_year"]))
        for row in read_csv("rules/statements")
        if row["return"] == name
    ]
    lacking = tuple(
        f"{code} ({year_label(first)})" for code, first in wanted if (code, first) not in versions
    )
    examples = sum(len(rule.cases) for rule in versions.values())
    return Coverage(name, len(wanted) - len(lacking), len(wanted), examples, lacking)


def rule_page(rule: Rule) -> str:
    """A rule's manual page in Markdown, made from its own fields and examples."""
    lines = [
        f"# {rule.code}: {rule.title}",
        "",
        f"{rule.severity.capitalize()} in {layout(rule.return_).label.split(',')[0].removeprefix('Tables and columns of the ')}, "
        f"from {year_label(rule.version)}. Dimension: {rule.dimension}.",
        "",
        f"**Message.** {rule.message}",
        "",
        f"**What to do.** {rule.hint}",
        "",
        "**Looks at.** " + _looks_at(rule),
        "",
        f"**Source.** {rule.reference}.",
    ]
    if rule.references:
        lines += [
            "",
            "**Needs besides.** " + "; ".join(WORDS.get(r, r) for r in rule.references) + ".",
        ]
    if rule.note:
        lines += ["", f"**Note.** {rule.note}"]
    lines += ["", "**Condition.**", "", "```sql", (rule.broken_when or rule.query).strip(), "```"]
    if rule.compatible:
        lines += [
            "",
            "As the public tool evaluates it:",
            "",
            "```sql",
            rule.compatible.strip(),
            "```",
        ]
    for case in rule.cases:
        lines += _example(case)
    return "\n".join(lines) + "\n"


def _looks_at(rule: Rule) -> str:
    form = layout(rule.return_)
    parts = []
    for table, columns in rule.needs.items():
        told = form.table(table)
        named = ", ".join(f"{told.columns[c].label} ({c})" for c in columns)
        parts.append(f"{table}: {named}" if named else table)
    return "; ".join(parts) + "."


def _example(case: Case) -> list[str]:
    mode = f" ({case.mode} mode)" if case.mode else ""
    lines = ["", f"## It {case.it}{mode}"]
    for table, text in case.given.items():
        rows = [line.strip() for line in text.splitlines() if line.strip()]
        cells = [[c.strip() for c in row.split("|")] for row in rows]
        lines += ["", f"{table}:", "", "| row | " + " | ".join(cells[0]) + " |"]
        lines.append("|" + " --- |" * (len(cells[0]) + 1))
        lines += [f"| {n} | " + " | ".join(row) + " |" for n, row in enumerate(cells[1:])]
    found = ", ".join(f"{table} row {row}" for table, row in case.places) or "nothing"
    return [*lines, "", f"Found: {found}."]


def _told_apart(before: Rule, after: Rule) -> dict[str, tuple[str, str]]:
    known = {f.name for f in fields(Rule)}
    return {
        name: (str(getattr(before, name)), str(getattr(after, name)))
        for name in _TOLD
        if name in known and getattr(before, name) != getattr(after, name)
    }
