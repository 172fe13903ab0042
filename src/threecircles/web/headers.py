"""What every answer carries: without it a page could be framed, guessed at or made to run a script."""

from __future__ import annotations

import logging
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from threecircles.web.errors import plain_page

_LOG = logging.getLogger("threecircles.web")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
LONGEST_TARGET = 2_000
"""Longest path with query that is read at all, in bytes."""


class PlainHeaders:
    """Adds the headers to every answer, refuses over-long addresses, and lets no fault show its trace.

    A fault is caught here, since the message of an unknown one may hold a value of somebody's row: its
    kind and a reference are kept, nothing else.
    """

    def __init__(self, app: ASGIApp, secure: bool = False) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                if self.secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        if _length(scope) > LONGEST_TARGET:
            await plain_page(414)(scope, receive, with_headers)
            return
        try:
            await self.app(scope, receive, with_headers)
        except Exception as fault:  # noqa: BLE001 - the last place where a trace can be kept from the reader
            reference = secrets.token_hex(4).upper()
            _LOG.error("fault %s: %s", reference, type(fault).__name__)
            if not started:
                await plain_page(500, reference=reference)(scope, receive, with_headers)


def _length(scope: Scope) -> int:
    return len(scope.get("raw_path") or scope["path"].encode()) + len(
        scope.get("query_string", b"")
    )
