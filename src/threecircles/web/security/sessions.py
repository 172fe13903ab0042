"""Who is signed in: without it every working page would have to trust a name in a request.

Server-side rows in `sessions.sqlite` of the workspace. The browser holds an opaque 256-bit id; the
row holds its hash, so that a copied database opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from threecircles.disclosure.policy import Person

IDLE = timedelta(minutes=60)
IDLE_IDENTIFIABLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
FRESH = 300
"""Seconds for which a sign-in counts as fresh (policies never-without-fresh-sign-in)."""

Kind = Literal["oidc", "local", "development", "operator"]

_PROCESS = secrets.token_bytes(32)
"""Binds the forms of the person at the machine, who has no session row, to this process."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
  id_hash TEXT PRIMARY KEY, actor TEXT NOT NULL, kind TEXT NOT NULL, mfa INTEGER NOT NULL,
  claims TEXT NOT NULL, roles TEXT NOT NULL, secret TEXT NOT NULL, made TEXT NOT NULL,
  seen TEXT NOT NULL, signed_in TEXT NOT NULL,
  left_alone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS flow (
  state_hash TEXT PRIMARY KEY, browser_hash TEXT NOT NULL, nonce TEXT NOT NULL,
  verifier TEXT NOT NULL, next TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempt (who TEXT NOT NULL, at TEXT NOT NULL);
"""


@dataclass(frozen=True, kw_only=True)
class Session:
    """One sign-in. age: seconds since it; claims: what a provider said, {} for local accounts."""

    actor: str
    kind: Kind
    mfa: bool
    age: int
    seen: datetime
    roles: tuple[str, ...]
    claims: dict[str, object]
    secret: bytes
    handle: str = ""


CURRENT: ContextVar[tuple[Session, Person] | None] = ContextVar("signed_in", default=None)
"""The session and person of the request being answered."""


@contextmanager
def database(workspace: Path) -> Iterator[sqlite3.Connection]:
    """The tables of sessions, one transaction a block; readable by the server's account only."""
    path = Path(workspace) / "sessions.sqlite"
    connection = sqlite3.connect(path, timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        connection.executescript(_SCHEMA)
        path.chmod(0o600)
        with connection:
            yield connection
    finally:
        connection.close()


def begin(
    workspace: Path, actor: str, kind: Kind, roles: tuple[str, ...], *, mfa: bool,
    claims: dict[str, object] | None = None, ends: str = "", at: datetime | None = None,
) -> str:  # fmt: skip
    """A new session; returns the id for the browser. ends: an id that must not live on (fixation)."""
    handle = secrets.token_urlsafe(32)
    moment = (at or datetime.now(UTC)).isoformat()
    with database(workspace) as kept:
        if ends:
            kept.execute("DELETE FROM session WHERE id_hash = ?", (hashed(ends),))
        kept.execute(
            "INSERT INTO session VALUES (?,?,?,?,?,?,?,?,?,?,0)",
            (hashed(handle), actor, kind, int(mfa), json.dumps(claims or {}), json.dumps(roles),
             secrets.token_hex(32), moment, moment, moment),
        )  # fmt: skip
    return handle


def find(
    workspace: Path, handle: str, *, identifiable: bool = False, at: datetime | None = None
) -> Session | None:
    """The session of an id, touched; None when there is none or its time is over."""
    if not handle:
        return None
    now = at or datetime.now(UTC)
    with database(workspace) as kept:
        row = kept.execute("SELECT * FROM session WHERE id_hash = ?", (hashed(handle),)).fetchone()
        if row is None:
            return None
        seen, made = (datetime.fromisoformat(row[c]) for c in ("seen", "made"))
        if now - made >= ABSOLUTE or now - seen >= IDLE:
            kept.execute("DELETE FROM session WHERE id_hash = ?", (hashed(handle),))
            return None
        # A screen once left alone for a quarter of an hour shows no child again, whatever else it opens.
        left = bool(row["left_alone"]) or now - seen >= IDLE_IDENTIFIABLE
        kept.execute(
            "UPDATE session SET seen = ?, left_alone = ? WHERE id_hash = ?",
            (now.isoformat(), int(left), hashed(handle)),
        )
    if identifiable and left:
        return None
    signed = datetime.fromisoformat(row["signed_in"])
    return Session(
        actor=row["actor"], kind=row["kind"], mfa=bool(row["mfa"]), seen=seen, handle=handle,
        age=int((now - signed).total_seconds()), roles=tuple(json.loads(row["roles"])),
        claims=json.loads(row["claims"]), secret=bytes.fromhex(row["secret"]),
    )  # fmt: skip


def rotate(workspace: Path, session: Session, roles: tuple[str, ...]) -> str:
    """The same sign-in under a new id, after a change of role; returns the new id."""
    handle = secrets.token_urlsafe(32)
    with database(workspace) as kept:
        kept.execute(
            "UPDATE session SET id_hash = ?, roles = ? WHERE id_hash = ?",
            (hashed(handle), json.dumps(roles), hashed(session.handle)),
        )
    return handle


def end_all(workspace: Path, actor: str) -> int:
    """End every session of a person, on whatever machine; returns how many."""
    with database(workspace) as kept:
        return kept.execute("DELETE FROM session WHERE actor = ?", (actor,)).rowcount


def operator(actor: str, roles: tuple[str, ...]) -> Session:
    """The person at the machine of a workspace without an access file: no sign-in, no second factor."""
    return Session(
        actor=actor, kind="operator", mfa=False, age=0, seen=datetime.now(UTC), roles=roles,
        claims={}, secret=_PROCESS,
    )  # fmt: skip


def form_secret(session: Session) -> str:
    """What a form of this session must send back."""
    bound = f"{session.actor}\x1f{hashed(session.handle)}".encode()
    return hmac.new(session.secret, bound, hashlib.sha256).hexdigest()


def too_many(workspace: Path, who: str, most: int, within: timedelta) -> bool:
    """Count one more try of somebody; True when they have tried too often."""
    now = datetime.now(UTC)
    with database(workspace) as kept:
        kept.execute("DELETE FROM attempt WHERE at < ?", ((now - within).isoformat(),))
        kept.execute("INSERT INTO attempt VALUES (?,?)", (who, now.isoformat()))
        (count,) = kept.execute("SELECT count(*) FROM attempt WHERE who = ?", (who,)).fetchone()
    return int(count) > most


def hashed(handle: str) -> str:
    """How an id is kept."""
    return hashlib.sha256(handle.encode()).hexdigest()
