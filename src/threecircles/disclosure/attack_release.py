"""The attacker on safe tables themselves: what leaves is attacked before anybody else can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from threecircles.core.tables import TOTAL
from threecircles.definitions import read_csv
from threecircles.disclosure.adding_up import Family, Group
from threecircles.disclosure.attacker import ranges
from threecircles.disclosure.cast import children_of, declared_names, same_names
from threecircles.disclosure.cells import implied_part
from threecircles.disclosure.lattice import Lattice, tie
from threecircles.disclosure.linked_tables import Link, joined, links_among
from threecircles.disclosure.linked_values import overlapping, year_before
from threecircles.disclosure.profiles import judges_shares, profile
from threecircles.disclosure.reader_sums import base_rows, linked_rows, table_rows, year_rows
from threecircles.disclosure.release import Safe
from threecircles.disclosure.structure import divisions
from threecircles.disclosure.sums import Bools, Sums
from threecircles.disclosure.unprinted import printed_rows

NARROW = 3.0
"""Cells known to within less than this are asked to the end; of others it is enough that they are not."""

ADDITIVE = ("n", "n_with", "numerator")
"""Columns whose figures add up over groups, so that a hidden one may be worked out."""


@dataclass(frozen=True)
class Leak:
    """A hidden figure that can be worked out exactly."""

    children: str
    quantity: str
    group: Group
    value: float


Told = Mapping[tuple[str, int, str], float]
"""Figures that some file shows, by table, row and column of the safe table."""


def attack_safe(tables: Sequence[Safe], told: Told | None = None) -> list[Leak]:
    """Every hidden count of safe tables that follows exactly from all that they show together.

    Uses only what a reader sees: shown figures, the nesting of groups, the names of the measures.
    told: figures that the tables hide and another file of the release shows; each is a leak, and helps
    to work out others.
    """
    by_children: dict[str, list[Safe]] = {}
    for table in tables:
        if table.profile != "published":
            by_children.setdefault(children_of(table.spec), []).append(table)
    shown_of = {children: _figures(own, told or {}) for children, own in by_children.items()}
    cells = [(c, q, frozenset(g)) for c, seen in shown_of.items() for q, g in seen.cells()]
    links = [*links_among(cells), *_years(by_children)]
    return [
        leak
        for several in sorted(joined(sorted(by_children), links))
        for leak in _attack({c: (shown_of[c], by_children[c]) for c in several})
    ]


def _attack(several: Mapping[str, tuple[_Seen, Sequence[Safe]]]) -> list[Leak]:
    lattice = Lattice()
    named: dict[str, dict[str, str]] = {}
    told_of: dict[tuple[str, Group], tuple[str, Group]] = {}
    asked: list[int] = []
    for children, (seen, _) in several.items():
        named[children] = _alike(seen.shown)
        names = _with_children(named[children], children)
        for quantity, values in seen.shown.items():
            for group, value in values.items():
                lattice.cell((names[quantity], group), value, value, printed=True)
        asked += [
            lattice.cell((names[q], g), printed=True) for q, own in seen.hidden.items() for g in own
        ]
        told_of |= {
            (names[q], g): (names[b], g)
            for (q, g), (b, _) in seen.pairs.items()
            if names[q] != names[b]
        }
    tables = [t for _, own in several.values() for t in own]
    lattice.rows += [*base_rows(lattice, told_of), *linked_rows(lattice)]
    lattice.rows += [*table_rows(lattice, named), *year_rows(lattice)]
    tie(lattice, _families(tables))
    for children, own_names in named.items():
        _measures(lattice, _with_children(own_names, children))
    sums, keys = lattice.sums(), lattice.keys
    wanted = np.zeros(sums.cells, bool)
    # A nought that follows from a shown nought is a secret only where noughts are hidden.
    open_ = {c for c, (_, own) in several.items() if all(_shows_nought(t) for t in own)}
    told_anyway = {at for at in lattice.noughts() if keys[at][0].partition("|")[2] in open_}
    shown_cells = lattice.shown()
    wanted[[at for at in asked if not shown_cells[at] and at not in told_anyway]] = True
    found = _known(lattice, sums, wanted)
    # One table hides what another shows: a later release, or a page that was forgotten.
    elsewhere = [
        Leak(children, q, g, value)
        for children, (seen, _) in several.items()
        for (q, g), value in seen.elsewhere().items()
    ]
    return elsewhere + [
        Leak(keys[at][0].partition("|")[2], keys[at][0].partition("|")[0], keys[at][1], value)
        for at, value in found.items()
    ]  # fmt: skip


def _years(by_children: Mapping[str, Sequence[Safe]]) -> Iterator[Link]:
    """Children whose flow of a year begins where that of the year before ends."""
    for children, own in by_children.items():
        before = year_before(children)
        flows = any(d.column == "flow" for t in own for d in t.spec.dimensions)
        if flows and before != children and before in by_children:
            yield ((before, "", frozenset()),), ((children, "", frozenset()),)


def _known(lattice: Lattice, sums: Sums, wanted: Bools) -> dict[int, float]:
    """Wanted cells that follow exactly: by all sums, or by those among cells that somebody printed.

    Totals that nobody printed tie tables which divide the same children; where two tables count children
    more than once, as moves and states do, their totals are not one and would blind the attacker.
    """
    enough = np.full(sums.cells, NARROW)
    told = ranges(sums, wanted, enough=enough)
    known = {int(at): float(told.low[at]) + 0.0 for at in np.flatnonzero(wanted & told.exact)}
    among = printed_rows(lattice)
    if len(among) == len(lattice.rows):
        return known
    left = wanted.copy()
    left[list(known)] = False
    told = ranges(replace(lattice, rows=among).sums(), left, enough=enough)
    return known | {int(at): float(told.low[at]) + 0.0 for at in np.flatnonzero(left & told.exact)}


def _with_children(names: Mapping[str, str], children: str) -> dict[str, str]:
    return {q: f"{name}|{children}" for q, name in names.items()}


def _shows_nought(table: Safe) -> bool:
    return profile(table.profile).zero == "show"


def _alike(shown: Mapping[str, Mapping[Group, float]]) -> dict[str, str]:
    """Names of figures that a reader takes for one: bases seen equal here and there, others nearly everywhere."""
    bases = same_names({q: v for q, v in shown.items() if q.endswith(":count")}, 0.2, at_least=3)
    merged: dict[str, dict[Group, float]] = {}
    for quantity, values in shown.items():
        merged.setdefault(bases.get(quantity, quantity), {}).update(values)
    names = same_names(merged, 0.8, at_least=5, apart=_apart(merged, shown, bases))
    return declared_names({q: names[bases.get(q, q)] for q in shown}, shown)


@dataclass(frozen=True)
class _Seen:
    """Shown values and hidden groups of each quantity, the hidden ones that another file told, and what
    stands as count and base in one line."""

    shown: dict[str, dict[Group, float]]
    hidden: dict[str, set[Group]]
    given_away: dict[tuple[str, Group], float]
    pairs: dict[tuple[str, Group], tuple[str, Group]]

    def cells(self) -> set[tuple[str, Group]]:
        """Every quantity and group, shown or hidden."""
        return {(q, g) for q, own in self.shown.items() for g in own} | {
            (q, g) for q, own in self.hidden.items() for g in own
        }

    def elsewhere(self) -> dict[tuple[str, Group], float]:
        """What one table hides and another, or another file, shows."""
        hidden = ((q, g) for q, own in self.hidden.items() for g in own)
        return {(q, g): self.shown[q][g] for q, g in hidden if g in self.shown[q]} | self.given_away


def _apart(
    merged: Iterable[str], shown: Mapping[str, Mapping[Group, float]], bases: Mapping[str, str]
) -> set[frozenset[str]]:
    """Wholes and their parts: that all children seen are in one part does not say so of those who are hidden."""
    known = declared_names({q: bases.get(q, q) for q in shown}, shown)
    whole_of = {
        p: known[r["whole"]]
        for r in read_csv("disclosure_profiles/relations")
        if " " in r["parts"] and r["whole"] in known
        for p in r["parts"].split()
    }
    return {
        frozenset((part, name))
        for part, whole in whole_of.items()
        for name in merged
        if name != part and known.get(name) == whole
    }


def _figures(tables: Sequence[Safe], told: Told) -> _Seen:
    shown: dict[str, dict[Group, float]] = {}
    hidden: dict[str, set[Group]] = {}
    given_away: dict[tuple[str, Group], float] = {}
    pairs: dict[tuple[str, Group], tuple[str, Group]] = {}
    for table in tables:
        own = table.spec.dimensions
        column = {d.column: f"{d.column}@{d.vintage}" if d.vintage else d.column for d in own}
        counted, reckoned = counted_columns(table), judges_shares(table.spec.profile)
        for at, row in enumerate(table.frame.iter_rows(named=True)):
            group = tuple(sorted((column[c], str(row[c])) for c in column if str(row[c]) != TOTAL))
            for c in counted:
                name = f"{row['measure']}:{'count' if c == 'n' else 'with'}"
                if c != "n" and "n" in counted:
                    pairs[name, group] = (f"{row['measure']}:count", group)
                shown.setdefault(name, {})
                elsewhere = told.get((table.spec.id, at, c))
                implied = c == "numerator" and "n" in counted
                figure = implied_part(row, reckoned=reckoned) if implied else row[c]
                if figure is not None:
                    shown[name][group] = float(figure)
                elif elsewhere is not None:
                    shown[name][group] = given_away[name, group] = elsewhere
                elif row["symbol"] == "[c]":
                    hidden.setdefault(name, set()).add(group)
    seen = _Seen(shown, hidden, given_away, pairs)
    there = seen.cells()
    return replace(seen, pairs={k: b for k, b in pairs.items() if {k, b} <= there})


def counted_columns(table: Safe) -> list[str]:
    """The columns of a safe table whose figures add up over groups."""
    there, count = table.frame.columns, table.spec.count
    parts = table.spec.kind == "share" and "n_with" not in there and count == "n"
    return [c for c in ADDITIVE if c in there and (c != "numerator" or count == c or parts)]


def _families(tables: Sequence[Safe]) -> dict[str, list[Family]]:
    inside: dict[str, dict[str, dict[str, None]]] = {}
    for table in tables:
        for d in table.spec.dimensions:
            column = f"{d.column}@{d.vintage}" if d.vintage else d.column
            for value in table.frame[d.column].unique(maintain_order=True).to_list():
                if value != TOTAL:
                    parent = d.parents.get(value, TOTAL)
                    inside.setdefault(column, {}).setdefault(parent, {})[value] = None
    return {
        c: [Family(p, own) for p, v in f.items() for own in divisions(list(v))]
        for c, f in inside.items()
        if c not in overlapping(inside)
    }


def _measures(lattice: Lattice, names: Mapping[str, str]) -> None:
    """Sums among measures, where they hold among what is shown or cannot be tried."""
    by_group: dict[Group, dict[str, int]] = {}
    for (quantity, group), at in lattice.number.items():
        by_group.setdefault(group, {})[quantity] = at
    declared = [(r["whole"], r["parts"].split()) for r in read_csv("disclosure_profiles/relations")]
    for cells in by_group.values():
        for declared_whole, declared_parts in declared:
            whole, *parts = (names.get(q, q) for q in (declared_whole, *declared_parts))
            if len(parts) > 1 and whole in cells and all(p in cells for p in parts):
                lattice.rows.append((cells[whole], tuple(cells[p] for p in parts)))
