"""The time a person may be kept waiting: without it an answer would come when somebody finds the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from threecircles.core.calendar import add_working_days, is_working
from threecircles.core.dates import add_months, days_between
from threecircles.core.errors import UsageError
from threecircles.disclosure import state

Action = Literal["received", "asked back", "clarified", "found complex", "answered", "refused"]
MONTHS, MORE_WHEN_COMPLEX = 1, 2
"""UK GDPR art. 12(3): one calendar month; two more where requests are complex or many."""


@dataclass(frozen=True)
class Request:
    """One request of a person. due: None while it waits for the person's own clarification."""

    id: str
    person: str
    kind: str
    received: date
    due: date | None
    state: str
    complex: bool
    steps: tuple[tuple[str, str, str, str], ...]


def due(received: date, pauses: list[tuple[date, date]], *, complex_: bool = False) -> date:
    """The last day for an answer.

    One calendar month from the day it came, two more when complex, and the days on which the clock
    stood still; a day that is no working day moves to the next that is. Source: UK GDPR arts 12 and 15
    as amended by the Data (Use and Access) Act 2025 (to be checked); Regulation 1182/71 art. 3 on days.
    """
    last = add_months(received, MONTHS + (MORE_WHEN_COMPLEX if complex_ else 0))
    still = sum(days_between(a, b) for a, b in pauses)
    day = date.fromordinal(last.toordinal() + still)
    return day if is_working(day) else add_working_days(day, 1)


def receive(workspace: Path, person: str, kind: str, received: date, by: str) -> str:
    """Start the clock; returns the request's id. The same request of the same day is one, however often told."""
    known = [
        r.id for r in requests(workspace)
        if (r.person, r.kind, r.received) == (person, kind, received) and r.state in ("open", "waiting")
    ]  # fmt: skip
    if known:
        return known[0]
    with state.state(workspace) as kept:
        (count,) = kept.execute("SELECT count(*) FROM rights_request").fetchone()
        request_id = f"R{count + 1:05}"
        kept.execute(
            "INSERT INTO rights_request (id, person, kind, received, state) VALUES (?,?,?,?,?)",
            (request_id, person, kind, received.isoformat(), "open"),
        )
        kept.execute(
            "INSERT INTO rights_step VALUES (?,?,?,?,?,?)",
            (request_id, 1, "received", received.isoformat(), by, ""),
        )
    return request_id


def act(
    workspace: Path, request_id: str, action: Action, day: date, by: str, reason: str = ""
) -> Request:
    """Ask back (the clock stands still), take a clarification, find it complex, answer or refuse.

    Refusing and finding complex need a reason, which the person is told. Raises UsageError.
    """
    now = request(workspace, request_id)
    allowed = {
        "open": ("asked back", "found complex", "answered", "refused"),
        "waiting": ("clarified",),
    }
    if action not in allowed.get(now.state, ()):
        raise UsageError(
            f"A request that is {now.state} cannot be {action}.",
            allowed=", ".join(allowed.get(now.state, ())) or "nothing",
        )
    if action in ("refused", "found complex", "asked back") and not reason.strip():
        raise UsageError("The person is told why: give a reason.")
    after = {"asked back": "waiting", "clarified": "open", "found complex": "open"}.get(
        action, action
    )
    with state.state(workspace) as kept:
        kept.execute(
            "UPDATE rights_request SET state = ?, complex = complex OR ? WHERE id = ?",
            (after, action == "found complex", request_id),
        )
        kept.execute(
            "INSERT INTO rights_step VALUES (?,?,?,?,?,?)",
            (request_id, len(now.steps) + 1, action, day.isoformat(), by, reason),
        )
    return request(workspace, request_id)


def request(workspace: Path, request_id: str) -> Request:
    """One request. Raises UsageError when there is none."""
    for found in requests(workspace):
        if found.id == request_id:
            return found
    raise UsageError("There is no such request.", found=request_id)


def requests(workspace: Path) -> list[Request]:
    """All requests, oldest first."""
    found = state.rows(workspace, "SELECT * FROM rights_request ORDER BY id")
    steps = state.rows(workspace, "SELECT * FROM rights_step ORDER BY request, seq")
    return [_request(r, [s for s in steps if s["request"] == r["id"]]) for r in found]


def _request(row: dict[str, object], steps: list[dict[str, object]]) -> Request:
    asked = [date.fromisoformat(str(s["day"])) for s in steps if s["action"] == "asked back"]
    clear = [date.fromisoformat(str(s["day"])) for s in steps if s["action"] == "clarified"]
    received, hard = date.fromisoformat(str(row["received"])), bool(row["complex"])
    waiting = row["state"] == "waiting"
    last = None if waiting else due(received, list(zip(asked, clear, strict=False)), complex_=hard)
    told = tuple((str(s["action"]), str(s["day"]), str(s["by"]), str(s["reason"])) for s in steps)
    return Request(
        str(row["id"]),
        str(row["person"]),
        str(row["kind"]),
        received,
        last,
        str(row["state"]),
        hard,
        told,
    )
