"""The release desk in the browser: ask, check, approve and publish, each by its own person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from threecircles.core import manifest
from threecircles.core.tables import Measured, read_measured
from threecircles.core.workspace import Workspace, open_workspace
from threecircles.disclosure import desk
from threecircles.disclosure.release import Safe, load_safe
from threecircles.disclosure.rights.held import stored
from threecircles.disclosure.why_hidden import WhyHidden, why_hidden
from threecircles.report.one_table import FOLDER, draft
from threecircles.web.frame import page
from threecircles.web.routes import guarded, signed_in
from threecircles.web.security.signed import workspace
from threecircles.web.work.doors import check_form, current, form_token, permit

PURPOSE = "needs_assessment"
CHECKS = (
    ("names", "There is no name, number, address or free text of a child in it."),
    ("attack", "Nothing hidden can be worked out, from this and from what is out already."),
    ("words", "The words say what the figures show, and how sure they are."),
    ("audience", "It is for those it is meant for, and under an agreement where one is needed."),
    ("reach", "It can be read by everybody: tables, headings and descriptions are there."),
)
"""What an output checker ticks, each or none."""

READERS_OF_REPORTS = {
    "output_checker",
    "approver",
    "information_governance",
    "data_protection_officer",
}
REPORTED = (
    ("leaks", "Hidden figures that can be worked out from it"),
    ("ledger", "What it tells beside everything released before"),
    ("named", "Files that name a child"),
    ("microdata", "Files with a row for each person"),
    ("free_text", "Files with words of people"),
    ("changes", "Cells that differ from what is shown now"),
)
"""The automatic report (disclosure/release_report.py), in the words of its page."""

STEP_WORDS = {
    "check": "Say that it was checked", "approve": "Approve it", "publish": "Publish it", "withdraw": "Take it down",
    "return": "Send it back", "refuse": "Refuse it",
}  # fmt: skip


async def releases(request: Request) -> Response:
    """All releases with their states, and the tables that may be asked for."""
    opened = open_workspace(workspace(request))
    _, actor = current(request)
    body = page(
        "desk.html", title="Release desk", here="/release", work=True, releases=desk.releases(opened)[::-1],
        tables=_tables(opened), token=form_token(actor.id),
    )  # fmt: skip
    return HTMLResponse(body)


async def table(request: Request) -> Response:
    """One table before it is asked for: what is hidden, why, and for whose sake."""
    opened = open_workspace(workspace(request))
    safe, before = _table(opened, request.path_params["table"])
    allowed = permit(
        request,
        "request_release",
        PURPOSE,
        f"release:draft-{safe.spec.id}",
        {"requester": "", "state": "none"},
    )
    reasons: list[WhyHidden] = why_hidden(safe, before) if before is not None else []
    body = page(
        "desk_table.html", title=f"Ask for: {safe.spec.title}", here="/release", work=True, safe=safe,
        reasons=reasons, permit=allowed, token=form_token(allowed.actor),
    )  # fmt: skip
    return HTMLResponse(body)


async def ask(request: Request) -> Response:
    """Freeze a table's page and ask for its release."""
    _, actor = current(request)
    async with request.form(max_files=0, max_fields=20) as form:
        check_form(request, actor.id, str(form.get("token", "")))
        named, audience = str(form.get("table", "")), str(form.get("audience", "public"))
    if audience not in ("public", "partners", "school", "internal"):
        raise HTTPException(400)
    opened = open_workspace(workspace(request))
    safe, _ = _table(opened, named)
    permit(
        request,
        "request_release",
        PURPOSE,
        f"release:draft-{safe.spec.id}",
        {"requester": "", "state": "none"},
    )
    label = json.loads((opened.path / "workspace.json").read_text())["label"]
    folder = await run_in_threadpool(
        draft, safe, label, opened.release / desk.SITE, opened.path / "drafts" / safe.spec.id,
        made_on=datetime.now(UTC).date(), fictitious=opened.fictitious,
    )  # fmt: skip
    made = await run_in_threadpool(
        desk.request, opened, folder, title=safe.spec.title, audience=audience, actor=actor.id
    )
    return RedirectResponse(f"/release/{made.id}", 303)


