"""Processes and services as the field names them: without one list each room would draw its own circle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import Definition, load_folder
from threecircles.record.schema import conform
from threecircles.record.tables import table

Level = Literal["universal", "targeted", "specialist", "rehabilitative", "none"]
Role = Literal["need", "input", "output", "outcome", "voice"]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A limit on the time between two points of a process.

    starts: start, parent_start, referral_or_start, referral or request. ends: start, end or first_seen.
    unit: days or working_days.
    """

    id: str
    label: str
    starts: Literal["start", "parent_start", "referral_or_start", "referral", "request"]
    ends: Literal["start", "end", "first_seen"]
    limit: int
    unit: Literal["days", "working_days"]
    source: str


@dataclass(frozen=True, kw_only=True)
class Process(Definition):
    """What a child can be in, or what can happen (definitions/processes/<id>.yaml).

    level: level of help; none = no service. role: place in the logic model. kind: episode, event or
    both. bridge_days: longest gap between two snapshots that makes no break.
    """

    level: Level
    agency: str
    role: Role
    kind: Literal["episode", "event", "both"]
    states: tuple[str, ...] = ()
    parent: str = ""
    clocks: tuple[Clock, ...] = ()
    one_at_a_time: bool = False
    bridge_days: int = 0
    ages: str = ""
    outcome_areas: tuple[str, ...] = ()
    stock_rule: str = ""
    needs_person: bool = True


@dataclass(frozen=True, kw_only=True)
class Service(Definition):
    """A service and the process its use is recorded as (definitions/services/<id>.yaml)."""

    level: Literal["universal", "targeted", "specialist", "rehabilitative"]
    process: str
    agency: str
    ages: str = ""
    outcome_areas: tuple[str, ...] = ()
    statutory: Literal["yes", "no", "part"] = "no"


@cache
def processes() -> dict[str, Process]:
    """Every process by id."""
    return {p.id: p for p in load_folder("processes", Process)}


def process_ids() -> tuple[str, ...]:
    """Ids of every process."""
    return tuple(processes())


def process(name: str) -> Process:
    """The process of that id. Raises UsageError."""
    known = processes()
    if name not in known:
        raise UsageError(
            f"There is no process {name}.",
            allowed=", ".join(known),
            mend=did_you_mean(name, known),
        )
    return known[name]


def of_level(*levels: Level) -> tuple[str, ...]:
    """Ids of the processes of the given levels."""
    return tuple(p.id for p in processes().values() if p.level in levels)


def check_role(name: str, wanted: Role) -> Process:
    """The process, when a figure of it may stand for `wanted`.

    Raises UsageError that names the role: a count of help given says nothing of need or outcome.
    """
    found = process(name)
    if found.role != wanted:
        raise UsageError(
            f"{found.label} has the role {found.role}; it cannot be asked for as {wanted}.",
            found=f"{name}: {found.role}",
            allowed=", ".join(p.id for p in processes().values() if p.role == wanted)
            or f"measures and factors of role {wanted}",
        )
    return found


def services() -> pl.DataFrame:
    """The table `service`, from its definitions."""
    rows = [
        {
            "service_id": s.id,
            "label": s.label,
            "level": s.level,
            "process": s.process,
            "agency": s.agency,
            "ages": s.ages,
            "outcome_areas": list(s.outcome_areas),
            "statutory": s.statutory,
        }
        for s in load_folder("services", Service)
    ]
    return conform(pl.DataFrame(rows), table("service"))
