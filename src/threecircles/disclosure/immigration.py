"""Facts about immigration stay in the record: families who fear otherwise stay away from help."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from threecircles.core.tables import Measured
from threecircles.definitions import Definition, load
from threecircles.disclosure import audit


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a table of the record that state such a fact."""

    table: str
    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a source that holds such a fact (patterns with *)."""

    source: str
    table: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Immigration(Definition):
    """What belongs to the class `immigration`. attribute: what a grant must name to see it."""

    attribute: str
    rows: tuple[Rows, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class InTables(Definition):
    """How figures of the class are known: by words, and by dimensions smaller than an authority.

    rule_fields: fields by which a rule of data quality is known to speak of it.
    """

    words: tuple[str, ...]
    below_authority: tuple[str, ...]
    rule_fields: tuple[str, ...]


def immigration() -> Immigration:
    """The class as defined."""
    return load("purposes/immigration", Immigration)


def is_immigration_field(source: str, table: str, column: str) -> bool:
    """True when a field of a source holds such a fact."""
    return any(
        f.source == source and fnmatchcase(table, f.table) and fnmatchcase(column, f.column)
        for f in immigration().fields
    )


def below_authority(tables: Iterable[Measured]) -> dict[str, str]:
    """Tables that would roll such facts into anything smaller than an authority: id -> why not.

    A table tells of them when its id, title, a measure or a value of a dimension does. Figures that
    others have published are theirs to answer for.
    """
    rule = load("purposes/immigration_in_tables", InTables)
    codes = {v.casefold() for rows in immigration().rows for v in rows.values}
    found = {}
    for table in tables:
        small = [
            d.column for d in table.spec.dimensions
            if d.vintage or d.column in rule.below_authority
        ]  # fmt: skip
        if small and table.spec.kind != "published" and _tells(table, rule.words, codes):
            found[table.spec.id] = (
                f"tells of immigration by {', '.join(small)}; never below an authority"
            )
    return found


def _tells(table: Measured, words: Iterable[str], codes: set[str]) -> bool:
    columns = ["measure", *(d.column for d in table.spec.dimensions)]
    values = {
        str(v).casefold()
        for c in columns
        if c in table.frame.columns
        for v in table.frame[c].unique()
    }
    labels = {v.casefold() for d in table.spec.dimensions for v in d.labels.values()}
    said = " ".join([table.spec.id, table.spec.title, *values, *labels]).casefold()
    plain = re.sub(r"[^a-z0-9]+", " ", said)
    return bool(values & codes) or any(re.search(rf"\b{w}\b", plain) for w in words)


@dataclass(frozen=True)
class Counts:
    """How often such facts were asked for, and how often refused: for the public page."""

    asked: int
    refused: int


def counts(workspace: Path) -> Counts:
    """Requests and refusals in the audit log."""
    lines = [x for x in audit.lines(workspace) if x["resource"].startswith("table:immigration:")]
    return Counts(len(lines), sum(x["decision"] == "deny" for x in lines))
