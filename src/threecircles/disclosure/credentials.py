"""Local accounts for places without a provider of sign-in: without it they would share one password.

Passwords as Argon2id, second factors sealed, failures counted; kept in `accounts.sqlite` of the
workspace, apart from what is known of children.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from threecircles.core import keys
from threecircles.core.errors import UsageError
from threecircles.core.workspace import open_workspace
from threecircles.disclosure import audit, state
from threecircles.disclosure.secrets import secret

SHORTEST = 12
"""Characters of the shortest password; length counts, kinds of character do not (ASVS 5.0, 6.2)."""

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
"""After five failures an account answers nothing for a quarter of an hour, right or wrong."""

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("a password of nobody, so that an unknown name takes as long")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
  id TEXT PRIMARY KEY, password TEXT NOT NULL, factor TEXT NOT NULL, last_step INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, locked_until TEXT NOT NULL DEFAULT '');
"""


def make_account(workspace: Path, name: str, password: str, by: str = "") -> str:
    """Make or reset the local account of a person of the access file.

    by: who makes it, for the audit log and the notice to the officers (a reset is how one person
    could become another). Returns the address that an authenticator takes up (otpauth://...); it is
    shown once. Raises UsageError for a password that is too short or equals the name.
    """
    if len(password) < SHORTEST:
        raise UsageError(
            "The password is too short.", allowed=f"{SHORTEST} characters or more, of any kind"
        )
    if password.casefold() == name.casefold() or len(set(password)) < 4:
        raise UsageError("The password is too easy to guess.", mend="Take four words, say.")
    factor = pyotp.random_base32()
    sealed = base64.b64encode(keys.seal(factor.encode(), _key(workspace), name)).decode()
    if by:
        _told(workspace, name, by, "reset" if name in names(workspace) else "made")
    with _accounts(workspace) as kept:
        kept.execute(
            "INSERT OR REPLACE INTO account (id, password, factor) VALUES (?,?,?)",
            (name, _HASHER.hash(password), sealed),
        )
    return pyotp.TOTP(factor).provisioning_uri(name=name, issuer_name="Three Circles")


def right_credentials(
    workspace: Path, name: str, password: str, code: str, at: datetime | None = None
) -> bool:
    """True when password and six-digit code belong to the account. Each code counts once.

    Unknown names, wrong passwords, wrong codes and locked accounts are answered alike, and take
    as long.
    """
    now = at or datetime.now(UTC)
    with _accounts(workspace) as kept:
        kept.execute("BEGIN IMMEDIATE")
        row = kept.execute("SELECT * FROM account WHERE id = ?", (name,)).fetchone()
        known = _matches(row["password"] if row else _NOBODY, password)
        if row is None or row["locked_until"] > now.isoformat():
            kept.commit()
            return False
        step = int(now.timestamp()) // 30
        used = _step_of(workspace, row, code, step) if known else None
        if used is None:
            failures = row["failures"] + 1
            locked = (now + LOCKED_FOR).isoformat() if failures >= MOST_FAILURES else ""
            kept.execute(
                "UPDATE account SET failures = ?, locked_until = ? WHERE id = ?",
                (0 if locked else failures, locked, name),
            )
        else:
            kept.execute(
                "UPDATE account SET failures = 0, locked_until = '', last_step = ? WHERE id = ?",
                (used, name),
            )
        kept.commit()
    return used is not None


def names(workspace: Path) -> list[str]:
    """The local accounts of a workspace."""
    if not (Path(workspace) / "accounts.sqlite").exists():
        return []
    with _accounts(workspace) as kept:
        return [r["id"] for r in kept.execute("SELECT id FROM account ORDER BY id")]


def _told(workspace: Path, name: str, by: str, what: str) -> None:
    audit.append(
        workspace, actor=by, action="make_account", resource=f"account:{name}", purpose="audit", basis="art6_1_c",
        decision="allow", policy=("local-accounts",), detail={"what": what},
    )  # fmt: skip
    with state.state(workspace) as kept:
        state.notify(
            kept, "data_protection_officer", f"An account was {what}",
            f"{by} {what} the account of {name} on the command line.",
        )  # fmt: skip


def _step_of(workspace: Path, row: sqlite3.Row, code: str, step: int) -> int | None:
    """The half-minute a code belongs to, unless it was used already."""
    factor = keys.unseal(base64.b64decode(row["factor"]), _key(workspace), row["id"]).decode()
    totp = pyotp.TOTP(factor)
    digits = code.replace(" ", "")
    for near in (step, step - 1, step + 1):
        if near > row["last_step"] and pyotp.utils.strings_equal(digits, totp.at(near * 30)):
            return near
    return None


def _matches(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _key(workspace: Path) -> bytes:
    return secret("sign-in", open_workspace(Path(workspace)).id)


@contextmanager
def _accounts(workspace: Path) -> Iterator[sqlite3.Connection]:
    path = Path(workspace) / "accounts.sqlite"
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.executescript(_SCHEMA)
        path.chmod(0o600)
        yield connection
    finally:
        connection.close()
