"""Extracts for researchers: declared, made anonymous, sealed to one key, and given back or destroyed."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.seeds import rng
from threecircles.definitions import Definition, load_text
from threecircles.disclosure.anonymity import Made, make_anonymous
from threecircles.disclosure.immigration import immigration

FILE = "extracts.sqlite"

NEVER = frozenset(
    ["name", "forename", "first_name", "surname", "last_name", "dob", "date_of_birth", "birth_date", "address", "postcode", "upn", "uln", "nhs_number", "email", "phone", "lachildid"]
)  # fmt: skip
"""Columns that no extract holds, whatever its specification says."""

IMMIGRATION = frozenset(
    ["uasc", "duc", "immigration_status", "nationality", "country_of_birth", "asylum"]
)
"""Facts of the class immigration: never in microdata by default (disclosure 2)."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an extract. treat: keep, month or year (of a date), key (a person, under the project's key).

    values: what the column can hold, for dummy data. coarser: maps to coarser values, in turn.
    """

    name: str
    treat: Literal["keep", "month", "year", "key"] = "keep"
    quasi: bool = False
    sensitive: bool = False
    values: tuple[str, ...] = ()
    coarser: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExtractSpec(Definition):
    """What a project may have: its columns, k and l, and until when.

    people: who will work with it. five_safes: an answer for projects, people, settings, data and
    outputs. ruled_out: forbidden purposes, each ruled out by name (disclosure/applications.py).
    """

    project: str
    ethics_id: str
    agreement: str
    columns: tuple[Column, ...]
    k: int = 10
    l: int = 2  # noqa: E741
    most_dropped: float = 0.05
    keep_until: date
    immigration_agreed: bool = False
    people: tuple[str, ...] = ()
    five_safes: dict[str, str] = field(default_factory=dict)
    ruled_out: tuple[str, ...] = ()


def load_spec(path: Path) -> ExtractSpec:
    """An extract's specification. Raises UsageError for columns that no extract holds."""
    spec = load_text(path.read_text(encoding="utf-8"), ExtractSpec, path.name)
    named = {c.name.lower() for c in spec.columns}
    barred = sorted(named & NEVER) or (
        [] if spec.immigration_agreed else sorted(named & IMMIGRATION)
    )
    if barred:
        raise UsageError(
            "These columns are not given out.", where=path.name, found=", ".join(barred),
            mend="Leave them out; facts of immigration need an agreement that lists them.",
        )  # fmt: skip
    if not any(c.quasi for c in spec.columns):
        raise UsageError(
            "No column is declared as a quasi-identifier.", where=path.name,
            mend="Say quasi: true for what a neighbour could know: age, sex, area, dates.",
        )  # fmt: skip
    return spec


def build(
    frame: pl.DataFrame, spec: ExtractSpec, key: bytes, excluded: Collection[str] = ()
) -> Made:
    """The extract of a table with one row a person: declared columns only, coarse dates, k and l held.

    key: the project's; the same person has another pseudonym in every project. excluded: person ids
    left out by objection. Raises UsageError for a missing column, NotPermitted when it cannot be made
    anonymous or holds facts about immigration.
    """
    treated = declared_columns(frame, spec, key, excluded)
    quasi = [c.name for c in spec.columns if c.quasi]
    sensitive = [c.name for c in spec.columns if c.sensitive]
    made = make_anonymous(
        treated, quasi, sensitive, coarser={c.name: c.coarser for c in spec.columns}, k=spec.k, l=spec.l,
        most_dropped=spec.most_dropped,
    )  # fmt: skip
    # The order of rows could tell who they are.
    order = rng(int.from_bytes(hashlib.sha256(key).digest()[:4]), "order").permutation(
        made.frame.height
    )
    return Made(made.frame[order.tolist()], made.before, made.after, made.steps, made.dropped)


def declared_columns(
    frame: pl.DataFrame, spec: ExtractSpec, key: bytes, excluded: Collection[str] = ()
) -> pl.DataFrame:
    """The declared columns only, dates coarse, persons under the project's pseudonyms.

    excluded: person ids left out by objection. Raises UsageError for a missing column, NotPermitted
    for codes of the class immigration, under whatever heading they come.
    """
    missing = [c.name for c in spec.columns if c.name not in frame.columns]
    if missing:
        raise UsageError(
            "The table has no such column.",
            found=", ".join(missing),
            allowed=", ".join(frame.columns),
        )
    told = [c.name for c in spec.columns if c.treat == "keep"]
    if not spec.immigration_agreed:
        _refuse_immigration(frame.select(told))
    persons = [c.name for c in spec.columns if c.treat == "key"]
    for name in persons:
        frame = frame.filter(~pl.col(name).cast(pl.String).is_in(sorted(excluded)))
    return frame.select(_treated(c, spec.project, key) for c in spec.columns)


def _refuse_immigration(frame: pl.DataFrame) -> None:
    codes = sorted({v for rows in immigration().rows for v in rows.values})
    holding = [c for c in frame.columns if frame[c].cast(pl.String).is_in(codes).any()]
    if holding:
        raise NotPermitted(
            "Facts about immigration are never in an extract that does not name them.",
            found=f"codes {' or '.join(codes)} in {', '.join(holding)}",
            mend="Take those codes out of the column before the extract is built.",
        )


