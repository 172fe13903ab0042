"""What readers and tables write down, never overwritten: without it the second reader would erase the first.

SQLite in `needs-audit/STUDY` of the workspace. It holds numbers of cases, coded facts and moves of cards;
no name, birthday or address.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError

FOLDER = "needs-audit"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS study_case (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, told TEXT NOT NULL, twice INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS coding (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, coder TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL,
  at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS coding_of ON coding (name, coder, field);
CREATE TABLE IF NOT EXISTS reading (name TEXT NOT NULL, coder TEXT NOT NULL, opened TEXT, done TEXT,
  PRIMARY KEY (name, coder));
CREATE TABLE IF NOT EXISTS board (name TEXT PRIMARY KEY, saved TEXT, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY AUTOINCREMENT, board TEXT NOT NULL, tablet TEXT NOT NULL, kind TEXT NOT NULL,
  card INTEGER, place TEXT, before TEXT, over INTEGER, undoes INTEGER, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_of ON event (board, id);
CREATE TRIGGER IF NOT EXISTS event_stays BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events stay'); END;
CREATE TRIGGER IF NOT EXISTS event_is BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events stay'); END;
CREATE TRIGGER IF NOT EXISTS coding_stays BEFORE DELETE ON coding BEGIN SELECT RAISE(ABORT, 'codes stay'); END;
CREATE TRIGGER IF NOT EXISTS coding_is BEFORE UPDATE ON coding BEGIN SELECT RAISE(ABORT, 'codes stay'); END;
"""


def named(name: str, what: str) -> str:
    """A name that may be part of a path. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"This is no name for a {what}.",
            found=name[:60],
            allowed="letters without accents, figures, - and _, at most 60",
        )
    return name


def folder_of(workspace: Path, study: str) -> Path:
    """Where an audit lies in a workspace."""
    return Path(workspace) / FOLDER / named(study, "study")


def audits(workspace: Path) -> list[str]:
    """The audits of a workspace that have a plan."""
    home = Path(workspace) / FOLDER
    return sorted(p.parent.name for p in home.glob("*/audit.sqlite")) if home.is_dir() else []


class AuditStore:
    """The writings of one audit. Every writing is one transaction: all of it is kept, or none."""

    def __init__(self, workspace: Path, study: str, *, create: bool = False) -> None:
        self.folder = folder_of(workspace, study)
        self.study = study
        self.path = self.folder / "audit.sqlite"
        if not create and not self.path.exists():
            raise UsageError(
                f"There is no audit called {study} here.",
                found=", ".join(audits(workspace)) or "no audit",
                mend="Draw its cases first: threecircles needs-audit plan.",
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        if create:
            with self.writing() as kept:
                kept.executescript(_SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose block is one transaction; others wait for it."""
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT") if connection.in_transaction else None
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            connection.close()

    def rows(self, question: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a question as dictionaries."""
        connection = sqlite3.connect(self.path, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(r) for r in connection.execute(question, values)]
        finally:
            connection.close()

    def keep_plan(self, cases: pl.DataFrame, settings: Mapping[str, Any]) -> None:
        """The drawn cases with their strata, chance and weight. A plan is drawn once: another one is refused."""
        with self.writing() as kept:
            if kept.execute("SELECT 1 FROM study_case").fetchone():
                raise UsageError(
                    f"The audit {self.study} has a plan already.",
                    mend="Give the new audit a name of its own, or go on with the cases drawn.",
                )
            for number, row in enumerate(cases.iter_rows(named=True), 1):
                kept.execute(
                    "INSERT INTO study_case (number, name, told) VALUES (?,?,?)",
                    (number, str(row["case"]), json.dumps(row)),
                )
            kept.executemany(
                "INSERT INTO setting VALUES (?,?)",
                [(k, json.dumps(v)) for k, v in settings.items()],
            )

    def settings(self) -> dict[str, Any]:
        """What was settled when the cases were drawn: seed, ethics decision, form."""
        return {
            r["name"]: json.loads(r["value"]) for r in self.rows("SELECT name, value FROM setting")
        }

    def cases(self) -> pl.DataFrame:
        """number (the card's), case, agency, area, age_band, n_stratum, chance, weight, twice."""
        made = [
            json.loads(r["told"]) | {"number": r["number"], "twice": bool(r["twice"])}
            for r in self.rows("SELECT number, told, twice FROM study_case ORDER BY number")
        ]
        return pl.DataFrame(made, infer_schema_length=None)


def now() -> str:
    """This moment in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
