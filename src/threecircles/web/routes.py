"""Every address of the application and who may reach it: without it a new page would be open by default."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from threecircles.core.errors import UsageError
from threecircles.web.entry import Entry
from threecircles.web.security.signed import asked

MODULES = (
    "threecircles.web.evidence.status",
    "threecircles.web.work.sign_in",
    "threecircles.web.evidence.about_data",
    "threecircles.web.evidence.explore",
    "threecircles.web.work.check",
    "threecircles.web.work.links",
    "threecircles.web.work.signpost",
    "threecircles.web.work.team",
    "threecircles.web.work.desk",
    "threecircles.web.work.rights",
    "threecircles.web.work.audit",
    "threecircles.web.work.agreements",
    "threecircles.web.work.survey_desk",
    "threecircles.web.work.needs_audit",
    "threecircles.web.work.formula",
    "threecircles.web.survey.routes",
)
"""Modules with `ROUTES`; a room's pages are added here."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Entered(Route):
    """A route with its entry."""

    def __init__(self, path: str, endpoint: Endpoint, methods: Sequence[str], entry: Entry) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.entry = entry


class EnteredMount(Mount):
    """A mounted application with its entry."""

    def __init__(self, path: str, app: object, entry: Entry) -> None:
        super().__init__(path, app=app)  # type: ignore[arg-type]
        self.entry = entry


def public(
    path: str, endpoint: Endpoint, *, why: str, methods: Sequence[str] = ("GET",)
) -> Entered:
    """A page that nobody signs in to. why: the reason, for the reviewer of the route table."""
    return Entered(path, endpoint, methods, Entry(kind="public", why=why))


def signed_in(path: str, endpoint: Endpoint, *, methods: Sequence[str] = ("GET",)) -> Entered:
    """A page for everybody who is signed in; it shows no child and does nothing to anybody."""
    entry = Entry(kind="signed_in")
    return Entered(path, asked(endpoint, entry), methods, entry)


def guarded(
    path: str, endpoint: Endpoint, *, action: str, purpose: str, methods: Sequence[str] = ("GET",),
    child: str = "", identifiable: bool = True,
) -> Entered:  # fmt: skip
    """A page for permitted people. Its function calls `permit` for the action before it shows anything."""
    entry = Entry(
        kind="guarded", action=action, purpose=purpose, child=child, identifiable=identifiable
    )
    return Entered(path, asked(endpoint, entry), methods, entry)


def all_routes() -> list[BaseRoute]:
    """The routes of every module, in order."""
    return [route for name in MODULES for route in import_module(name).ROUTES]


def check_entries(routes: Sequence[BaseRoute]) -> None:
    """Raise UsageError for a route that does not say who may reach it: the application then does not start."""
    without = [
        getattr(r, "path", str(r))
        for r in routes
        if not isinstance(getattr(r, "entry", None), Entry)
    ]
    if without:
        raise UsageError(
            "A page does not say who may reach it.",
            found=", ".join(without), mend="Declare it with public, signed_in or guarded (web/routes.py).",
        )  # fmt: skip
