"""Whose case a child is: without it anybody of the council could ask about any child.

One sealed file on the identity side, given by the case systems: which team has which child open. It is
asked for one child at a time and never listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from threecircles.core.errors import ThreeCirclesError, did_you_mean
from threecircles.core.workspace import Workspace
from threecircles.identity.names import first_readings, surname_readings
from threecircles.identity.place.sealed_lines import read_lines, write_lines
from threecircles.identity.request import read_text

_NAME, _ALERTS = "identity-cases", "identity-alerts"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A child open to a team: record (SOURCE|KEY as in the last delivery), from a day, until one."""

    team: str
    record: str
    opened: str
    closed: str = ""

    def is_open(self, day: date) -> bool:
        """True while the case is the team's."""
        return self.opened <= day.isoformat() and (not self.closed or day.isoformat() < self.closed)


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An emergency look: the officer reviews it by the day named."""

    at: str
    by: str
    reason: str
    review_by: str


def take_in(file: Path, workspace: Workspace) -> int:
    """Replace the open cases by those of a CSV with columns team, record, opened, closed; returns how many."""
    table = read_text(file)
    for column in ("team", "record", "opened"):
        if column not in table.columns:
            raise ThreeCirclesError(
                f"There is no column {column}.", where=file.name, allowed="team, record, opened, closed",
                mend=did_you_mean(column, table.columns),
            )  # fmt: skip
    cases = [
        Case(team=r["team"], record=r["record"], opened=r["opened"], closed=r.get("closed") or "")
        for r in table.iter_rows(named=True)
        if r["team"] and r["record"] and r["opened"]
    ]
    write_lines(workspace, _NAME, [asdict(c) for c in cases])
    return len(cases)


def open_to(workspace: Workspace, teams: Sequence[str], records: Sequence[str], day: date) -> str:
    """The team of these that has a child (named by its records) open on the day; "" for none."""
    wanted, own = set(records), set(teams)
    found = [
        c.team
        for c in (Case(**line) for line in read_lines(workspace, _NAME))
        if c.record in wanted and c.team in own and c.is_open(day)
    ]
    return min(found, default="")


def alert(workspace: Workspace, told: Alert) -> None:
    """Keep an emergency look for the officer's review."""
    write_lines(workspace, _ALERTS, [*read_lines(workspace, _ALERTS), asdict(told)])


def alerts(workspace: Workspace) -> list[Alert]:
    """Emergency looks, newest first. They name no child: the audit log does."""
    return [Alert(**line) for line in reversed(read_lines(workspace, _ALERTS))]


def same_name(first: str, surname: str, held_first: str | None, held_surname: str | None) -> bool:
    """Whether a name as asked has a reading in common with a name as held."""
    return bool(
        set(first_readings(first)) & set(first_readings(held_first))
        and set(surname_readings(surname)) & set(surname_readings(held_surname))
    )
