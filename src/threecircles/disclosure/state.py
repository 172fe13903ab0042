"""What people enter about rights, studies and sharing: without it a decision would live in an e-mail.

Tables in `state.sqlite` of the workspace. They hold person ids, dates and reasons, never a name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "state.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS study_opened (
  kind TEXT NOT NULL, study TEXT NOT NULL, ethics_id TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS link_made (
  one TEXT NOT NULL, other TEXT NOT NULL, purpose TEXT NOT NULL, ethics_id TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (one, other, purpose, ethics_id));
CREATE TABLE IF NOT EXISTS preference (
  id INTEGER PRIMARY KEY, person TEXT NOT NULL, purpose TEXT NOT NULL, kind TEXT NOT NULL,
  whose TEXT NOT NULL, from_day TEXT NOT NULL, to_day TEXT, evidence TEXT NOT NULL,
  judgement TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS correction (
  id INTEGER PRIMARY KEY, person TEXT NOT NULL, delivery TEXT NOT NULL, source_table TEXT NOT NULL,
  row_number INTEGER NOT NULL, column_name TEXT NOT NULL, sealed_value TEXT NOT NULL,
  reason TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rights_request (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, kind TEXT NOT NULL, received TEXT NOT NULL,
  complex INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, second_person TEXT);
CREATE TABLE IF NOT EXISTS rights_step (
  request TEXT NOT NULL, seq INTEGER NOT NULL, action TEXT NOT NULL, day TEXT NOT NULL,
  by TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (request, seq));
CREATE TABLE IF NOT EXISTS hold (
  id INTEGER PRIMARY KEY, person TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
  from_day TEXT NOT NULL, to_day TEXT, by TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tombstone (
  old_hash TEXT PRIMARY KEY, new_hash TEXT NOT NULL, rows_removed INTEGER NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS erased (
  token TEXT PRIMARY KEY, request TEXT NOT NULL, backups_until TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS share_decision (
  id INTEGER PRIMARY KEY, child TEXT NOT NULL, asked_by TEXT NOT NULL, asked_of TEXT NOT NULL,
  decision TEXT NOT NULL, reason TEXT NOT NULL, more_detrimental TEXT NOT NULL, by TEXT NOT NULL,
  at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notice (
  id INTEGER PRIMARY KEY, to_whom TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS breach (
  id INTEGER PRIMARY KEY, day TEXT NOT NULL, what TEXT NOT NULL, told TEXT NOT NULL, by TEXT NOT NULL);
"""


@contextmanager
def state(workspace: Path) -> Iterator[sqlite3.Connection]:
    """The tables of a workspace in one transaction: all of a block is kept, or none of it."""
    Path(workspace).mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(Path(workspace) / FILE, timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'breach'").fetchone():
            connection.executescript(_SCHEMA)
        with connection:
            yield connection
    finally:
        connection.close()


def rows(workspace: Path, question: str, *values: object) -> list[dict[str, Any]]:
    """Rows of a question as dictionaries; an empty list where nothing was ever entered."""
    if not (Path(workspace) / FILE).exists():
        return []
    with state(workspace) as kept:
        return [dict(r) for r in kept.execute(question, values)]


def now() -> str:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def notify(kept: sqlite3.Connection, to_whom: str, subject: str, text: str) -> None:
    """Put a notice in the queue from which the council's own mail takes it."""
    kept.execute(
        "INSERT INTO notice (to_whom, subject, text, at) VALUES (?,?,?,?)",
        (to_whom, subject, text, now()),
    )