def dummy(spec: ExtractSpec, rows: int, seed: int = 1) -> pl.DataFrame:
    """Rows of the same columns with no child in them, to write a study's code against."""
    draw = rng(seed, spec.project, "dummy")
    made = {}
    for c in spec.columns:
        if c.treat == "key":
            made[c.name] = [f"dummy{i:08d}" for i in range(rows)]
        elif c.treat == "month":
            made[c.name] = [
                f"{y}-{m:02d}"
                for y, m in zip(
                    draw.integers(2015, 2026, rows), draw.integers(1, 13, rows), strict=True
                )
            ]
        elif c.treat == "year":
            made[c.name] = [str(y) for y in draw.integers(2005, 2026, rows)]
        else:
            made[c.name] = [str(v) for v in draw.choice(list(c.values) or ["a", "b"], rows)]
    return pl.DataFrame(made)


def seal(made: pl.DataFrame, spec: ExtractSpec, recipient: str, workspace: Path, out: Path) -> str:
    """Seal an extract to a recipient's age key and note it; returns the id for the receipt.

    recipient: a public key ("age1..."). The file opens with the age program or pyrage. Raises
    UsageError for something that is no such key, NotPermitted when the specification has lapsed.
    """
    import pyrage

    from threecircles.core.workspace import write_bytes

    if spec.keep_until < datetime.now(UTC).date():
        raise NotPermitted("The extract's term is over.", found=spec.keep_until.isoformat())
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except Exception as error:
        raise UsageError(
            "This is not an age public key.",
            found=recipient[:12],
            mend="It begins with age1; `age-keygen` makes one.",
        ) from error
    told = {
        "project": spec.project,
        "agreement": spec.agreement,
        "ethics_id": spec.ethics_id,
        "destroy_by": spec.keep_until.isoformat(),
        "rows": made.height,
    }
    body = json.dumps(told).encode() + b"\n" + made.write_csv().encode()
    sealed = pyrage.encrypt(body, [key])
    digest = hashlib.sha256(sealed).hexdigest()
    write_bytes(out, sealed)
    with _table(workspace) as table:
        table.execute(
            "INSERT INTO extract VALUES (?,?,?,?,?,?,?,?,?)",
            (
                digest[:12],
                spec.project,
                recipient,
                digest,
                made.height,
                _now(),
                told["destroy_by"],
                None,
                None,
            ),
        )
    return digest[:12]


def note_built(workspace: Path, project: str, data: bytes) -> None:
    """Remember the bytes of an extract that was built here for a project."""
    with _table(workspace) as table:
        table.execute(
            "INSERT OR REPLACE INTO built VALUES (?,?,?)",
            (hashlib.sha256(data).hexdigest(), project, _now()),
        )


def check_built(workspace: Path, project: str, data: bytes) -> None:
    """Raise NotPermitted unless just these bytes were built here for this project: k and l hold for them only."""
    with _table(workspace) as table:
        digest = hashlib.sha256(data).hexdigest()
        known = table.execute(
            "SELECT 1 FROM built WHERE hash = ? AND project = ?", (digest, project)
        )
        if known.fetchone() is None:
            raise NotPermitted(
                "This file is not what was built for the project here.",
                mend="Build it with `threecircles extract build`, and seal it unchanged.",
            )


def outstanding(workspace: Path) -> list[tuple[str, str, str]]:
    """Extracts that are out: id, project, and until when. Whoever erases a person tells their holders."""
    if not (Path(workspace) / FILE).exists():
        return []
    with _table(workspace) as table:
        return table.execute(
            "SELECT id, project, until FROM extract WHERE receipt IS NULL ORDER BY until"
        ).fetchall()


def receipt(workspace: Path, extract: str, what: Literal["returned", "destroyed"], by: str) -> str:
    """Note that an extract was returned or destroyed; returns the line. Raises UsageError when unknown or done."""
    with _table(workspace) as table:
        row = table.execute(
            "SELECT project, receipt FROM extract WHERE id = ?", (extract,)
        ).fetchone()
        if row is None:
            raise UsageError("There is no such extract.", found=extract)
        if row[1] is not None:
            raise UsageError("Its receipt is here already.", found=row[1])
        line = f"{what} by {by}"
        table.execute(
            "UPDATE extract SET receipt = ?, received = ? WHERE id = ?", (line, _now(), extract)
        )
    return f"Extract {extract} of {row[0]}: {line}."


def overdue(workspace: Path, day: date) -> list[tuple[str, str, str]]:
    """Extracts whose term is over and whose receipt has not come: id, project, term."""
    with _table(workspace) as table:
        return table.execute(
            "SELECT id, project, until FROM extract WHERE receipt IS NULL AND until < ? ORDER BY until",
            (day.isoformat(),),
        ).fetchall()


def _treated(c: Column, project: str, key: bytes) -> pl.Expr:
    column = pl.col(c.name).cast(pl.String)
    if c.treat == "month":
        return column.str.slice(0, 7)
    if c.treat == "year":
        return column.str.slice(0, 4)
    if c.treat == "key":
        return column.map_elements(
            lambda v: hmac.new(key, f"{project}|{v}".encode(), hashlib.sha256).hexdigest()[:16],
            return_dtype=pl.String,
        )
    return column


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _table(workspace: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(Path(workspace) / FILE, timeout=30)
    try:
        with connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS extract (id TEXT PRIMARY KEY, project TEXT, recipient TEXT, hash TEXT, "
                "rows INTEGER, at TEXT, until TEXT, receipt TEXT, received TEXT)"
            )
            connection.execute(
                "CREATE TABLE IF NOT EXISTS built (hash TEXT PRIMARY KEY, project TEXT, at TEXT)"
            )
            yield connection
    finally:
        connection.close()
