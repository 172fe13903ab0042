"""The public account of what is held and why, and its twin for children."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.disclosure.openness import openness
from threecircles.web.frame import page
from threecircles.web.routes import public


async def about(request: Request) -> Response:
    """What is held, from whom, why, how often it was looked at, and what it is never used for."""
    return await _page(request, "about_data.html", "What is held about children here, and why")


async def for_children(request: Request) -> Response:
    """The same in words for a child of about nine."""
    return await _page(request, "about_data_children.html", "What we know about you, and why")


async def _page(request: Request, template: str, title: str) -> Response:
    folder = request.app.state.workspace
    if not (folder / "workspace.json").exists():
        raise HTTPException(404)
    told = await run_in_threadpool(openness, folder)
    return HTMLResponse(page(template, title=title, told=told))


_WHY = "Openness: counts and sentences about what is done, nobody in it."
ROUTES = [
    public("/about/data", about, why=_WHY),
    public("/about/data/children", for_children, why=_WHY),
]
