"""What a reader sees when something is not as it should be: what happened, what to do, a reference."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from threecircles.core.errors import NotPermitted, ThreeCirclesError
from threecircles.survey.connection import StoreGoneError
from threecircles.web.frame import page

SAID = {
    400: ("The request could not be read", "Go back and try again. If you typed the address, check it."),
    403: ("You may not see this page", "If you need it for your work, ask information governance for permission."),
    404: ("There is no such page", "Check the address, or start from the overview."),
    405: ("This page cannot be used in that way", "Go back and use the buttons on the page."),
    413: ("The files are too large", "Send fewer files at a time, or check them with the command line."),
    414: ("The address is too long", "Start from the overview."),
    429: ("Too many tries", "Wait a quarter of an hour and try again."),
    503: ("We cannot keep answers just now", "What was kept before is safe. Wait a minute, then go back and press the button again."),
    500: ("Something went wrong here", "Nothing was changed. Try again; if it happens again, report the reference below."),
}  # fmt: skip


def plain_page(status: int, told: str = "", reference: str = "") -> Response:
    """An error page: never a trace, never a value that was sent."""
    title, advice = SAID.get(status, SAID[500])
    reference = reference or secrets.token_hex(4).upper()
    body = page("error.html", title=title, advice=advice, told=told, reference=reference)
    return HTMLResponse(body, status)


def handlers() -> dict[Any, Callable[[Request, Any], Any]]:
    """What to answer for each kind of error."""
    return {
        HTTPException: _http,
        NotPermitted: _refused,
        StoreGoneError: _waiting,
        ThreeCirclesError: _mendable,
    }


async def _http(request: Request, error: HTTPException) -> Response:
    return plain_page(error.status_code if error.status_code in SAID else 500)


async def _refused(request: Request, error: NotPermitted) -> Response:
    return plain_page(403, str(error))


async def _waiting(request: Request, error: StoreGoneError) -> Response:
    # A tablet throws away what the server cannot read (400), and keeps what it could not take (503).
    return plain_page(503)


async def _mendable(request: Request, error: ThreeCirclesError) -> Response:
    return plain_page(400, str(error))
