"""Everything ever released, cell by cell: without it two safe releases would give a child away between them.

What is out is out: a withdrawn release stays here and is reckoned with. Rows are only ever added.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from threecircles.core.tables import TOTAL
from threecircles.disclosure.attack_files import attack_entries
from threecircles.disclosure.attack_release import counted_columns
from threecircles.disclosure.attack_report import Attack
from threecircles.disclosure.cast import children_of
from threecircles.disclosure.cells import implied_part
from threecircles.disclosure.columns import layout_of
from threecircles.disclosure.earlier import SMALL, Change, changes, of_other_times
from threecircles.disclosure.files import read_sheets
from threecircles.disclosure.lattice import Key
from threecircles.disclosure.layout import Entry, entries
from threecircles.disclosure.ledger_shared import SCHEMA as ATOMS
from threecircles.disclosure.ledger_shared import bearing_on, index
from threecircles.disclosure.numbers import told
from threecircles.disclosure.profiles import judges_shares
from threecircles.disclosure.release import Safe

FILE = "ledger.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
  release TEXT NOT NULL, source TEXT NOT NULL, cell TEXT NOT NULL, shown TEXT NOT NULL,
  profile TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (release, source, cell));
CREATE INDEX IF NOT EXISTS ledger_cell ON ledger (cell);
CREATE TABLE IF NOT EXISTS ledger_sum (
  release TEXT NOT NULL, dimension TEXT NOT NULL, whole TEXT NOT NULL, part TEXT NOT NULL,
  PRIMARY KEY (release, dimension, whole, part));
CREATE TABLE IF NOT EXISTS ledger_withdrawn (release TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS ledger_kept BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS ledger_fixed BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
"""

Sum = tuple[str, str, str]
"""Dimension, whole, part."""


@dataclass(frozen=True)
class Check:
    """New tables beside everything released. leaks: sentences. tables: how many of the ledger were touched."""

    leaks: tuple[str, ...]
    tables: int
    cells: int

    def text(self) -> str:
        """The finding in words."""
        start = f"Held against {self.tables:,} released tables that bear on these ({self.cells:,} cells in all)."
        if not self.leaks:
            return f"{start} Nothing hidden can be worked out."
        return "\n".join(
            [
                start,
                "This cannot be released beside what is out:",
                *(f"  {x}" for x in self.leaks[:30]),
            ]
        )


def safe_entries(tables: Sequence[Safe]) -> tuple[list[Entry], list[Sum]]:
    """What readers see of safe tables as counts, and the sums that their dimensions declare."""
    found: list[Entry] = []
    sums: dict[Sum, None] = {}
    for table in tables:
        spec = table.spec
        column = {
            d.column: f"{d.column}@{d.vintage}" if d.vintage else d.column for d in spec.dimensions
        }
        for d in spec.dimensions:
            sums |= dict.fromkeys(
                (column[d.column], parent, part) for part, parent in d.parents.items()
            )
        counted, reckoned = counted_columns(table), judges_shares(table.spec.profile)
        for number, row in enumerate(table.frame.iter_rows(named=True), 1):
            group = tuple(sorted((column[c], str(row[c])) for c in column if str(row[c]) != TOTAL))
            for c in counted:
                implied = c == "numerator" and "n" in counted
                figure = implied_part(row, reckoned=reckoned) if implied else row[c]
                text = "c" if row["symbol"] == "[c]" else "" if figure is None else f"{figure:g}"
                cell = told(text)
                if cell is not None:
                    role = "count" if c == "n" else "with"
                    quantity = f"{row['measure']}:{role}|{children_of(spec)}"
                    found.append(Entry(spec.id, number, c, group, quantity, cell))
    return found, list(sums)


def file_entries(paths: Sequence[Path]) -> list[Entry]:
    """The counts of tables in files and folders; tables without counts are passed over."""
    found = []
    for sheet in read_sheets(paths):
        layout = layout_of(sheet)
        found += entries(sheet, layout)
    return found


