"""Who else works with this child: one question, one card, and one answer for all who may not be found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.core.workspace import open_workspace
from threecircles.identity import signposting
from threecircles.identity.place import cases
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.work.doors import Permit, check_form, current, form_token, permit
from threecircles.web.work.signpost_look import FIELDS, PURPOSES, SEARCH, Look, look

_GIVEN = (*FIELDS, "purpose", "reason", "family")


async def signpost_page(request: Request) -> Response:
    """The form; after a search, the card or the one answer for everybody else."""
    allowed = _may_ask(request)
    if request.method == "GET":
        return _shown(request, allowed, Look(None))
    began = time.monotonic()
    async with request.form() as form:
        check_form(request, allowed.actor, str(form.get("token", "")))
        asked = {k: str(form.get(k, ""))[:500] for k in _GIVEN}
    answer = await run_in_threadpool(_answered, request, allowed, asked)
    # The unknown, the restricted and the adopted-away are answered on the same beat as everybody.
    await asyncio.sleep(signposting.held_back(time.monotonic() - began))
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
    about = {"team": min(actor.teams, default="none")}
    return permit(request, "signpost", "direct_care", SEARCH, about)


def _answered(request: Request, allowed: Permit, asked: dict[str, str]) -> Response:
    _, actor = current(request)

    def ask(
        action: str, purpose: str, resource: str, about: Mapping[str, Any], detail: Mapping[str, Any] | None
    ) -> Permit:  # fmt: skip
        return permit(request, action, purpose, resource, about, detail=detail)

    told = look(Path(request.app.state.workspace), actor, asked, ask)
    return _shown(request, allowed, told, 400 if told.problem else 200)


def _shown(request: Request, allowed: Permit, told: Look, status: int = 200) -> Response:
    body = page(
        "signpost.html", title="Who else works with this child?", here="/signpost", work=True, permit=allowed,
        token=form_token(allowed.actor), purposes=PURPOSES, card=told.card, problem=told.problem, rules=signposting.rules(),
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