async def one(request: Request) -> Response:
    """One release: its steps so far and what may be done next."""
    opened = open_workspace(workspace(request))
    return _show(request, opened, _release(opened, request))


async def act(request: Request) -> Response:
    """Check, approve, return, refuse, publish or withdraw, as the person who is signed in."""
    _, actor = current(request)
    async with request.form(max_files=0, max_fields=20) as form:
        check_form(request, actor.id, str(form.get("token", "")))
        action, reason = str(form.get("action", "")), str(form.get("reason", ""))[:2000]
        ticked = {name for name, _ in CHECKS if form.get(name) == "yes"}
    opened = open_workspace(workspace(request))
    release = _release(opened, request)
    if action not in STEP_WORDS:
        raise HTTPException(400)
    if action == "check" and ticked != {name for name, _ in CHECKS}:
        return _show(
            request, opened, release, "Tick each check, or send it back with a reason.", 400
        )
    if action in ("return", "refuse", "withdraw") and not reason.strip():
        return _show(request, opened, release, "Say why: the person who asked is told.", 400)
    about = {
        "requester": release.requester,
        "state": "checked" if action == "publish" else release.state,
    }
    permit(request, desk._ACTIONS[action], "audit", f"release:{release.id}", about, two_people=True)
    told = f"checked: {', '.join(sorted(ticked))}. {reason}" if action == "check" else reason
    await run_in_threadpool(desk.act, opened, release.id, action, actor=actor.id, reason=told)
    return RedirectResponse(f"/release/{release.id}", 303)


def _show(
    request: Request, opened: Workspace, release: desk.Release, problem: str = "", status: int = 200
) -> Response:
    _, actor = current(request)
    steps = [a for s, a in desk.TRANSITIONS if s == release.state]
    page_of = _page_of(release)
    body = page(
        "desk_release.html", title=release.title, here="/release", work=True, release=release, steps=steps,
        words=STEP_WORDS, checks=CHECKS, token=form_token(actor.id), problem=problem, page_of=page_of,
        is_shown=desk.shown(opened) == release.id, own=actor.id == release.requester,
        report=_report(opened, release) if set(actor.roles) & READERS_OF_REPORTS else (),
    )  # fmt: skip
    return HTMLResponse(body, status)


def _report(opened: Workspace, release: desk.Release) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What the desk found by itself when it was checked: heading and lines; nothing before a check."""
    path = opened.path / "reports" / f"{release.id}.json"
    if not path.exists():
        return ()
    told = json.loads(path.read_text())
    return tuple((words, tuple(told.get(key) or ())) for key, words in REPORTED if key in told)


def _page_of(release: desk.Release) -> str:
    """Where readers find it: a table's own page, or the first page."""
    new = release.folder / FOLDER / release.folder.name / "index.html"
    return f"/{FOLDER}/{release.folder.name}/index.html" if new.exists() else "/"


def _release(opened: Workspace, request: Request) -> desk.Release:
    wanted = request.path_params["release"]
    found = next((r for r in desk.releases(opened) if r.id == wanted), None)
    if found is None:
        raise HTTPException(404)
    return found


def _tables(opened: Workspace) -> list[Safe]:
    entry = manifest.latest(opened.manifest).get("disclosure.protect")
    if entry is None:
        return []
    folder: Path = opened.steps("payload") / entry.step / entry.key[:16] / "out"
    return [s for s in load_safe(folder) if s.frame.height] if folder.is_dir() else []


def _table(opened: Workspace, named: str) -> tuple[Safe, Measured | None]:
    safe = next((s for s in _tables(opened) if s.spec.id == named), None)
    if safe is None:
        raise HTTPException(404)
    path = next(
        (t.path for t in stored(opened) if t.measured and t.name.partition(".")[2] == named), None
    )
    return safe, read_measured(path) if path else None


ROUTES = [
    signed_in("/release", releases),
    guarded("/release/table/{table}", table, action="request_release", purpose=PURPOSE, identifiable=False),
    guarded("/release/ask", ask, action="request_release", purpose=PURPOSE, methods=("POST",), identifiable=False),
    signed_in("/release/{release}", one),
    guarded("/release/{release}/act", act, action="approve_release", purpose="audit", methods=("POST",), identifiable=False),
]  # fmt: skip
