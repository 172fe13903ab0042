"""Where answers are kept: without it a killed server or a doubled message would change what a child said.

SQLite in the study's folder, or PostgreSQL by its address (the extra `postgres`). No name, address or
device is held. A session's key is random; in an anonymous study the token that a tablet holds is
forgotten when the child has finished, so that nothing leads back to the answers.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.survey.connection import Connection
from threecircles.survey.keeping import Batch, keep

LARGEST_BATCH = 8_192
"""Bytes of one batch of answers."""
Ending = Literal["finished", "stopped"]

TABLES = """
CREATE TABLE IF NOT EXISTS school_window (urn TEXT PRIMARY KEY, name TEXT, phase TEXT, contact TEXT,
  adult TEXT, status TEXT NOT NULL, opens TEXT, closes TEXT, extended_to TEXT, extended_why TEXT);
CREATE TABLE IF NOT EXISTS class (code TEXT PRIMARY KEY, adult_code TEXT UNIQUE, urn TEXT NOT NULL,
  name TEXT, nc_year INTEGER, on_roll INTEGER, opted_out INTEGER NOT NULL DEFAULT 0, questionnaire TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pupil_code (code TEXT PRIMARY KEY, class_code TEXT NOT NULL,
  opted_out INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS session (key BIGINT PRIMARY KEY, token TEXT UNIQUE, class_code TEXT NOT NULL,
  pupil_code TEXT, questionnaire TEXT NOT NULL, language TEXT, mode TEXT, given TEXT, device TEXT,
  started_on TEXT, finished_on TEXT, status TEXT NOT NULL, at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS batch (session BIGINT NOT NULL, seq INTEGER NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY (session, seq));
CREATE TABLE IF NOT EXISTS answer (session BIGINT NOT NULL, item TEXT NOT NULL, value TEXT,
  missing_reason TEXT, seq INTEGER NOT NULL, client_ms BIGINT, PRIMARY KEY (session, item));
CREATE TABLE IF NOT EXISTS paradata (session BIGINT NOT NULL, page TEXT NOT NULL, shown_ms BIGINT,
  changes INTEGER, PRIMARY KEY (session, page));
CREATE TABLE IF NOT EXISTS consent (class_code TEXT PRIMARY KEY, yes INTEGER NOT NULL, no INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS log (at TEXT NOT NULL, what TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS session_class ON session (class_code);
"""


@dataclass(frozen=True)
class Session:
    """One child's form. given: codes in the order shown. at: the screen a page without JavaScript is on."""

    key: int
    token: str | None
    class_code: str
    pupil_code: str | None
    questionnaire: str
    language: str
    mode: str
    given: tuple[str, ...]
    status: Literal["open", "finished", "stopped"]
    at: int


class Store:
    """Sessions and answers of one study. address: a SQLite file, or a postgresql:// address."""

    def __init__(self, address: Path | str) -> None:
        self._lock = threading.RLock()
        self._connection = Connection(address)
        self.postgres = self._connection.postgres
        with self.writing():
            for statement in TABLES.split(";"):
                if statement.strip():
                    self.run(statement)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is kept, or nothing; one inside another is part of it.

        Raises StoreGoneError when the store does not answer.
        """
        with self._lock:
            if self._connection.within:
                yield
                return
            self._connection.begin()
            try:
                yield
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of a statement as dictionaries."""
        with self._lock:
            cursor = self._connection.execute(statement, values)
            if cursor.description is None:
                return []
            names = [d[0] for d in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run_later(self, statement: str, values: Sequence[Any] = ()) -> None:
        """A statement that gives no rows, within a transaction: done at the latest with its commit."""
        with self._lock:
            self._connection.execute_later(statement, values)

    def one(self, statement: str, values: Sequence[Any] = ()) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = self.run(statement, values)
        return rows[0] if rows else None

    def insert(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Insert rows within a transaction."""
        for row in rows:
            marks = ",".join("?" * len(row))
            self.run_later(
                f"INSERT INTO {table} ({','.join(row)}) VALUES ({marks})", list(row.values())
            )

    def log(self, what: str) -> None:
        """Note something done to the study (never to a child)."""
        self.run(
            "INSERT INTO log VALUES (?,?)", (datetime.now(UTC).isoformat("T", "seconds"), what)
        )

    def open_session(
        self,
        class_code: str,
        questionnaire: str,
        given: Sequence[str],
        language: str,
        mode: str,
        pupil_code: str | None = None,
        device: str = "",
    ) -> Session:
        """A new session after a yes; with a pupil code the one begun before, whatever the tablet."""
        with self.writing():
            if pupil_code is not None:
                begun = self.one("SELECT * FROM session WHERE pupil_code = ?", (pupil_code,))
                if begun is not None:
                    return _session(begun)
            made = {
                "key": secrets.randbits(62), "token": secrets.token_urlsafe(24), "class_code": class_code,
                "pupil_code": pupil_code, "questionnaire": questionnaire, "language": language,
                "mode": mode, "given": json.dumps(list(given)), "device": device,
                "started_on": date.today().isoformat(), "status": "open",
            }  # fmt: skip
            self.insert("session", [made])
            self._consent(class_code, "yes")
            return _session(made | {"at": 0})

    def refuse(self, class_code: str) -> None:
        """Count a no; nothing else is kept of it."""
        with self.writing():
            self._consent(class_code, "no")

    def _consent(self, class_code: str, which: str) -> None:
        self.run_later(
            "INSERT INTO consent VALUES (?,0,0) ON CONFLICT (class_code) DO NOTHING", (class_code,)
        )
        self.run_later(
            f"UPDATE consent SET {which} = {which} + 1 WHERE class_code = ?", (class_code,)
        )

    def session(self, token: str) -> Session | None:
        """The session of a token, while it is open."""
        row = self.one("SELECT * FROM session WHERE token = ?", (token,)) if token else None
        return _session(row) if row else None

    def save(self, token: str, seq: int, items: Sequence[dict[str, Any]]) -> int:
        """Keep a batch; returns the highest number up to which all have come.

        items: {item, value, missing_reason, client_ms, shown_ms, changes}. The same batch again is no
        news; answers to one question that come in any order end as the one of the highest number.
        Raises UsageError without an open session, ConflictError when the number is taken by other answers.
        """
        with self.writing():
            (through,) = keep(self, [Batch(token, seq, items)])
            if isinstance(through, ThreeCirclesError):
                raise through
            return through

    def next_seq(self, key: int) -> int:
        """The next free number."""
        row = self.one("SELECT MAX(seq) AS top FROM batch WHERE session=?", (key,))
        return int((row and row["top"]) or 0) + 1

    def answers(self, key: int) -> dict[str, Any]:
        """Answers of a session by code; lists where several were chosen."""
        told = {}
        for row in self.run(
            "SELECT item, value FROM answer WHERE session=? AND value IS NOT NULL", (key,)
        ):
            text = row["value"]
            told[row["item"]] = json.loads(text) if text.startswith("[") else text
        return told

    def set(self, token: str, **changes: Any) -> None:
        """Change language, mode or place of an open session."""
        with self.writing():
            for name, value in changes.items():
                if name not in ("language", "mode", "at"):
                    raise UsageError("This cannot be changed.", found=name)
                self.run(f"UPDATE session SET {name}=? WHERE token=?", (value, token))

    def finish(self, token: str, status: Ending = "finished") -> bool:
        """End a session and forget its token. False when it had ended before."""
        with self.writing():
            found = self.session(token)
            if found is None:
                return False
            self.run_later(
                "UPDATE session SET status=?, finished_on=?, token=NULL WHERE key=?",
                (status, date.today().isoformat(), found.key),
            )
            # Once all has come the numbers of batches serve nobody.
            self.run_later("DELETE FROM batch WHERE session=?", (found.key,))
            return True


def _session(row: dict[str, Any]) -> Session:
    return Session(
        row["key"], row["token"], row["class_code"], row["pupil_code"], row["questionnaire"],
        row["language"], row["mode"], tuple(json.loads(row["given"])), row["status"], row["at"],
    )  # fmt: skip
