"""Addresses of the form: a class code is the only door, so nobody signs in here."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from threecircles.web.errors import handlers
from threecircles.web.evidence.status import asset
from threecircles.web.headers import PlainHeaders
from threecircles.web.routes import check_entries, public
from threecircles.web.survey import answering, doors, files, helper

WHY = "A child opens the form with the class code; it holds no one's record."
ROUTES = [
    public("/survey/", doors.start, why=WHY),
    public("/survey/code", doors.code, why=WHY, methods=("POST",)),
    public("/survey/start", doors.begin, why=WHY, methods=("POST",)),
    public("/survey/q", answering.here, why=WHY),
    public("/survey/q/{number:int}", answering.question, why=WHY, methods=("GET", "POST")),
    public("/survey/screens", answering.screens_json, why=WHY),
    public("/survey/batch", answering.batch, why=WHY, methods=("POST",)),
    public("/survey/finish", answering.finish, why=WHY, methods=("POST",)),
    public("/survey/stop", answering.stop, why=WHY, methods=("GET", "POST")),
    public("/survey/pause", doors.pause, why=WHY),
    public("/survey/done", doors.done, why=WHY),
    public("/survey/help", doors.helping, why="Help must be one press away."),
    public("/survey/away", doors.away, why="A page that says nothing of the survey."),
    public("/survey/settings", answering.settings, why=WHY, methods=("GET", "POST")),
    public("/survey/room", doors.room, why="Counts of one class, by the adult code of its sheet.", methods=("GET", "POST")),
    public("/survey/helper", helper.helper, why="One person's goals, by the adult code and number of a service's sheet.", methods=("GET", "POST")),
    public("/survey/static/{name}", files.static, why="Style and script of the form."),
    public("/survey/worker.js", files.worker, why="Lets the form open without a connection."),
    public("/survey/audio/{language}/{key}", files.audio, why="Questions read aloud."),
]  # fmt: skip


def survey_app(workspace: Path | str, hosts: tuple[str, ...]) -> Starlette:
    """The form alone, as `survey serve` gives it to schools: no other page of the house is there.

    hosts: names by which it may be called.
    """
    routes = [*ROUTES, public("/assets/{name}", asset, why="The mark of the pages.")]
    check_entries(routes)
    local = not set(hosts) - {"127.0.0.1", "localhost", "::1", "[::1]", "testserver"}
    app = Starlette(
        routes=routes,
        exception_handlers=handlers(),
        middleware=[
            Middleware(PlainHeaders, secure=not local),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(GZipMiddleware, minimum_size=800, compresslevel=6),
        ],
    )
    app.state.workspace, app.state.local = Path(workspace), local
    return app
