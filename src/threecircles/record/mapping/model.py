"""What a mapping says: how rows of a source become rows of the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from threecircles.definitions import Definition

Absence = Literal["unknown", "withdrawn", "ended"]
Shape = Literal["snapshot", "window", "longitudinal"]


@dataclass(frozen=True, kw_only=True)
class ExtractRule:
    """What one delivery of the source claims.

    as_of: Table.Column that holds the day it describes, where the files say it. shape: snapshot (only
    that day), window (everything open in the year) or longitudinal. absence: what it means that a row
    is no longer there. expected_lag_days: days after the period's end by which it is due.
    """

    shape: Shape
    absence: Absence = "unknown"
    expected_lag_days: int = 0
    as_of: str = ""


@dataclass(frozen=True, kw_only=True)
class Child:
    """Where the source's own key of a person stands.

    key: the column, in every table. within: columns that come before it where a key is one only inside
    them (a person's number inside a case). scheme: scheme of identifiers it
    belongs to. records_of: source whose records carry that key, where it is another one. tokens: the
    column inside which a key that identity knows nobody by is a person of its own, flagged token_only.
    """

    table: str
    key: str
    within: tuple[str, ...] = ()
    scheme: str = ""
    records_of: str = ""
    tokens: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the key, in order."""
        return (*self.within, self.key)


@dataclass(frozen=True, kw_only=True)
class Join:
    """Tables read as one; each row of the left is one source row.

    by: the columns they are joined by; each further table by those that it shares with the ones before.
    """

    join: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Parent:
    """What a row lies in: the process of an episode, or `provision`, and the columns both share."""

    make: str
    by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LostDay:
    """When a reason for ending (`reason_out`) without a day says that a row has ended.

    at_most: the greatest share of an extract's rows without an end that may carry a reason. Above it the
    system fills the reason in beforehand, and it tells nothing. but_not: reasons after which the state goes on.
    """

    at_most: float
    but_not: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How one kind of row is made. Expressions and conditions are text here; `load` checks them.

    once: only the first row of a key makes one (a provider named in every line is one body).
    lost_day: how an episode with a reason for ending and no day is read; without it, it goes on.
    """

    make: str
    from_: str | Join
    key: tuple[str, ...]
    where: str = ""
    is_: dict[str, str] = field(default_factory=dict)
    set: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    parent: Parent | None = None
    once: bool = False
    lost_day: LostDay | None = None
    if_missing: dict[str, Literal["refuse", "flag", "keep"]] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table whose rows are the source rows."""
        return self.from_ if isinstance(self.from_, str) else self.from_.join[0]

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table it reads."""
        return (self.from_,) if isinstance(self.from_, str) else self.from_.join

    @property
    def by(self) -> tuple[str, ...]:
        """The columns tables are joined by."""
        return () if isinstance(self.from_, str) else self.from_.by


@dataclass(frozen=True, kw_only=True)
class Mapping(Definition):
    """How a source becomes rows of the record (definitions/mappings/<source>/<first year>.yaml).

    source: the source's id. years: first and, where it ended, last collection year it holds for.
    not_carried: column (or Table.Column) -> why no rule carries it.
    """

    version: int
    years: tuple[int, ...]
    extract: ExtractRule
    child: Child | None = None
    rows: tuple[Rule, ...] = ()
    not_carried: dict[str, str] = field(default_factory=dict)

    def holds(self, year: int) -> bool:
        """True when it is the mapping for that collection year."""
        return self.years[0] <= year and (len(self.years) == 1 or year <= self.years[1])
