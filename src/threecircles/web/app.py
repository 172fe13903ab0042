"""Joins the two halves and says who may reach them: without it neither half would have a door."""

from __future__ import annotations

import logging
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from threecircles.web.entry import Entry
from threecircles.web.errors import handlers
from threecircles.web.evidence.serve import Evidence
from threecircles.web.headers import PlainHeaders
from threecircles.web.routes import EnteredMount, all_routes, check_entries

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]", "testserver")


def create_app(workspace: Path | str, *, hosts: tuple[str, ...] = LOOPBACK) -> Starlette:
    """The application of a workspace.

    hosts: names by which it may be called; others get a plain refusal, so that a page elsewhere
    cannot reach it by renaming itself. With loopback names only, the person at the machine works
    without signing in where the workspace has no access file; with any other name everybody signs in
    and the connection must be encrypted. A route that does not say who may reach it stops the start.
    """
    folder = Path(workspace)
    local = not set(hosts) - set(LOOPBACK)
    if not local:
        logging.getLogger("threecircles.web").warning(
            "The pages answer to names beyond this machine (%s): the working pages ask everybody to "
            "sign in, and cookies travel over TLS only. Put a server with a certificate before them.",
            ", ".join(sorted(set(hosts) - set(LOOPBACK))),
        )
    released = Entry(kind="public", why="What the release desk let out, and nothing else.")
    routes = [*all_routes(), EnteredMount("/", Evidence(folder / "release"), released)]
    check_entries(routes)
    app = Starlette(
        routes=routes,
        exception_handlers=handlers(),
        middleware=[
            Middleware(PlainHeaders, secure=not local),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=6),
        ],
    )
    app.state.workspace, app.state.local = folder, local
    return app
