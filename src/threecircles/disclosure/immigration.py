"""Facts about immigration stay in the record: families who fear otherwise stay away from help."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

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


def immigration() -> Immigration:
    """The class as defined."""
    return load("purposes/immigration", Immigration)


def is_immigration_field(source: str, table: str, column: str) -> bool:
    """True when a field of a source holds such a fact."""
    return any(
        f.source == source and fnmatchcase(table, f.table) and fnmatchcase(column, f.column)
        for f in immigration().fields
    )


@dataclass(frozen=True)
class Counts:
    """How often such facts were asked for, and how often refused: for the public page."""

    asked: int
    refused: int


def counts(workspace: Path) -> Counts:
    """Requests and refusals in the audit log."""
    lines = [x for x in audit.lines(workspace) if x["resource"].startswith("table:immigration:")]
    return Counts(len(lines), sum(x["decision"] == "deny" for x in lines))
