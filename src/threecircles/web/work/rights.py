"""Requests of people about their own data, in the browser: clocks, decisions, and what is held."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import cast, get_args

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from threecircles.core.workspace import open_workspace
from threecircles.disclosure import state
from threecircles.disclosure.rights import access, asking, clock, letters
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.security.signed import workspace
from threecircles.web.work.doors import Permit, check_form, current, form_token, permit

KINDS = ("access", "correction", "objection", "erasure")


async def requests(request: Request) -> Response:
    """All requests, the most urgent first, and a form to take one in."""
    allowed = permit(request, "view_audit", "audit", "house:rights")
    found = sorted(
        clock.requests(workspace(request)),
        key=lambda r: (r.state not in ("open", "waiting"), r.due or date.max),
    )
    today = datetime.now(UTC).date()
    body = page(
        "rights.html", title="Rights", here="/rights", work=True, permit=allowed, requests=found,
        today=today, kinds=KINDS, token=form_token(allowed.actor),
    )  # fmt: skip
    return HTMLResponse(body)


async def take_in(request: Request) -> Response:
    """Take a request in and start its clock."""
    session, actor = current(request)
    async with request.form(max_files=0, max_fields=20) as form:
        check_form(request, actor.id, str(form.get("token", "")))
        named, kind, day = (
            str(form.get(k, ""))[:80].strip() for k in ("person", "kind", "received")
        )
    if kind not in KINDS:
        raise HTTPException(400)
    received = _day(day)
    opened = open_workspace(workspace(request), "identity")
    asked = await run_in_threadpool(
        asking.may, opened, named, "subject_access", actor=actor, session_age=session.age
    )
    made = clock.receive(opened.path, asked.person, kind, received, actor.id)
    return RedirectResponse(f"/rights/{made}", 303)


async def one(request: Request) -> Response:
    """One request: clock, steps and what may be done."""
    allowed = permit(request, "view_audit", "audit", "house:rights")
    found = _request(request)
    body = page(
        "rights_request.html", title=f"Request {found.id}: {found.kind}", here="/rights", work=True,
        permit=allowed, request_=found, actions=_actions(found), token=form_token(allowed.actor),
    )  # fmt: skip
    return HTMLResponse(body)


async def act(request: Request) -> Response:
    """Ask back, take a clarification, find it complex, answer or refuse."""
    _, actor = current(request)
    async with request.form(max_files=0, max_fields=20) as form:
        check_form(request, actor.id, str(form.get("token", "")))
        action, reason = str(form.get("action", "")), str(form.get("reason", ""))[:2000]
    permit(request, "view_audit", "audit", "house:rights")
    found = _request(request)
    if action not in get_args(clock.Action):
        raise HTTPException(400)
    clock.act(
        workspace(request),
        found.id,
        cast(clock.Action, action),
        datetime.now(UTC).date(),
        actor.id,
        reason,
    )
    with state.state(workspace(request)) as kept:
        state.notify(kept, "officer", f"Request {found.id}", f"{action} by {actor.id}")
    return RedirectResponse(f"/rights/{found.id}", 303)


async def held(request: Request) -> Response:
    """What is held about the person of a request, as the letter they get."""
    session, actor = current(request)
    found = _request(request)
    opened = open_workspace(workspace(request), "identity")
    asked = await run_in_threadpool(
        asking.may, opened, found.person, "subject_access", actor=actor, session_age=session.age
    )
    reader = request.query_params.get("for", "adult")
    if reader not in get_args(letters.Reader):
        raise HTTPException(404)
    told = await run_in_threadpool(access.access, opened, asked.person)
    document = letters.letter(told, cast(letters.Reader, reader), "To the person who asked")
    body = page(
        "document.html", title=document.title, here="/rights", work=True, document=document,
        kind_of=lambda part: type(part).__name__, permit=Permit(actor.id, asking.PURPOSE, asked.policies),
    )  # fmt: skip
    return HTMLResponse(body)


def _request(request: Request) -> clock.Request:
    wanted = request.path_params["request"]
    found = next((r for r in clock.requests(workspace(request)) if r.id == wanted), None)
    if found is None:
        raise HTTPException(404)
    return found


def _actions(found: clock.Request) -> tuple[str, ...]:
    return {
        "open": ("asked back", "found complex", "answered", "refused"),
        "waiting": ("clarified",),
    }.get(found.state, ())


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise HTTPException(400) from None
    if day > datetime.now(UTC).date():
        raise HTTPException(400)
    return day


ROUTES = [
    guarded("/rights", requests, action="view_audit", purpose="audit"),
    guarded("/rights/take-in", take_in, action="subject_access", purpose="subject_rights", methods=("POST",), child="person"),
    guarded("/rights/{request}", one, action="view_audit", purpose="audit"),
    guarded("/rights/{request}/act", act, action="view_audit", purpose="audit", methods=("POST",)),
    guarded("/rights/{request}/held", held, action="subject_access", purpose="subject_rights", child="request"),
]  # fmt: skip
