"""Who looked, for the officer whose work is to ask: without it the log would be read by nobody."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.disclosure import audit, who_looked
from threecircles.web.frame import page
from threecircles.web.routes import guarded
from threecircles.web.security.signed import workspace
from threecircles.web.work.doors import permit

SHOWN = 200


async def looked(request: Request) -> Response:
    """The newest looks, or those at one child: `?person=ID`."""
    person = request.query_params.get("person", "").strip()[:60]
    allowed = permit(
        request, "view_audit", "audit", f"person:{person}" if person.isalnum() else "house:audit"
    )
    folder = workspace(request)
    found = await run_in_threadpool(who_looked.looks, folder, person=person)
    chain = await run_in_threadpool(audit.verify, folder)
    title = f"Who looked at {person}" if person else "Who looked"
    body = page(
        "audit.html", title=title, here="/audit", work=True, permit=allowed, looks=found[:SHOWN],
        more=max(0, len(found) - SHOWN), person=person, chain=chain, people=_people(found),
    )  # fmt: skip
    return HTMLResponse(body)


def _people(found: list[who_looked.Look]) -> list[str]:
    """Persons lately looked at, newest first."""
    ids = [x.resource.rpartition(":")[2] for x in found if x.resource.startswith("person:")]
    return [i for i in dict.fromkeys(ids) if i != "unknown"][:20]


ROUTES = [guarded("/audit", looked, action="view_audit", purpose="audit", child="person")]
