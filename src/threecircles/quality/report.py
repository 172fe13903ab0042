"""What a check gives back: without it "nothing found" and "not looked at" would read the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from threecircles.quality.execution import Outcome
from threecircles.quality.layout import layout, row_column
from threecircles.quality.lean import plain
from threecircles.quality.rule import Rule
from threecircles.quality.window import Window


class Status(str):
    """State of one rule: "ran", "skipped: why" or "failed: why"; equal to that text."""

    __slots__ = ()

    @property
    def state(self) -> str:
        """ran, skipped or failed."""
        return self.partition(":")[0]

    @property
    def reason(self) -> str:
        """Why it was skipped or failed; "" when it ran."""
        return self.partition(": ")[2]


@dataclass(frozen=True)
class Finding(Mapping[str, Any]):
    """One place where one rule is broken, read by name (`f.rule`) or as a record (`f["rule"]`).

    table, row: where, row being the 0-based position in the frame given; both None for a finding
    about the whole return. columns: the columns to look at.
    """

    rule: str
    table: str | None
    row: int | None
    columns: list[str]
    severity: str = "error"
    message: str = ""
    group: str = ""

    def __getitem__(self, key: str) -> Any:
        if key in self.__dataclass_fields__:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dataclass_fields__)

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)

    def __hash__(self) -> int:
        return hash((self.rule, self.table, self.row, tuple(self.columns)))


@dataclass(frozen=True)
class Report:
    """Everything one check found, ran, skipped and failed.

    tables: the canonical frames that were checked, by name. outcomes: by code, in order of code.
    sent: columns handed in, by table. notes: what was noticed about the input itself.
    """

    return_name: str
    year: int
    mode: str
    outcomes: dict[str, Outcome]
    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    sent: Mapping[str, frozenset[str]] = field(repr=False)
    window: Window | None = None
    notes: tuple[str, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the year, whether they ran or not."""
        return tuple(outcome.rule for outcome in self.outcomes.values())

    @cached_property
    def status(self) -> dict[str, Status]:
        """Rule -> ran | skipped: why | failed: why."""
        return {
            code: Status(f"{o.state}: {o.reason}" if o.state != "ran" else "ran")
            for code, o in self.outcomes.items()
        }

    @cached_property
    def findings(self) -> list[Finding]:
        """One record per rule, table and row, in order of rule, group, table, row."""
        rows = self.findings_by_place.select(
            "rule", "table", "row", "columns", "severity", "message", "group"
        )
        return [Finding(*row) for row in rows.iter_rows()]

    @cached_property
    def findings_by_place(self) -> pl.DataFrame:
        """The same as a frame: rule, table, row, columns, severity, message, group."""
        return plain(self.lean_places)

    @cached_property
    def lean_places(self) -> pl.DataFrame:
        """The same with recurring texts as one of a list; what only counts or picks places reads this."""
        from threecircles.quality.places import places_of

        ran = (o for o in self.outcomes.values() if o.state == "ran")
        return places_of(ran, self.tables, self.sent)

    def places(self) -> set[tuple[str, str | None, int | None]]:
        """Distinct (rule, table, row)."""
        columns = self.findings_by_place.select("rule", "table", "row")
        return set(columns.iter_rows())

    def count(self, state: str) -> int:
        """How many rules ran, were skipped, or failed."""
        return sum(outcome.state == state for outcome in self.outcomes.values())

    def headline(self) -> str:
        """One sentence: how many of the year's rules ran, were skipped, failed."""
        return (
            f"{self.count('ran')} of {len(self.outcomes)} rules ran; "
            f"{self.count('skipped')} skipped; {self.count('failed')} failed."
        )

    def child_column(self, table: str) -> str:
        """The column of a table that names the child, or ""."""
        return layout(self.return_name).table(table).child

    def rows_tested(self, rule: Rule) -> int:
        """Rows of the table the rule reports on first."""
        frame = self.tables.get(rule.reports[0].table) if rule.reports else None
        return frame.height if frame is not None else 0


__all__ = ["Finding", "Report", "Status", "row_column"]
