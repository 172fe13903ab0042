"""Sign-in with the council's own provider (OpenID Connect): without it people would need one more password.

Authorisation code flow with PKCE (S256), state and nonce; issuer and audience must be exactly the
configured ones, and only asymmetric signatures of the provider's published keys count.
"""

from __future__ import annotations

import secrets
import time
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.definitions import Definition, load_text
from threecircles.disclosure.secrets import given
from threecircles.web.security import fetch, sessions

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Signatures that are believed; `none` and shared secrets are not among them."""

FLOW_LASTS = timedelta(minutes=10)
LEEWAY = 60
"""Seconds by which two clocks may differ."""


@dataclass(frozen=True, kw_only=True)
class Provider(Definition):
    """The council's provider, from `sign_in.yaml` of the workspace.

    issuer: exactly as its tokens write it. discovery: its configuration address, set by hand. client:
    our id there; the secret comes from THREECIRCLES_OIDC_SECRET. address: how readers reach us.
    account_claim: the claim that is the account's name. groups_claim and groups: which groups hold
    which roles; teams: which groups are which teams. mfa: values of `amr` that mean a second factor.
    """

    issuer: str
    discovery: str
    client: str
    address: str
    account_claim: str = "sub"
    groups_claim: str = "groups"
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)
    mfa: tuple[str, ...] = ("mfa",)
    inside: bool = False
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signed:
    """Who the provider says is there: account name, second factor, and the claims we keep."""

    actor: str
    mfa: bool
    claims: dict[str, object]
    next: str


def provider(workspace: Path) -> Provider | None:
    """The configured provider, or None."""
    path = Path(workspace) / "sign_in.yaml"
    return (
        load_text(path.read_text(encoding="utf-8"), Provider, path.name) if path.exists() else None
    )


def start(workspace: Path, known: Provider, browser: str, next_path: str) -> str:
    """The address to send a reader to. browser: an opaque value kept in the reader's cookie."""
    with _client(known) as asked:
        about = _configuration(known, asked)
        verifier, nonce, state = (secrets.token_urlsafe(n) for n in (48, 32, 32))
        url, _ = asked.create_authorization_url(
            about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    with sessions.database(workspace) as kept:
        kept.execute("DELETE FROM flow WHERE made < ?", ((_now() - FLOW_LASTS).isoformat(),))
        kept.execute(
            "INSERT INTO flow VALUES (?,?,?,?,?,?)",
            (
                sessions.hashed(state),
                sessions.hashed(browser),
                nonce,
                verifier,
                next_path,
                _now().isoformat(),
            ),
        )
    return str(url)


def finish(workspace: Path, known: Provider, browser: str, query: dict[str, str]) -> Signed:
    """Who came back. Raises NotPermitted for a state that is unknown, used, old or another browser's,
    and for every token that is not exactly right."""
    from authlib.integrations.base_client import OAuthError

    flow = _take(workspace, query.get("state", ""), browser)
    if "error" in query or not query.get("code"):
        raise NotPermitted(
            "The provider did not sign you in.", mend="Try again, or ask its help desk."
        )
    if query.get("iss", known.issuer) != known.issuer:
        raise NotPermitted("The answer comes from another provider than the one asked.")
    try:
        with _client(known) as asked:
            about = _configuration(known, asked)
            token = asked.fetch_token(
                about["token_endpoint"], code=query["code"], code_verifier=flow["verifier"],
                grant_type="authorization_code",
            )  # fmt: skip
            published = asked.request("GET", about["jwks_uri"], withhold_token=True).json()
        claims = judged(
            known, token.get("id_token", ""), KeySet.import_key_set(published), flow["nonce"]
        )
    except (OAuthError, JoseError, httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
        raise NotPermitted(
            "The provider's answer could not be believed.", found=type(fault).__name__,
            mend="Try again; if it happens again, show this to whoever runs sign-in.",
        ) from None  # fmt: skip
    return _signed(known, claims, flow["next"])


def judged(known: Provider, token: str, published: KeySet, nonce: str) -> dict[str, object]:
    """The claims of an identity token whose signature, issuer, audience, time and nonce are all right.

    Raises JoseError or ValueError.
    """
    claims = jwt.decode(token, published, algorithms=ALGORITHMS).claims
    jwt.JWTClaimsRegistry(
        now=int(time.time()), leeway=LEEWAY,
        iss={"essential": True, "value": known.issuer}, sub={"essential": True},
        exp={"essential": True}, iat={"essential": True}, nonce={"essential": True, "value": nonce},
        aud={"essential": True},
    ).validate(claims)  # fmt: skip
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if audience != [known.client] or claims.get("azp", known.client) != known.client:
        raise ValueError("audience")
    return dict(claims)


def _signed(known: Provider, claims: dict[str, object], next_path: str) -> Signed:
    actor = claims.get(known.account_claim)
    if not isinstance(actor, str) or not actor.isprintable() or not 0 < len(actor) <= 120:
        raise NotPermitted(
            f"The provider's answer has no {known.account_claim} that can be a name."
        )
    groups = claims.get(known.groups_claim) or []
    held = [str(g) for g in groups] if isinstance(groups, list) else []
    kept: dict[str, object] = {
        "roles": sorted({r for g in held for r in known.groups.get(g, ())}),
        "teams": sorted({known.teams[g] for g in held if g in known.teams}),
    }
    methods = claims.get("amr")
    mfa = isinstance(methods, list) and any(m in known.mfa for m in methods)
    return Signed(actor, mfa, kept, next_path)


def _configuration(known: Provider, asked: Any) -> dict[str, str]:
    try:
        answer = asked.request("GET", known.discovery, withhold_token=True)
        about = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        about = {}
    if about.get("issuer") != known.issuer:
        raise NotPermitted(
            "The provider's configuration does not bear the configured issuer.",
            found=str(about.get("issuer", "nothing"))[:100], allowed=known.issuer,
        )  # fmt: skip
    return about


def _client(known: Provider) -> Any:
    with warnings.catch_warnings():
        # Its note to developers about another HTTP library is nothing for the reader of a log.
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import OAuth2Client

    hosts = known.hosts or tuple(
        dict.fromkeys(urlsplit(u).netloc for u in (known.discovery, known.issuer))
    )
    if not known.address.startswith("http"):
        raise UsageError("sign_in.yaml needs the address by which readers reach these pages.")
    return OAuth2Client(
        known.client, given("oidc-secret"), scope="openid profile",
        redirect_uri=f"{known.address.rstrip('/')}/sign-in/return", code_challenge_method="S256",
        transport=fetch.NamedHosts(hosts, inside=known.inside), timeout=fetch.SECONDS,
        follow_redirects=False, trust_env=False,
    )  # fmt: skip


def _take(workspace: Path, state: str, browser: str) -> dict[str, str]:
    """The flow of a state, once: it is gone when this returns."""
    with sessions.database(workspace) as kept:
        row = kept.execute(
            "DELETE FROM flow WHERE state_hash = ? RETURNING *", (sessions.hashed(state),)
        ).fetchone()
    fresh = row is not None and datetime.fromisoformat(row["made"]) > _now() - FLOW_LASTS
    if row is None or not fresh or row["browser_hash"] != sessions.hashed(browser):
        raise NotPermitted("This sign-in was not begun here, or too long ago.", mend="Begin again.")
    return dict(row)


def _now() -> datetime:
    return datetime.now(UTC)
