"""Courts and inquiries may order that nothing be taken out: without it an erasure could destroy evidence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from threecircles.core.dates import in_words
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure import state

KINDS = ("court", "inquiry", "complaint")


def hold(
    workspace: Path, person: str, kind: str, reason: str, by: str, until: date | None = None
) -> None:
    """Put a hold on a person's data (`*` = on everybody's). Raises UsageError without a reason."""
    if kind not in KINDS or not reason.strip():
        raise UsageError("A hold needs a kind and a reason.", allowed=", ".join(KINDS))
    with state.state(workspace) as kept:
        kept.execute(
            "INSERT INTO hold (person, kind, reason, from_day, to_day, by, at) VALUES (?,?,?,?,?,?,?)",
            (person, kind, reason, _today().isoformat(), until.isoformat() if until else None, by, state.now()),
        )  # fmt: skip


def check_no_hold(workspace: Path, person: str) -> None:
    """Raise NotPermitted while a hold stands, saying its kind and until when, never the matter."""
    _refuse(
        state.rows(
            workspace,
            "SELECT kind, to_day FROM hold WHERE person IN (?, '*') AND (to_day IS NULL OR to_day >= ?)",
            person, _today().isoformat(),
        )
    )  # fmt: skip


def check_no_hold_at_all(workspace: Path) -> None:
    """Raise NotPermitted while a hold stands on anybody: a whole file may hold their rows."""
    _refuse(
        state.rows(
            workspace,
            "SELECT kind, to_day FROM hold WHERE to_day IS NULL OR to_day >= ?",
            _today().isoformat(),
        )
    )


def _refuse(found: list[dict[str, Any]]) -> None:
    if found:
        first = found[0]
        until = f" until {in_words(date.fromisoformat(first['to_day']))}" if first["to_day"] else ""
        raise NotPermitted(
            f"A hold ({first['kind']}) stands{until}: nothing may be taken out.",
            mend="Tell the person; ask again when it is lifted.",
        )


def _today() -> date:
    return datetime.now(UTC).date()
