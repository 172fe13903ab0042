"""What one event or one week costs, with its source: without it a pathway would be priced by hearsay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Literal

from threecircles.core.errors import UsageError
from threecircles.core.rounding import round_half_away
from threecircles.definitions import Definition, load, load_text, read_csv

Unit = Literal["event", "hour", "day", "week"]
SUBJECTS = ("placement_type", "age_band", "need_group", "provider")


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """One price. component: a process, the placement, or a service. subject: what it is the price for."""

    id: str
    component: str
    unit: Unit
    pence: int
    subject: dict[str, str] = field(default_factory=dict)
    low: int | None = None
    high: int | None = None
    n: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        strange = sorted(set(self.subject) - set(SUBJECTS))
        if strange:
            raise ValueError(f"{self.id} has unknown subject keys: {', '.join(strange)}.")


@dataclass(frozen=True, kw_only=True)
class CostTable(Definition):
    """A cost table. includes: the processes and lines its prices already hold, so that none is added twice."""

    publisher: str
    price_year: int
    geography: str
    method: Literal["top_down", "bottom_up"]
    includes: list[str]
    rows: list[CostRow]

    def __post_init__(self) -> None:
        ids = [r.id for r in self.rows]
        if len(set(ids)) < len(ids):
            raise ValueError("Two rows have the same id.")
        for a, b in combinations(self.rows, 2):
            if a.component == b.component and _tied(a.subject, b.subject):
                raise ValueError(
                    f"{a.id} and {b.id} are equally near to the same child: which price holds cannot be told."
                )

    def price(self, component: str, subject: Mapping[str, str | None]) -> CostRow | None:
        """The most specific row that fits; None when the table has no price (uncosted, never nought)."""
        fits = [
            r
            for r in self.rows
            if r.component == component and all(subject.get(k) == v for k, v in r.subject.items())
        ]
        return max(fits, key=lambda r: len(r.subject), default=None)


def _tied(a: Mapping[str, str], b: Mapping[str, str]) -> bool:
    return len(a) == len(b) and all(a[k] == b[k] for k in a.keys() & b.keys())


def load_cost_table(name: str) -> CostTable:
    """A shipped table by id, or a file by path. Raises an error naming file and line."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.exists():
            raise UsageError("There is no such cost table.", where=name)
        return load_text(path.read_text(encoding="utf-8-sig"), CostTable, where=path.name)
    return load(f"cost_tables/{name}", CostTable)


def check_overlap(tables: Sequence[CostTable]) -> None:
    """Raise UsageError when two tables hold the same process or line: it would be paid for twice."""
    for a, b in combinations(tables, 2):
        both = sorted(set(a.includes) & set(b.includes))
        if both:
            raise UsageError(
                f"{a.id} and {b.id} both hold {', '.join(both)}, which would be counted twice.",
                mend="Cost with one of them, or with tables that share nothing.",
            )


def processes() -> tuple[dict[str, str], ...]:
    """The processes of care and of need: id, label, of, source."""
    return read_csv("cost_rules/processes")


@dataclass(frozen=True)
class Staff:
    """What one role gives to a process. pay in pence a year; rates as parts of pay; hours a year worked."""

    role: str
    hours: float
    pay: int
    on_cost_rate: float
    overhead_rate: float
    productive_hours_per_year: float


def bottom_up(staff: Sequence[Staff], fee: int = 0) -> int:
    """Pence of one process: hours of each role x its hourly rate (pay, on-costs, overheads), and a fee.

    Raises UsageError for a role without productive hours.
    Source: the bottom-up method of the Cost Calculator for Children's Services.
    """
    total = Decimal(fee)
    for one in staff:
        if one.productive_hours_per_year <= 0:
            raise UsageError("The productive hours must be above nought.", found=one.role)
        rate = Decimal(one.pay) * (
            1 + Decimal(str(one.on_cost_rate)) + Decimal(str(one.overhead_rate))
        )
        total += Decimal(str(one.hours)) * rate / Decimal(str(one.productive_hours_per_year))
    return int(round_half_away(float(total)))
