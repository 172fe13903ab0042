"""A team's own page: its open work and what its recording was used for, never a worker and never another team."""

from __future__ import annotations

from datetime import date

import polars as pl
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.core.workspace import open_workspace
from threecircles.disclosure.profiles import profile
from threecircles.need.teams import CLOCK_STATES, RecordingTeam, read_team, recording_teams
from threecircles.record.vocabulary import processes
from threecircles.report.recording import findings_of, released_on, released_tables, used_for
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.security.signed import workspace
from threecircles.web.work.doors import Permit, current, permit

PROFILE = "la-default"
"""Counts that this profile hides are not counted out: a page of a small team would else tell of single children."""
Row = tuple[str, str]


async def team_page(request: Request) -> Response:
    """One team's page. Asked for without a team, the first that the reader works in."""
    teams = recording_teams()
    _, actor = current(request)
    own = [t for t in actor.teams if t in teams]
    asked = request.query_params.get("team", own[0] if own else next(iter(teams)))
    if asked not in teams:
        raise HTTPException(404)
    allowed = permit(request, "view_record", "direct_care", f"team:{asked}", {"team": asked})
    return await run_in_threadpool(_show, request, allowed, teams[asked], [teams[t] for t in own])


def _show(
    request: Request, allowed: Permit, team: RecordingTeam, own: list[RecordingTeam]
) -> Response:
    opened = open_workspace(workspace(request))
    counts, tables = read_team(opened, team.id), released_tables(opened)
    return HTMLResponse(
        page(
            "team.html", title=team.label, here="/team", work=True, permit=allowed, team=team, own=own, most_hidden=most_hidden(),
            parts=_parts(counts), states=[s.capitalize() for s in CLOCK_STATES], clocks=_clocks(counts), uses=used_for(tables, team.sources),
            made_on=_day(released_on(opened)), findings=findings_of(tables, team.returns),
        )
    )  # fmt: skip


def _parts(counts: pl.DataFrame) -> list[tuple[str, str, list[Row]]]:
    """Title, first column and rows of each list of counts."""
    told = {part: list(rows) for part, rows in _by_part(counts).items()}
    nothing = "nothing recorded in 90 days"
    made = [
        ("Children open now", "Work", [(_name(i), _count(n)) for i, _, n in told.get("open", [])]),
        (
            "Children open at the end of each quarter", "Day",
            [(_day(i), _count(n)) for i, _, n in sorted(told.get("past", []))],
        ),
        (
            "What came next for children whose work ended in the year", "Ended, then",
            [(f"{_name(i)}, then {_name(s) if s else nothing}", _count(n)) for i, s, n in told.get("next", [])],
        ),
        (
            "Referred again within 12 months", "Answer",
            [(s.replace("unknown", "cannot tell").capitalize(), _count(n)) for _, s, n in told.get("again", [])],
        ),
    ]  # fmt: skip
    return [m for m in made if m[2]]


def _clocks(counts: pl.DataFrame) -> list[tuple[str, list[str]]]:
    """For each clock the count in every state."""
    found = {(i, s): n for i, s, n in _by_part(counts).get("clock", [])}
    return [
        (_name(item), [_count(found.get((item, s), 0)) for s in CLOCK_STATES])
        for item in sorted({i for i, _ in found})
    ]


def _by_part(counts: pl.DataFrame) -> dict[str, list[tuple[str, str, int]]]:
    made: dict[str, list[tuple[str, str, int]]] = {}
    for part, item, state, n in counts.select("part", "item", "state", "n").iter_rows():
        made.setdefault(part, []).append((item, state, n))
    return made


def _name(process: str) -> str:
    known = processes()
    return known[process].label if process in known else process


def most_hidden() -> int:
    """The largest count of children that is not shown."""
    return profile(PROFILE).hide_to


def _count(n: int) -> str:
    return f"{most_hidden()} or fewer" if 0 < n <= most_hidden() else f"{n:,}"


def _day(text: str) -> str:
    if not text:
        return ""
    day = date.fromisoformat(text)
    return f"{day.day} {day:%B %Y}"


ROUTES = [guarded("/team", team_page, action="view_record", purpose="direct_care")]
