"""The pages of signing in and out: without them nobody beyond this machine could work here safely."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from threecircles.core.errors import NotPermitted
from threecircles.disclosure import audit, credentials
from threecircles.disclosure.people import demonstration, person
from threecircles.web.frame import page
from threecircles.web.routes import public, signed_in
from threecircles.web.security import oidc, sessions, signed
from threecircles.web.security.signed import inside, set_cookie, workspace
from threecircles.web.work.doors import check_form, current, form_token

BROWSER = "tc_begin"
"""Cookie that ties a sign-in to the browser that began it."""

MOST_TRIES, WITHIN = 20, timedelta(minutes=15)
"""Tries from one address within a quarter of an hour."""


async def sign_in(request: Request) -> Response:
    """The ways to sign in that this place has."""
    return _show(request, inside(request.query_params.get("next", "/")))


async def local(request: Request) -> Response:
    """Sign in with a local account: name, password and six-digit code."""
    _own_page(request)
    folder = workspace(request)
    if not credentials.names(folder):
        raise HTTPException(404)
    async with request.form(max_files=0, max_fields=20) as form:
        name, password, code, following = (
            str(form.get(k, ""))[:200] for k in ("name", "password", "code", "next")
        )
    _limit(request, folder)
    good = await run_in_threadpool(credentials.right_credentials, folder, name, password, code)
    if good:
        try:
            known = person(folder, name, mfa=True)
        except NotPermitted:
            good = False
    if not good:
        _write(folder, "unknown", "deny")
        problem = "That name, password and code do not belong together, or have been tried too often. Wait a quarter of an hour, or ask whoever looks after accounts."
        return _show(request, inside(following), problem=problem, status=403)
    return _begin(request, known.id, "local", known.roles, inside(following), mfa=True)


async def development(request: Request) -> Response:
    """Take a named part of a made-up place; only at the machine itself, only where nobody is real."""
    _own_page(request)
    folder = workspace(request)
    parts = demonstration(folder) if signed.at_the_machine(request) else {}
    async with request.form(max_files=0, max_fields=20) as form:
        name, following = str(form.get("name", "")), str(form.get("next", ""))
    if name not in parts:
        raise HTTPException(404)
    return _begin(request, name, "development", parts[name].roles, inside(following), mfa=True)


async def begin_oidc(request: Request) -> Response:
    """Send the reader to the council's provider."""
    folder = workspace(request)
    known = oidc.provider(folder)
    if known is None:
        raise HTTPException(404)
    _limit(request, folder)
    browser = secrets.token_urlsafe(32)
    following = inside(request.query_params.get("next", "/"))
    url = await run_in_threadpool(oidc.start, folder, known, browser, following)
    answer = RedirectResponse(url, 303)
    answer.set_cookie(
        BROWSER, browser, max_age=600, httponly=True, samesite="lax", path="/sign-in",
        secure=not request.app.state.local,
    )  # fmt: skip
    return answer


async def return_oidc(request: Request) -> Response:
    """Take up the reader who comes back from the provider."""
    folder = workspace(request)
    known = oidc.provider(folder)
    browser = request.cookies.get(BROWSER, "")
    if known is None or not browser:
        raise HTTPException(404)
    try:
        found = await run_in_threadpool(
            oidc.finish, folder, known, browser, dict(request.query_params)
        )
    except NotPermitted:
        _write(folder, "unknown", "deny")
        raise
    roles = tuple(str(r) for r in signed._list(found.claims["roles"]))
    answer = _begin(
        request, found.actor, "oidc", roles, found.next, mfa=found.mfa, claims=found.claims
    )
    answer.delete_cookie(BROWSER, path="/sign-in")
    return answer


async def sign_out(request: Request) -> Response:
    """End every session of this person, on every machine."""
    _, actor = current(request)
    async with request.form(max_files=0, max_fields=20) as form:
        check_form(request, actor.id, str(form.get("token", "")))
    sessions.end_all(workspace(request), actor.id)
    _write(workspace(request), actor.id, "allow", action="sign_out")
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(signed.cookie_name(request), path="/")
    return answer


async def account(request: Request) -> Response:
    """Who is signed in, with which roles, and the button that ends it."""
    session, actor = current(request)
    body = page(
        "account.html", title="Your sign-in", here="/account", work=True, actor=actor,
        session=session, token=form_token(actor.id),
    )  # fmt: skip
    return HTMLResponse(body)


def _begin(
    request: Request, actor: str, kind: sessions.Kind, roles: tuple[str, ...], following: str, *,
    mfa: bool, claims: dict[str, object] | None = None,
) -> Response:  # fmt: skip
    old = request.cookies.get(signed.cookie_name(request), "")
    handle = sessions.begin(
        workspace(request), actor, kind, roles, mfa=mfa, claims=claims, ends=old
    )
    _write(workspace(request), actor, "allow", kind=kind)
    answer = RedirectResponse(following, 303)
    set_cookie(request, answer, handle)
    return answer


def _write(
    folder: Path, actor: str, decision: str, *, action: str = "sign_in", kind: str = ""
) -> None:
    audit.append(
        folder, actor=actor, action=action, resource="house:pages", purpose="audit", basis="art6_1_c",
        decision=decision, policy=("sign-in",), detail={"kind": kind} if kind else None,
    )  # fmt: skip


def _own_page(request: Request) -> None:
    if signed.from_elsewhere(request):
        raise HTTPException(403)


def _limit(request: Request, folder: Path) -> None:
    address = request.client.host if request.client else "unknown"
    if sessions.too_many(folder, f"address:{address}", MOST_TRIES, WITHIN):
        raise HTTPException(429)


def _show(request: Request, following: str, *, problem: str = "", status: int = 200) -> Response:
    folder = workspace(request)
    parts = demonstration(folder) if signed.at_the_machine(request) else {}
    body = page(
        "sign_in.html", title="Sign in", here="/sign-in", problem=problem, following=following,
        parts=parts, local=bool(credentials.names(folder)), provider=oidc.provider(folder),
    )  # fmt: skip
    return HTMLResponse(body, status)


_WHY = "Signing in is for those who are not signed in."
ROUTES = [
    public("/sign-in", sign_in, why=_WHY),
    public("/sign-in/local", local, why=_WHY, methods=("POST",)),
    public("/sign-in/development", development, why=_WHY, methods=("POST",)),
    public("/sign-in/provider", begin_oidc, why=_WHY),
    public("/sign-in/return", return_oidc, why=_WHY),
    signed_in("/sign-out", sign_out, methods=("POST",)),
    signed_in("/account", account),
]
