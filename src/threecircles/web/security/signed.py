"""Finds who is signed in and asks those who are not: the one place where a session becomes a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from threecircles.core.errors import NotPermitted
from threecircles.disclosure.people import LOCAL_ROLES, accounts, person
from threecircles.disclosure.policy import Person
from threecircles.web.entry import Entry
from threecircles.web.security import sessions
from threecircles.web.security.sessions import Session

Endpoint = Callable[[Request], Awaitable[Response]]
LOOPBACK_CLIENTS = ("127.0.0.1", "::1")


def asked(endpoint: Endpoint, entry: Entry) -> Endpoint:
    """The endpoint behind its entry: no session, no page; a form from elsewhere, no action."""

    async def page(request: Request) -> Response:
        found = who(request, identifiable=entry.identifiable)
        if found is None:
            if request.method in ("GET", "HEAD"):
                return RedirectResponse(f"/sign-in?next={quote(here(request), safe='')}", 303)
            raise HTTPException(403)
        if request.method not in ("GET", "HEAD") and from_elsewhere(request):
            raise HTTPException(403)
        session, known = found
        handle = ""
        if session.handle and session.roles != known.roles:
            handle = sessions.rotate(workspace(request), session, known.roles)
            session = sessions.find(workspace(request), handle) or session
        token = sessions.CURRENT.set((session, known))
        try:
            answer = await endpoint(request)
        finally:
            sessions.CURRENT.reset(token)
        if handle:
            set_cookie(request, answer, handle)
        return answer

    page.__name__ = getattr(endpoint, "__name__", "page")
    return page


def who(request: Request, *, identifiable: bool = False) -> tuple[Session, Person] | None:
    """The session and person of a request; None when somebody must sign in first."""
    folder = workspace(request)
    session = sessions.find(
        folder, request.cookies.get(cookie_name(request), ""), identifiable=identifiable
    )
    if session is None:
        if (
            not at_the_machine(request)
            or accounts(folder)
            or request.cookies.get(cookie_name(request))
        ):
            return None
        acting = person(folder)
        return sessions.operator(acting.id, acting.roles), acting
    try:
        return session, person_of(folder, session)
    except NotPermitted:
        sessions.end_all(folder, session.actor)
        return None


def person_of(folder: Path, session: Session) -> Person:
    """The person of a session, as the access file and the provider's groups have it now."""
    if session.kind == "oidc":
        return _claimed(folder, session)
    return person(folder, session.actor, mfa=session.mfa)


def _claimed(folder: Path, session: Session) -> Person:
    known = accounts(folder).get(session.actor)
    roles = tuple(str(r) for r in _list(session.claims.get("roles")))
    teams = tuple(str(t) for t in _list(session.claims.get("teams")))
    until = known.training_until if known else None
    return Person(
        id=session.actor, roles=known.roles if known else roles, mfa=session.mfa,
        organisation=known.organisation if known else "house", teams=known.teams if known else teams,
        training_until=datetime.combine(until, time.max, UTC) if until else None,
    )  # fmt: skip


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def at_the_machine(request: Request) -> bool:
    """True when the reader sits at this machine: loopback by name and address, and nothing in between."""
    client = request.client.host if request.client else ""
    between = any(
        h in request.headers for h in ("forwarded", "x-forwarded-for", "x-real-ip", "via")
    )
    return bool(request.app.state.local) and client in LOOPBACK_CLIENTS and not between


def from_elsewhere(request: Request) -> bool:
    """True when the browser says that a page of another site sent this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:  # told by the browser itself; our no-referrer makes it write Origin: null
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.rstrip("/") != own_origin(request)


def own_origin(request: Request) -> str:
    """Scheme, host and port by which this request reached us; the host was held against the list."""
    scheme = request.url.scheme if request.app.state.local else "https"
    return f"{scheme}://{request.headers.get('host', '')}"


def here(request: Request) -> str:
    """Path and query of this request, to come back to."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def inside(path: str) -> str:
    """The path when it leads to a page of ours, else the first page: no open redirect."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if plain and path.isprintable() and "://" not in path.partition("?")[0] else "/"


def cookie_name(request: Request) -> str:
    """`__Host-` binds the cookie to this host wherever the connection is encrypted."""
    return "tc" if request.app.state.local else "__Host-tc"


def set_cookie(request: Request, answer: Response, handle: str) -> None:
    """Give the browser a session id: HttpOnly, SameSite=Lax, Secure off loopback, no end of its own."""
    answer.set_cookie(
        cookie_name(request), handle, httponly=True, samesite="lax", path="/",
        secure=not request.app.state.local,
    )  # fmt: skip


def workspace(request: Request) -> Path:
    """The workspace this application serves."""
    return Path(request.app.state.workspace)


def is_operator(known: Person) -> bool:
    """True for the person at the machine of a workspace without an access file."""
    return known.roles == LOCAL_ROLES
