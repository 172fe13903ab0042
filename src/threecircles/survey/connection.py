"""The way to the store: without it one restart of a database server would end every form of a morning.

A lost connection to PostgreSQL is made anew. A question that changes nothing, and the start of a
transaction, are then asked again; a transaction that was broken off is not: whoever sent it sends it again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from threecircles.core.errors import ThreeCirclesError, UsageError

PATIENCE = {
    "connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000,
}  # fmt: skip
"""How long a server that says nothing is waited for (seconds; the last in milliseconds)."""


Asked = tuple[str, Sequence[Any]]
_BEGIN: Asked = ("BEGIN", ())


class StoreGoneError(ThreeCirclesError):
    """The store does not answer. Nothing was kept of this; it may be sent again."""

    def __init__(self, why: str = "") -> None:
        super().__init__(
            "The store cannot be reached.",
            found=why,
            mend="Nothing is lost: try again in a minute.",
        )


class Connection:
    """One connection to SQLite or PostgreSQL, made anew when it was lost."""

    def __init__(self, address: Path | str) -> None:
        self.postgres = str(address).startswith(("postgresql://", "postgres://"))
        self._address = address
        self.within = False
        self._waiting: list[Asked] = []
        self._own = self._opened()

    def _opened(self) -> Any:
        return _postgres(str(self._address)) if self.postgres else _sqlite(Path(self._address))

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """A cursor over what the statement gives. Raises StoreGoneError when the store does not answer."""
        # Nothing is lost with a transaction of which nothing was sent: it can be begun anew.
        begun = self.within and not (self._waiting and self._waiting[0] == _BEGIN)
        asked = [*self._waiting, (statement, values)]
        try:
            made = self._sent(asked)
        except Exception as error:
            if not self._lost():
                raise
            if begun:
                raise StoreGoneError("the connection was lost") from error
            self._own = self._opened()
            if not self.within and not statement.startswith("SELECT"):
                # It may have been done before the connection went: only the sender knows whether to ask again.
                raise StoreGoneError("the connection was lost") from error
            made = self._sent(asked)
        self._waiting = []
        return made

    def execute_later(self, statement: str, values: Sequence[Any] = ()) -> None:
        """The same for a statement that gives no rows, within a transaction: on PostgreSQL it goes with the
        next, at the latest with the commit. Each asked alone would wait its turn among the threads."""
        if self.postgres and self.within:
            self._waiting.append((statement, values))
        else:
            self.execute(statement, values)

    def _sent(self, asked: Sequence[Asked]) -> Any:
        """The cursor of the last of the statements."""
        together = self._own.pipeline() if len(asked) > 1 else nullcontext()
        with together:
            made = [self._own.execute(self._dialect(s), tuple(v)) for s, v in asked]
        return made[-1]

    def _dialect(self, statement: str) -> str:
        return statement.replace("?", "%s") if self.postgres else statement

    def begin(self) -> None:
        """Start a transaction: on PostgreSQL with its first statement, on SQLite with its first change."""
        self.within = True
        self._waiting = [_BEGIN] if self.postgres else []

    def commit(self) -> None:
        """Keep what was done since `begin`. Raises StoreGoneError when nobody can say whether it was kept."""
        waiting, self._waiting, self.within = self._waiting, [], False
        if waiting == [_BEGIN]:
            return
        try:
            if self.postgres:
                self._sent([*waiting, ("COMMIT", ())])
            else:
                self._own.commit()
        except Exception as error:
            if self._lost():
                raise StoreGoneError("the connection was lost") from error
            raise

    def rollback(self) -> None:
        """Undo what was done since `begin`; of a lost connection the server has undone it."""
        self.within, self._waiting = False, []
        if self._lost():
            return
        try:
            self._own.rollback()
        except Exception:
            if not self._lost():
                raise

    def close(self) -> None:
        """End the connection."""
        self._own.close()

    def _lost(self) -> bool:
        return self.postgres and bool(self._own.closed)


def _sqlite(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30, cached_statements=256)
    connection.execute("PRAGMA journal_mode=WAL")
    # WAL with NORMAL loses nothing that was confirmed when a process dies; FULL also holds when power goes.
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _postgres(address: str) -> Any:
    try:
        import psycopg
    except ImportError:
        raise UsageError(
            "PostgreSQL needs psycopg, which is not installed.",
            mend="Install threecircles[postgres].",
        ) from None
    try:
        # Reads stand alone: one that fails, or lasts, must not hold up those after it.
        return psycopg.connect(address, autocommit=True, **PATIENCE)
    except psycopg.OperationalError as error:
        raise StoreGoneError(str(error).splitlines()[0]) from None
