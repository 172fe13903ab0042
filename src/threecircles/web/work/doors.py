"""Asks before each working page: without it the pages of work would be open to whoever finds them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from threecircles.disclosure.permission import check_may
from threecircles.disclosure.policy import Person, resource_type
from threecircles.web.security import sessions, signed


@dataclass(frozen=True)
class Permit:
    """Who may do what on this page, by which policies; the audit line is written already."""

    actor: str
    purpose: str
    policies: tuple[str, ...]


def permit(
    request: Request,
    action: str,
    purpose: str,
    resource: str,
    about: Mapping[str, Any] | None = None,
    *,
    two_people: bool = False,
    detail: Mapping[str, Any] | None = None,
) -> Permit:
    """Permission for this request, or NotPermitted; the audit line is written first.

    resource: for the audit line, such as `person:0123456789ABCDEF`, never a name. about: what the
    policies need to know of it (team, restricted ...); default: the house's own data. The actor is
    who signed in.
    """
    session, actor = current(request)
    if about is None and resource_type(action) == "Dataset":
        about = {"owner": actor.organisation, "sensitivity": "identifiable", "purposes": [purpose]}
    policies = check_may(
        action, actor=actor, purpose_id=purpose, folder=request.app.state.workspace,
        resource_id=resource, resource=about, session_age=session.age, two_people=two_people, detail=detail,
    )  # fmt: skip
    return Permit(actor.id, purpose, policies)


def current(request: Request) -> tuple[sessions.Session, Person]:
    """Who is signed in on this request. Raises 403 when nobody is."""
    found = sessions.CURRENT.get() or signed.who(request, identifiable=True)
    if found is None:
        raise HTTPException(403)
    return found


def form_token(actor: str) -> str:
    """What a form must send back, so that no page elsewhere can send it for this person."""
    found = sessions.CURRENT.get()
    if found is None or found[0].actor != actor:
        raise HTTPException(403)
    return sessions.form_secret(found[0])


def check_form(request: Request, actor: str, token: str) -> None:
    """Raises 403 unless the form came from a page of ours, shown in this session."""
    if signed.from_elsewhere(request) or not hmac.compare_digest(
        token.encode(), form_token(actor).encode()
    ):
        raise HTTPException(403)
