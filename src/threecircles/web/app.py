"""Joins the two halves and says who may reach them: without it neither half would have a door."""

from __future__ import annotations

import logging
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route

from threecircles.web.errors import handlers
from threecircles.web.evidence.serve import Evidence
from threecircles.web.evidence.status import asset, status
from threecircles.web.headers import PlainHeaders
from threecircles.web.work.check import check_page

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]", "testserver")


def create_app(workspace: Path | str, *, hosts: tuple[str, ...] = LOOPBACK) -> Starlette:
    """The application of a workspace.

    hosts: names by which it may be called; others get a plain refusal, so that a page elsewhere
    cannot reach it by renaming itself. Beyond loopback name the council's own host, and put a
    sign-in before it: the working pages trust the account name their server is run under.
    """
    folder = Path(workspace)
    if set(hosts) - set(LOOPBACK):
        logging.getLogger("threecircles.web").warning(
            "The pages answer to names beyond this machine (%s). Nobody is asked to sign in here: "
            "put the council's sign-in before them.",
            ", ".join(sorted(set(hosts) - set(LOOPBACK))),
        )
    app = Starlette(
        routes=[
            Route("/assets/{name}", asset, methods=["GET"]),
            Route("/status", status, methods=["GET"]),
            Route("/check", check_page, methods=["GET", "POST"]),
            Mount("/", app=Evidence(folder / "release")),
        ],
        exception_handlers=handlers(),
        middleware=[
            Middleware(PlainHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=6),
        ],
    )
    app.state.workspace = folder
    return app