def write_down(
    workspace: Path,
    release: str,
    found: Iterable[Entry],
    sums: Iterable[Sum] = (),
    profile: str = "",
) -> int:
    """Add what a release shows to the ledger; returns the number of cells. Twice is once."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    found = list(found)
    rows = [(release, e.sheet, _identity(e), e.told.text, profile, at) for e in found]
    with _ledger(workspace) as ledger:
        index(ledger, release, found)
        ledger.executemany("INSERT OR IGNORE INTO ledger VALUES (?,?,?,?,?,?)", rows)
        ledger.executemany(
            "INSERT OR IGNORE INTO ledger_sum VALUES (?,?,?,?)", [(release, *s) for s in sums]
        )
    return len(rows)


def withdrawn(workspace: Path, release: str) -> None:
    """Note that a release was taken down. Its cells stay."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with _ledger(workspace) as ledger:
        ledger.execute("INSERT OR IGNORE INTO ledger_withdrawn VALUES (?,?)", (release, at))


def check(workspace: Path, found: Sequence[Entry], sums: Sequence[Sum] = ()) -> Check:
    """What new tables and everything released that shares cells with them tell together.

    Refused are: hidden counts that follow exactly, small ones that nobody printed, and figures that
    differ from released ones by so few that the difference is a child or a few. What is out already
    and would be worked out without the new tables is not laid to their charge.
    """
    old, old_sums, releases = _sharing(workspace, found)
    if not old:
        return _judged(
            attack_entries(found, declared=_with_totals(found, sums)), [], [], 0, len(found)
        )
    new = [_renamed(e, f"new {e.sheet}") for e in found]
    changed = [] if of_other_times([*old, *new], changes([*old, *new])) else changes([*old, *new])
    declared = _with_totals([*old, *new], [*sums, *old_sums])
    if changed:
        return _judged(
            attack_entries(new, declared=declared), [], changed, len(releases), len(old) + len(new)
        )
    both = attack_entries([*old, *new], declared=declared)
    before = attack_entries(old, declared=declared)
    known = {_named(f) for f in (*before.hidden, *before.derived) if f.exact}
    return _judged(both, known, [], len(releases), len(old) + len(new))


def known(workspace: Path) -> bool:
    """True when anything has been released."""
    return (Path(workspace) / FILE).exists()


def told_of(workspace: Path, keys: Iterable[Key]) -> dict[Key, set[str]]:
    """What releases show of cells, as it stands there; cells of no release are left out."""
    found: dict[Key, set[str]] = {}
    if known(workspace):
        with _ledger(workspace) as ledger:
            for key in keys:
                rows = ledger.execute("SELECT shown FROM ledger WHERE cell = ?", (_identity_of(key),))  # fmt: skip
                if shown := {text for (text,) in rows}:
                    found[key] = shown
    return found


def check_files(workspace: Path, paths: Sequence[Path]) -> Check:
    """As `check`, for tables in files."""
    return check(workspace, file_entries(paths))


def ledger_text(workspace: Path) -> str:
    """All releases in the ledger, in words."""
    with _ledger(workspace) as ledger:
        rows = ledger.execute(
            "SELECT l.release, count(DISTINCT source), count(*), min(l.at), w.at FROM ledger l "
            "LEFT JOIN ledger_withdrawn w ON w.release = l.release GROUP BY l.release ORDER BY min(l.at), l.release"
        ).fetchall()
    lines = [
        f"{release}  {tables:,} tables, {cells:,} cells, {at}"
        + (f", withdrawn {gone} (what is out is out)" if gone else "")
        for release, tables, cells, at, gone in rows
    ]
    return "\n".join(lines) or "Nothing has been released."


def cells_of(workspace: Path, release: str) -> dict[tuple[str, str], str]:
    """What a release shows: (table, cell) -> text."""
    with _ledger(workspace) as ledger:
        rows = ledger.execute(
            "SELECT source, cell, shown FROM ledger WHERE release = ?", (release,)
        ).fetchall()
    return {(source, cell): shown for source, cell, shown in rows}


