"""Which released tables bear on new ones: without it each check would attack everything ever released.

A table bears on another when one shows or adds up what the other leaves open, when they differ in a
figure, or when they divide one group in two ways. Tables that show the same and nothing else tell each
other nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations

from threecircles.definitions import read_csv
from threecircles.disclosure.lattice import Key
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.reader_sums import a_year_after, a_year_before

Table = tuple[str, str]
"""Release and source."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_atom (
  atom TEXT NOT NULL, release TEXT NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (atom, release, source)) WITHOUT ROWID;
"""


@dataclass
class Bearing:
    """What tables touch. atoms: groups of children that they print or add up to. open: those among them of
    which something is not shown. shown: cell -> figure. lines: group and dimension -> the lists of values that divide it."""

    atoms: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    shown: dict[Key, float] = field(default_factory=dict)
    lines: dict[tuple[Key, str], set[frozenset[str]]] = field(default_factory=dict)

    def add(self, other: Bearing) -> None:
        """Take in another table's."""
        self.atoms |= other.atoms
        self.open |= other.open
        for key, value in other.shown.items():
            self.shown.setdefault(key, value)
        for line, ways in other.lines.items():
            self.lines.setdefault(line, set()).update(ways)

    def differs(self, other: Bearing) -> bool:
        """True when both show a cell with different figures."""
        fewer, more = sorted((self.shown, other.shown), key=len)
        return any(key in more and more[key] != value for key, value in fewer.items())

    def meets(self, other: Bearing) -> bool:
        """True when one can tell something of the other."""
        if self.open & other.atoms or self.atoms & other.open or self.differs(other):
            return True
        fewer, more = sorted((self.lines, other.lines), key=len)
        return any(line in more and len(ways | more[line]) > 1 for line, ways in fewer.items())


def bearing(found: Sequence[Entry]) -> Bearing:
    """What the entries of one table touch."""
    made = Bearing()
    open_: set[Key] = set()
    printed: set[Key] = set()
    lines: dict[tuple[Key, str], set[str]] = {}
    for e in found:
        key = (e.quantity, e.at)
        printed.add(key)
        if e.told.value is None:
            open_.add(key)
        else:
            made.shown[key] = e.told.value
        for d, rest in _rests(key):
            lines.setdefault((rest, d), set()).add(dict(e.at)[d])
    made.lines = {line: {frozenset(values)} for line, values in lines.items()}
    sums = {whole for key in open_ for whole in _wholes(key)} - printed
    made.open = {a for key in (*open_, *sums) for a in _atoms(key)}
    made.atoms = atoms_of(found)
    return made


def atoms_of(found: Iterable[Entry]) -> set[str]:
    """Groups that a table prints or adds up to, and those that are bound to be equal in other tables."""
    keys = {(e.quantity, e.at) for e in found}
    keys |= {whole for key in keys for whole in _wholes(key)}
    return {a for key in keys for a in _atoms(key)}


def index(ledger: sqlite3.Connection, release: str, found: Iterable[Entry]) -> None:
    """Note what the tables of a release touch."""
    by_source: dict[str, list[Entry]] = {}
    for e in found:
        by_source.setdefault(e.sheet, []).append(e)
    ledger.executemany(
        "INSERT OR IGNORE INTO ledger_atom VALUES (?,?,?)",
        ((a, release, source) for source, own in by_source.items() for a in atoms_of(own)),
    )


def bearing_on(
    ledger: sqlite3.Connection, found: Sequence[Entry], load: Callable[[Table], list[Entry]]
) -> dict[Table, list[Entry]]:
    """Released tables that bear on new entries, directly or through others. load: the entries of one."""
    here = Bearing()
    for own in _by_sheet(found):
        here.add(bearing(own))
    ledger.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (atom TEXT PRIMARY KEY)")
    ledger.execute("DELETE FROM wanted")
    asked: set[str] = set()
    same: set[frozenset[tuple[Key, str]]] = set()
    waiting: dict[Table, tuple[list[Entry], Bearing]] = {}
    kept: dict[Table, list[Entry]] = {}
    while here.atoms - asked:
        ledger.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((a,) for a in here.atoms - asked))  # fmt: skip
        asked |= here.atoms
        sharing = ledger.execute(
            "SELECT DISTINCT release, source FROM ledger_atom JOIN wanted USING (atom)"
        ).fetchall()
        for table in sharing:
            if table not in kept and table not in waiting:
                own = load(table)
                # The same figures released again tell nothing more.
                figures = frozenset(((e.quantity, e.at), e.told.text) for e in own)
                waiting[table] = own, bearing(own) if figures not in same else Bearing()
                same.add(figures)
        # Where a figure differs it has to be seen how much else does: then all that is shared is wanted.
        changed = any(here.differs(b) for _, b in waiting.values())
        new = {t for t, (_, b) in waiting.items() if changed or here.meets(b)}
        for table in sorted(new):
            own, b = waiting.pop(table)
            kept[table] = own
            here.add(b)
    return dict(sorted(kept.items()))


def _by_sheet(found: Iterable[Entry]) -> Iterator[list[Entry]]:
    sheets: dict[str, list[Entry]] = {}
    for e in found:
        sheets.setdefault(e.sheet, []).append(e)
    yield from sheets.values()


def _rests(key: Key) -> Iterator[tuple[str, Key]]:
    """Each dimension of a cell, and the group that it divides."""
    quantity, at = key
    for place, (d, _) in enumerate(at):
        rest = at[:place] + at[place + 1 :]
        # Of a file of anyone's nothing says whom its grand total counts.
        if rest or "|" in quantity:
            yield d, (quantity, rest)


def _wholes(key: Key) -> Iterator[Key]:
    """The groups that a cell is a part of: some of its dimensions summed over."""
    quantity, at = key
    for size in range(0 if "|" in quantity else 1, len(at)):
        for rest in combinations(at, size):
            yield quantity, rest


def _atoms(key: Key) -> Iterator[str]:
    """A group of children, whatever is counted of it; and what definitions tie to it."""
    for quantity, at in {key, a_year_before(key), a_year_after(key)}:
        children = quantity.partition("|")[2] or quantity
        yield json.dumps([children, *map(list, at)], ensure_ascii=False, separators=(",", ":"))
        counted, _, period = children.rpartition("|")
        for link in _links().get(counted, ()):
            yield f"{link}|{period}"


@cache
def _links() -> dict[str, list[str]]:
    """Children (population and unit) -> the links of disclosure_profiles/linked_tables.csv they stand in."""
    found: dict[str, list[str]] = {}
    for number, row in enumerate(read_csv("disclosure_profiles/linked_tables")):
        for side in ("left", "right"):
            own = found.setdefault(row[side].partition(";")[0], [])
            if f"link {number}" not in own:
                own.append(f"link {number}")
    return found
