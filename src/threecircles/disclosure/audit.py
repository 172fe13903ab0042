"""The record of every look: without this module nobody could prove who saw what, or that nobody did.

An append-only table in `audit.sqlite` of the workspace. Each line carries the hash of the line
before it, so that changing, deleting or inserting one breaks the chain; an anchor kept elsewhere
(`head`) detects that the end was cut off.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threecircles.core.errors import ThreeCirclesError

FIRST = "0" * 64
"""The `prev` of the first line."""

IDENTIFIABLE = frozenset({
    "view_record", "signpost", "break_glass", "review_link", "link_across_adoption", "subject_access",
    "correct", "erase", "load_source", "view_sensitive_table", "export_extract",
})  # fmt: skip
"""Actions that read, or change, rows of children: a line that allows one says who, why and by which rule."""

_FIELDS = (
    "seq",
    "at",
    "actor",
    "action",
    "resource",
    "purpose",
    "basis",
    "decision",
    "policy",
    "detail_hash",
    "prev",
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  resource TEXT NOT NULL, purpose TEXT NOT NULL, basis TEXT NOT NULL, decision TEXT NOT NULL,
  policy TEXT NOT NULL, detail_hash TEXT, prev TEXT NOT NULL, hash TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS audit_detail (seq INTEGER PRIMARY KEY REFERENCES audit, detail TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS detail_kept BEFORE DELETE ON audit_detail BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS detail_fixed BEFORE UPDATE ON audit_detail BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""


@dataclass(frozen=True)
class Head:
    """The end of the log: number and hash of its last line. Keep it outside this machine."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}"


@dataclass(frozen=True)
class Verification:
    """What a walk along the chain found. broken_at: the first line that does not fit, or None."""

    lines: int
    head: Head
    broken_at: int | None = None
    reason: str = ""

    @property
    def good(self) -> bool:
        """True when every line fits the one before it, and the anchor if one was given."""
        return self.broken_at is None


def canonical(entry: Mapping[str, Any]) -> bytes:
    """Canonical JSON: keys sorted, no spaces, UTF-8, no floats (ValueError), empty fields left out."""

    def plain(value: object) -> None:
        if isinstance(value, float):
            raise ValueError("an audit line holds no floating-point number")
        for part in (
            value.values()
            if isinstance(value, Mapping)
            else value
            if isinstance(value, (list, tuple))
            else ()
        ):
            plain(part)

    plain(entry)
    kept = {k: v for k, v in entry.items() if v is not None}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def entry_hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 of a line with its `prev`, in hexadecimal."""
    return hashlib.sha256(canonical(entry)).hexdigest()


def log_path(workspace: Path) -> Path:
    """Where the log of a workspace lies."""
    return Path(workspace) / "audit.sqlite"


@contextmanager
def _log(workspace: Path) -> Iterator[sqlite3.Connection]:
    Path(workspace).mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(log_path(workspace), timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        if not connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'detail_fixed'"
        ).fetchone():
            connection.executescript(_SCHEMA)
        yield connection
    finally:
        connection.close()


def append(
    workspace: Path,
    *,
    actor: str,
    action: str,
    resource: str,
    purpose: str,
    basis: str,
    decision: str,
    policy: tuple[str, ...] = (),
    detail: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Head:
    """Write one line and return the new head. It is on disk when this returns.

    resource: an id such as `person:0123456789ABCDEF` or `table:record.measure`, never a name.
    detail: counts and ids of definitions that explain the line; its hash is part of the chain.
    Raises ThreeCirclesError when the log cannot be written; the caller must then refuse the read.
    """
    told = None if detail is None else canonical(detail).decode()
    if (
        decision == "allow"
        and action in IDENTIFIABLE
        and not (actor and purpose and basis and policy)
    ):
        raise ThreeCirclesError(
            "A look at children's rows without actor, purpose, basis and policy is refused.",
            where=log_path(workspace).name, found=action,
        )  # fmt: skip
    try:
        with _log(workspace) as log:
            log.execute("BEGIN IMMEDIATE")
            last = log.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
            entry: dict[str, Any] = {
                "seq": last["seq"] + 1 if last else 1,
                "at": (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "actor": actor, "action": action, "resource": resource, "purpose": purpose,
                "basis": basis, "decision": decision, "policy": list(policy),
                "detail_hash": None if told is None else hashlib.sha256(told.encode()).hexdigest(),
                "prev": last["hash"] if last else FIRST,
            }  # fmt: skip
            digest = entry_hash(entry)
            row = [json.dumps(entry["policy"]) if f == "policy" else entry[f] for f in _FIELDS]
            log.execute(f"INSERT INTO audit VALUES ({','.join('?' * 12)})", [*row, digest])
            if told is not None:
                log.execute("INSERT INTO audit_detail VALUES (?, ?)", [entry["seq"], told])
            log.execute("COMMIT")
    except sqlite3.Error as error:
        raise ThreeCirclesError(
            "The audit log cannot be written, so nothing may be read.",
            where=log_path(workspace).name, found=str(error),
            mend="Free space on the disk, or give this account the right to write the workspace.",
        ) from None  # fmt: skip
    return Head(entry["seq"], digest)


def lines(workspace: Path) -> list[dict[str, Any]]:
    """All lines in order, as dictionaries with `policy` as a list and `hash`."""
    if not log_path(workspace).exists():
        return []
    with _log(workspace) as log:
        return [
            dict(row) | {"policy": _policies(row["policy"])}
            for row in log.execute("SELECT * FROM audit ORDER BY seq")
        ]


def _policies(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text  # somebody changed it: the hash will say so


def head(workspace: Path) -> Head:
    """Number and hash of the last line (0 and zeros when the log is empty)."""
    if not log_path(workspace).exists():
        return Head(0, FIRST)
    with _log(workspace) as log:
        last = log.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(last["seq"], last["hash"]) if last else Head(0, FIRST)


def verify(workspace: Path, anchor: Head | None = None) -> Verification:
    """Walk the chain from the first line. With an anchor, also see that its line is still there."""
    entries, previous = lines(workspace), FIRST
    last = Head(0, FIRST)
    details = _details(workspace)
    for expected, line in enumerate(entries, start=1):
        entry = {f: line[f] for f in _FIELDS}
        told = details.get(line["seq"])
        if line["seq"] != expected:
            return Verification(len(entries), last, expected, f"line {expected} is missing")
        if line["prev"] != previous:
            return Verification(
                len(entries), last, expected, "it does not follow the line before it"
            )
        if entry_hash(entry) != line["hash"]:
            return Verification(len(entries), last, expected, "its content was changed")
        if (told is None) != (line["detail_hash"] is None) or (
            told is not None and hashlib.sha256(told.encode()).hexdigest() != line["detail_hash"]
        ):
            return Verification(len(entries), last, expected, "its details were changed")
        previous, last = line["hash"], Head(line["seq"], line["hash"])
    if anchor and anchor.seq:
        kept = entries[anchor.seq - 1]["hash"] if len(entries) >= anchor.seq else None
        if kept != anchor.hash:
            reason = (
                "the log ends before the anchor"
                if kept is None
                else "the line is not the anchored one"
            )
            return Verification(len(entries), last, min(anchor.seq, len(entries) + 1), reason)
    return Verification(len(entries), last)


def _details(workspace: Path) -> dict[int, str]:
    if not log_path(workspace).exists():
        return {}
    with _log(workspace) as log:
        return {
            row["seq"]: row["detail"] for row in log.execute("SELECT seq, detail FROM audit_detail")
        }
