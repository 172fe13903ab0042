"""Batches of answers that come together are kept together: without it a full morning would wait in line.

Thousands of batches come in one morning. Each written for itself asks the store five times, and it is the
asking that takes the time; written together, thirty ask PostgreSQL once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threecircles.core.errors import ThreeCirclesError, UsageError

if TYPE_CHECKING:
    from threecircles.survey.store import Store

_ROWS = 2_000
"""Rows of one statement at most: stores take some 30,000 values in one."""
_BATCH = "INSERT INTO batch VALUES {rows}"
_OPEN = "(SELECT key FROM session WHERE token=?{held})"
"""The form of a token. Of one that is finished there is none, and a batch without a form breaks the
transaction: another server may have finished it since this one asked."""
_HELD = " FOR KEY SHARE"
"""Nobody can finish the form until the batch is kept. SQLite lets one transaction write at a time anyway."""
_ANSWER = (
    "INSERT INTO answer VALUES {rows} ON CONFLICT (session, item) DO UPDATE SET value=excluded.value, "
    "missing_reason=excluded.missing_reason, seq=excluded.seq, client_ms=excluded.client_ms "
    "WHERE excluded.seq >= answer.seq"
)
_PARADATA = (
    "INSERT INTO paradata VALUES {rows} ON CONFLICT (session, page) DO UPDATE SET "
    "shown_ms=paradata.shown_ms+excluded.shown_ms, changes=paradata.changes+1"
)


@dataclass(frozen=True)
class Batch:
    """Answers of one form under one number. items: {item, value, missing_reason, client_ms, shown_ms, changes}."""

    token: str
    seq: int
    items: Sequence[dict[str, Any]]

    @property
    def digest(self) -> str:
        """What tells the same batch sent again from other answers under its number."""
        told = json.dumps(list(self.items), sort_keys=True).encode()
        return hashlib.sha256(told).hexdigest()[:24]


class ConflictError(ThreeCirclesError):
    """A batch came under a number that other answers have: the sender takes the next free one."""

    def __init__(self, next_seq: int) -> None:
        super().__init__("This number is taken by other answers.", found=str(next_seq - 1))
        self.next_seq = next_seq


@dataclass
class Come:
    """What has come of one form: its key, how many batches, and their highest number."""

    key: int
    n: int
    top: int


def keep(
    store: Store, batches: Sequence[Batch], known: dict[str, Come] | None = None
) -> list[int | ThreeCirclesError]:
    """Keep batches inside an open transaction; for each the highest number up to which all have come.

    In place of the number stands UsageError where no form is open under the token, and ConflictError
    where the number is taken by other answers; these have written nothing. The same batch again is no
    news; answers to one question that come in any order end as the one of the highest number.

    known: what has come by token, so that the store need not be asked; it is brought up to date. Where
    another server kept or finished something since, the transaction breaks (the store's own error,
    at the latest with the commit): empty it then, and keep them again.
    """
    known = {} if known is None else known
    asked = {b.token for b in batches}
    known |= _forms(store, asked - known.keys())
    forms = {token: known[token] for token in asked & known.keys()}
    told: list[int | ThreeCirclesError] = []
    fresh: dict[tuple[int, int], Batch] = {}
    for batch in batches:
        form = forms.get(batch.token)
        if form is None:
            told.append(UsageError("There is no open form under this token."))
            continue
        beside = fresh.get((form.key, batch.seq))
        digest = beside.digest if beside else _kept(store, form, batch.seq)
        if digest is None:
            fresh[form.key, batch.seq] = batch
            form.n, form.top = form.n + 1, max(form.top, batch.seq)
        told.append(ConflictError(form.top + 1) if digest not in (None, batch.digest) else form.key)
    _write(store, fresh)
    through = {f.key: f.top if f.n == f.top else _through(store, f.key) for f in forms.values()}
    return [found if isinstance(found, ThreeCirclesError) else through[found] for found in told]


def _forms(store: Store, tokens: set[str]) -> dict[str, Come]:
    asked = sorted(tokens)
    if not asked:
        return {}
    rows = store.run(
        "SELECT token, key, COUNT(seq) AS n, MAX(seq) AS top FROM session LEFT JOIN batch ON batch.session = key "
        f"WHERE token IN ({','.join('?' * len(asked))}) GROUP BY token, key",
        asked,
    )
    return {r["token"]: Come(r["key"], r["n"], r["top"] or 0) for r in rows}


def _kept(store: Store, form: Come, seq: int) -> str | None:
    """The digest of what has come under the number. Above the highest nothing has, and nearly all are."""
    if seq > form.top:
        return None
    row = store.one("SELECT digest FROM batch WHERE session=? AND seq=?", (form.key, seq))
    return row["digest"] if row else None


def _write(store: Store, fresh: dict[tuple[int, int], Batch]) -> None:
    answers, times = [], []
    for (key, _), batch in fresh.items():
        for item in batch.items:
            value = item.get("value")
            told = json.dumps(value) if isinstance(value, list) else value
            reason, at = item.get("missing_reason"), item.get("client_ms")
            answers.append((key, item["item"], told, reason, batch.seq, at))
            if item.get("shown_ms") is not None:
                shown, changes = int(item["shown_ms"]), int(item.get("changes") or 0)
                times.append((key, item["item"], shown, changes))
    numbers = [(batch.token, batch.seq, batch.digest) for batch in fresh.values()]
    form = _OPEN.format(held=_HELD if store.postgres else "")
    for statement, first, rows in (
        (_BATCH, form, numbers),
        (_ANSWER, "?", answers),
        (_PARADATA, "?", times),
    ):
        for part in _rounds(rows):
            row = f"({','.join([first, *'?' * (len(part[0]) - 1)])})"
            told = statement.format(rows=",".join([row] * len(part)))
            store.run_later(told, [value for values in part for value in values])


def _rounds(rows: Iterable[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The rows in order, in as few lists as may be: no statement may change one place (the first two
    fields) twice."""
    made: list[list[tuple[Any, ...]]] = []
    turns: dict[tuple[Any, ...], int] = {}
    for row in rows:
        turn = turns[row[:2]] = turns.get(row[:2], -1) + 1
        if turn == len(made):
            made.append([])
        made[turn].append(row)
    return [part[i : i + _ROWS] for part in made for i in range(0, len(part), _ROWS)]


def _through(store: Store, key: int) -> int:
    """The highest number without a gap before it."""
    seen = sorted(r["seq"] for r in store.run("SELECT seq FROM batch WHERE session=?", (key,)))
    return next((i for i, seq in enumerate(seen) if seq != i + 1), len(seen))
