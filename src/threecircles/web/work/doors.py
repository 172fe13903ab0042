"""Asks before each working page: without it the pages of work would be open to whoever finds them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from threecircles.disclosure.people import person
from threecircles.disclosure.permission import check_may

_SECRET = secrets.token_bytes(32)
"""Lives as long as the process; forms sent to an older one are asked again."""


@dataclass(frozen=True)
class Permit:
    """Who may do what on this page, by which policies; the audit line is written already."""

    actor: str
    purpose: str
    policies: tuple[str, ...]


def permit(request: Request, action: str, purpose: str, resource: str) -> Permit:
    """Permission for this request, or NotPermitted. The actor is the account the server runs under."""
    folder = request.app.state.workspace
    actor = person(folder)
    about = {"owner": actor.organisation, "sensitivity": "identifiable", "purposes": [purpose]}
    policies = check_may(
        action,
        actor=actor,
        purpose_id=purpose,
        folder=folder,
        resource_id=resource,
        resource=about,
    )
    return Permit(actor.id, purpose, policies)


def form_token(actor: str) -> str:
    """What a form must send back, so that no page elsewhere can send it for this person."""
    return hmac.new(_SECRET, actor.encode(), hashlib.sha256).hexdigest()


def check_form(request: Request, actor: str, token: str) -> None:
    """Raises 403 unless the form came from a page of ours."""
    elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if elsewhere or not hmac.compare_digest(token, form_token(actor)):
        raise HTTPException(403)