def differences(workspace: Path, release: str, found: Sequence[Entry]) -> list[str]:
    """Cells that differ from a release, one sentence each."""
    before = cells_of(workspace, release)
    after = {(e.sheet, _identity(e)): e.told.text for e in found}
    lines = []
    for (source, cell), now in after.items():
        was = before.get((source, cell))
        if was != now:
            lines.append(
                f"{source}: {_said(cell)} {'is new' if was is None else f'was {was}'}, now {now}"
            )
    gone = [key for key in before if key not in after]
    return [
        *lines,
        *(
            f"{source}: {_said(cell)} was {before[source, cell]}, now not shown"
            for source, cell in gone
        ),
    ]


def _judged(
    attack: Attack, known: Iterable[object], changed: Sequence[Change], tables: int, cells: int
) -> Check:
    out = set(known)
    leaks = [
        f.sentence for f in (*attack.hidden, *attack.derived) if f.exact and _named(f) not in out
    ]
    leaks += [c.text() for c in changed if c.size <= SMALL] or [c.text() for c in changed]
    return Check(tuple(leaks), tables, cells)


def _named(found: object) -> tuple[object, ...]:
    return (found.quantity, tuple(sorted(found.group.items())), found.low)  # type: ignore[attr-defined]


def _with_totals(found: Sequence[Entry], sums: Sequence[Sum]) -> list[Sum]:
    """Declared sums, and with them the total of each such dimension over what has no other parent."""
    parts = {(d, part) for d, whole, part in sums if whole != TOTAL}
    declared = dict.fromkeys(d for d, _, _ in sums)
    values = dict.fromkeys((d, v) for e in found for d, v in e.at if d in declared)
    wholes = dict.fromkeys((d, whole) for d, whole, _ in sums)
    return [
        *sums,
        *(
            (d, TOTAL, v)
            for d, v in dict.fromkeys([*values, *wholes])
            if (d, v) not in parts and v != TOTAL
        ),
    ]


def _sharing(workspace: Path, found: Sequence[Entry]) -> tuple[list[Entry], list[Sum], list[str]]:
    """Entries of released tables that bear on these, directly or through others."""
    with _ledger(workspace) as ledger:
        kept = bearing_on(ledger, found, lambda table: _cells(ledger, *table))
        sums = ledger.execute("SELECT DISTINCT dimension, whole, part FROM ledger_sum").fetchall()
    return [e for own in kept.values() for e in own], sums, [f"{r} {s}" for r, s in kept]


def _cells(ledger: sqlite3.Connection, release: str, source: str) -> list[Entry]:
    rows = ledger.execute(
        "SELECT cell, shown FROM ledger WHERE release = ? AND source = ? ORDER BY rowid",
        (release, source),
    )
    return [_entry(i, release, source, cell, shown) for i, (cell, shown) in enumerate(rows, 1)]


def _identity(e: Entry) -> str:
    return _identity_of((e.quantity, e.at))


def _identity_of(key: Key) -> str:
    quantity, at = key
    return json.dumps([quantity, *map(list, at)], ensure_ascii=False, separators=(",", ":"))


def _entry(number: int, release: str, source: str, cell: str, shown: str) -> Entry:
    quantity, *group = json.loads(cell)
    known = told(shown)
    assert known is not None
    at = tuple((str(d), str(v)) for d, v in group)
    return Entry(f"{source} of release {release}", number, "count", at, quantity, known)


def _renamed(e: Entry, sheet: str) -> Entry:
    return Entry(sheet, e.row, e.column, e.at, e.quantity, e.told, e.shares, e.base)


def _said(cell: str) -> str:
    quantity, *group = json.loads(cell)
    return f"{quantity.partition('|')[0]} of {', '.join(f'{d} {v}' for d, v in group) or 'all'}"


def _indexed(ledger: sqlite3.Connection) -> None:
    """Ledgers that were begun before what their tables touch was noted are brought up to it, once."""
    if ledger.execute("PRAGMA user_version").fetchone()[0]:
        return
    for release, source in ledger.execute("SELECT DISTINCT release, source FROM ledger").fetchall():
        own = _cells(ledger, release, source)
        index(ledger, release, [_renamed(e, source) for e in own])
    ledger.execute("PRAGMA user_version = 1")


@contextmanager
def _ledger(workspace: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(Path(workspace) / FILE, timeout=30)
    try:
        connection.executescript(_SCHEMA + ATOMS)
        with connection:
            _indexed(connection)
            yield connection
    finally:
        connection.close()
