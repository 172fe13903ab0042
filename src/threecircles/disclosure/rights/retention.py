"""How long each source is kept, and why: without it everything would be kept because it is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from threecircles.core.dates import add_months
from threecircles.definitions import Definition, load, load_folder
from threecircles.definitions.place import Place


@dataclass(frozen=True, kw_only=True)
class Schedule(Definition):
    """How long a source is kept. months: after the day it tells of. basis: the law or guidance."""

    source_id: str
    months: int
    basis: str


@dataclass(frozen=True, kw_only=True)
class Backups(Definition):
    """How long backups are kept, after which an erased person is in none of them."""

    months: int


@dataclass(frozen=True)
class Due:
    """One delivery and when its time is over."""

    delivery: str
    source: str
    kept_until: date
    basis: str
    over: bool


def schedules() -> dict[str, Schedule]:
    """The schedule of each source; `*` for those without their own."""
    return {s.source_id: s for s in load_folder("retention/sources", Schedule)}


def backups_kept_for() -> int:
    """Months after which backups have aged out."""
    return load("retention/backups", Backups).months


def due(place: Place, today: date) -> list[Due]:
    """Every delivery of a place with the day until which it is kept, the most overdue first."""
    known = schedules()
    found = []
    for d in place.deliveries:
        rule = known.get(d.source, known["*"])
        until = add_months(d.as_of, rule.months)
        found.append(Due(d.id, d.source, until, rule.basis, until < today))
    return sorted(found, key=lambda x: (x.kept_until, x.delivery))
