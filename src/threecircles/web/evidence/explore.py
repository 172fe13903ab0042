"""Explores the released figures: without it a reader would have to know which page holds which breakdown.

A request is looked up in the list that was released; nothing is reckoned, and what was hidden, what
was not made and what nobody thought of are answered alike.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.core.errors import UsageError
from threecircles.report.explore import NOT_RELEASED, find, nearest
from threecircles.web.evidence.serve import released, site_root
from threecircles.web.frame import page
from threecircles.web.routes import public

WHY = "Pages of the release, found by what a reader chooses."


async def explore(request: Request) -> Response:
    """The list of what can be chosen: a page of the release."""
    site = site_root(request.app.state.workspace / "release")
    if site is None:
        raise HTTPException(404)
    return released(request, site, "explore.html")


async def one(request: Request) -> Response:
    """The released page of an indicator and a breakdown, or that it is not released."""
    site = site_root(request.app.state.workspace / "release")
    indicator = request.path_params["indicator"]
    try:
        file = find(site, indicator, request.query_params.multi_items()) if site else None
    except UsageError as error:
        return _told(400, error.what, ())
    if site is None or file is None:
        return _told(404, NOT_RELEASED, nearest(site, indicator) if site else ())
    return released(request, site, file)


def _told(status: int, said: str, addresses: tuple[str, ...]) -> HTMLResponse:
    text = page("not_released.html", title=said, here="/explore", addresses=addresses)
    return HTMLResponse(text, status_code=status)


ROUTES = [
    public("/explore", explore, why=WHY),
    public("/explore/{indicator}", one, why=WHY),
]
