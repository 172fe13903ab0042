"""Who else works with this child: one question, one card, and one answer for all who may not be found."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.core.errors import NotPermitted
from threecircles.core.workspace import Workspace, open_workspace
from threecircles.disclosure import agreements, audit
from threecircles.disclosure.purposes import purposes
from threecircles.disclosure.rights.held import table
from threecircles.identity import signposting
from threecircles.identity.place import cases, signpost_tables
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.work.doors import Permit, check_form, current, form_token, permit

PURPOSES = {"direct_care": "Helping this child", "safeguarding": "Keeping this child safe"}
FIELDS = ("number", "first_name", "surname", "date_of_birth", "postcode")
FAMILY = "family_context"
"""The purpose under which workers may know who works with the family; it needs an agreement naming it."""


async def signpost_page(request: Request) -> Response:
    """The form; after a search, the card or the one answer for everybody else."""
    allowed = _may_ask(request)
    if request.method == "GET":
        return _shown(request, allowed)
    began = time.monotonic()
    async with request.form() as form:
        check_form(request, allowed.actor, str(form.get("token", "")))
        asked = {k: str(form.get(k, ""))[:200] for k in (*FIELDS, "purpose", "reason")}
    answer = await run_in_threadpool(_answered, request, allowed, asked)
    # The unknown, the restricted and the adopted-away take as long as everybody.
    await asyncio.sleep(max(0.0, signposting.rules().answer_seconds - (time.monotonic() - began)))
    return answer


async def alerts_page(request: Request) -> Response:
    """Emergency looks, for the officer's review."""
    allowed = permit(request, "view_audit", "audit", "alerts:signposting", {})
    workspace = open_workspace(Path(request.app.state.workspace), "identity")
    body = page(
        "signpost_alerts.html", title="Emergency looks", here="/signpost/alerts", work=True, permit=allowed,
        alerts=cases.alerts(workspace),
    )  # fmt: skip
    return HTMLResponse(body)


def _may_ask(request: Request) -> Permit:
    _, actor = current(request)
    return permit(
        request,
        "signpost",
        "direct_care",
        "search:page",
        {"team": min(actor.teams, default="none")},
    )


def _answered(request: Request, allowed: Permit, asked: dict[str, str]) -> Response:
    folder = Path(request.app.state.workspace)
    refusal = signposting.searchable({k: asked[k] for k in FIELDS}) or _too_often(
        folder, allowed.actor
    )
    if refusal or asked["purpose"] not in PURPOSES:
        return _shown(request, allowed, problem=refusal or "Choose what you ask for.", status=400)
    workspace = open_workspace(folder, "identity")
    found = signpost_tables.find(_tables(workspace), {k: asked[k] for k in FIELDS})
    card = _card(request, workspace, found, asked)
    return _shown(request, allowed, card=card)


def _card(
    request: Request, workspace: Workspace, found: signpost_tables.Found, asked: dict[str, str]
) -> signposting.Card:
    """The card, empty unless the policies allow this look; each look leaves its audit line."""
    _, actor = current(request)
    day = datetime.now(UTC).date()
    emergency = len(asked["reason"].strip()) >= 10
    team = cases.open_to(workspace, actor.teams, found.records, day)
    about: dict[str, Any] = {"team": team, "restricted": found.hidden}
    resource = f"person:{found.person or 'unknown'}"
    action, purpose = (
        ("break_glass", "safeguarding") if emergency else ("signpost", asked["purpose"])
    )
    told = _tables(workspace)
    family = _family_allowed(Path(request.app.state.workspace), day)
    card = signposting.card(
        found.person, signpost_tables.involvements(told, found, family), day, hidden=found.hidden_persons,
        relations=signpost_tables.relations(told, found), family_allowed=family,
    )  # fmt: skip
    try:
        permit(request, action, purpose, resource, about)
    except NotPermitted:
        return signposting.Card(())
    if emergency:
        now = datetime.now(UTC)
        cases.alert(workspace, cases.Alert(
            at=now.isoformat(timespec="minutes"), by=actor.id, reason=asked["reason"].strip()[:500],
            review_by=signposting.review_by(day).isoformat(),
        ))  # fmt: skip
    for relative in sorted({r.person for r in card.family}):
        permit(
            request,
            action,
            purpose,
            f"person:{relative}",
            {"team": team},
            detail={"as": "relative"},
        )
    return card


def _tables(workspace: Workspace) -> dict[str, pl.DataFrame | None]:
    return {name: table(workspace, name) for name in signpost_tables.READ}


def _family_allowed(folder: Path, day: date) -> bool:
    """Whether the family may be shown: the purpose exists and an agreement in force names it."""
    return FAMILY in purposes() and any(
        a.holds(day) for a in agreements.covering(folder, FAMILY, day)
    )


def _too_often(folder: Path, actor: str) -> str:
    looks = [
        datetime.fromisoformat(str(line["at"]))
        for line in audit.lines(folder)
        if line["actor"] == actor and line["action"] in ("signpost", "break_glass") and str(line["resource"]).startswith("person:person:")
    ]  # fmt: skip
    return signposting.may_search(looks, datetime.now(UTC))


def _shown(
    request: Request,
    allowed: Permit,
    card: signposting.Card | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    body = page(
        "signpost.html", title="Who else works with this child?", here="/signpost", work=True, permit=allowed,
        token=form_token(allowed.actor), purposes=PURPOSES, card=card, problem=problem, rules=signposting.rules(),
    )  # fmt: skip
    return HTMLResponse(body, status)


ROUTES = [
    guarded(
        "/signpost",
        signpost_page,
        methods=("GET", "POST"),
        action="signpost",
        purpose="direct_care",
    ),
    guarded("/signpost/alerts", alerts_page, action="view_audit", purpose="audit"),
]
