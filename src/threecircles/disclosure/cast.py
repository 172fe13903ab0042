"""Tables cast into cells and sums: without it two tables of the same children would be judged apart.

A cell has an identity: which children (population, unit, period), which quantity (for example those
with high need, or all who answered) and which group. The same identity in several tables, pages or
releases is one cell with one fate.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from threecircles.core.tables import TOTAL, Measured, TableSpec
from threecircles.definitions import read_csv
from threecircles.disclosure.cast_sums import base_sums, linked_sums, measure_sums, table_sums
from threecircles.disclosure.cells import Group, Key, Quantity, Register, implied_part
from threecircles.disclosure.linear import TINY, Floats, Ints
from threecircles.disclosure.linked_values import STOCKS
from threecircles.disclosure.profiles import Profile, judges_shares
from threecircles.disclosure.sums import Bools, Sums
from threecircles.disclosure.suppress import Wish

TOTALS_COST = 10.0
"""How much dearer hiding a total is than hiding one of its parts."""

TOLD_COST = 1_000.0
"""How much dearer hiding is what the release of another year shows: it would hide nothing."""


@dataclass(frozen=True)
class Cast:
    """Everything released together as cells and sums.

    deciding: for each table, row by row, the cells whose fate the row shares. own: those of them that
    the row is there to tell, its base left out.
    """

    register: Register
    deciding: tuple[tuple[tuple[int, ...], ...], ...]
    own: tuple[tuple[tuple[int, ...], ...], ...]
    width: Floats

    def closed(self, hidden: Bools) -> Bools:
        """The hidden cells and what hidden rows tell: a row hidden for its base's sake must not stand
        again as the base of another row."""
        closed = hidden.copy()
        while True:
            before = int(closed.sum())
            for deciding, own in zip(self.deciding, self.own, strict=True):
                for row in hidden_rows(deciding, closed):
                    closed[list(own[row])] = True
            if int(closed.sum()) == before:
                return closed

    def problem(self) -> tuple[Sums, Floats, Wish, Bools]:
        """Sums, true values, what is wished, and the cells that are not shown anyway."""
        r = self.register
        value = np.array(r.value)
        lines = [
            (i, c, k)
            for i, (cells, ks) in enumerate(r.rows)
            for c, k in zip(cells, ks, strict=True)
        ]
        at, where, coefficient = zip(*lines, strict=True) if lines else ((), (), ())
        matrix = sp.csr_matrix((coefficient, (at, where)), shape=(len(r.rows), value.size))
        nothing = np.zeros(value.size)
        right = np.array([r.gaps.get(i, 0.0) for i in range(len(r.rows))])
        sums = Sums(matrix, right, nothing, np.full(value.size, np.inf))
        totals = np.array([self._is_total(key) for key in r.number], bool)
        cost = (
            (1.0 + np.log1p(value))
            * np.where(totals, TOTALS_COST, 1.0)
            * np.where([bool(key[2] & STOCKS) for key in r.number], TOLD_COST, 1.0)
            * np.maximum(1, np.array(r.uses))
        )
        wish = Wish(np.array(r.primary, bool), self.width, cost)
        return sums, value, wish, ~np.array(r.published, bool)

    @staticmethod
    def _is_total(key: Key) -> bool:
        return not key[2]


def cast(tables: Sequence[Measured], profile_of: Callable[[TableSpec], Profile]) -> Cast:
    """Cells, sums and primary cells of tables that are released together."""
    register, deciding, owned = Register(), [], []
    widths: dict[int, float] = {}
    named, register.names = _names(tables)
    for t, table in enumerate(tables):
        profile = profile_of(table.spec)
        rows: list[list[int]] = [[] for _ in range(table.frame.height)]
        own: list[list[int]] = [[] for _ in range(table.frame.height)]
        where = _where(table)
        for quantity in named[t]:
            _cells(register, table, quantity, profile, where, rows, own)
        _with_and_without(register, table, named[t], profile)
        for row in rows:
            for c in row:
                widths[c] = max(widths.get(c, 0.0), profile.min_width)
        deciding.append(tuple(tuple(r) for r in rows))
        owned.append(tuple(tuple(r) for r in own))
    for t, table in enumerate(tables):
        for quantity in named[t]:
            _dimension_sums(register, table, quantity, profile_of(table.spec))
        base_sums(register, table, children_of(table.spec), named[t])
    measure_sums(register)
    linked_sums(register)
    table_sums(register)
    width = np.full(len(register.value), 3.0)
    for c, w in widths.items():
        width[c] = w
    return Cast(register, tuple(deciding), tuple(owned), width)


def children_of(spec: TableSpec) -> str:
    """Which children a table counts: tables that agree in this share cells.

    Of a unit that names several ("children; rate per 10,000") the first is what is counted.
    """
    return f"{spec.population}|{spec.unit.partition(';')[0]}|{spec.period}"


def group_of(spec: TableSpec, row: dict[str, object]) -> Group:
    """The group a row speaks of."""
    return frozenset(
        (f"{d.column}@{d.vintage}" if d.vintage else d.column, str(row[d.column]))
        for d in spec.dimensions
        if str(row[d.column]) != TOTAL
    )


def quantities(table: Measured) -> list[Quantity]:
    """The additive figures of a table, before equal ones are given one name."""
    spec, frame = table.spec, table.frame
    if spec.count not in frame.columns:
        return []
    found: dict[tuple[str, str], dict[Group, float]] = {}
    reckoned = judges_shares(spec.profile)
    for row in frame.iter_rows(named=True):
        group, measure, count = group_of(spec, row), str(row["measure"]), row[spec.count]
        if count is None:
            continue
        if spec.count == "n":
            found.setdefault((measure, "count"), {})[group] = float(count)
            part = implied_part(row, reckoned=reckoned) if spec.kind == "share" else None
            if part is not None:
                found.setdefault((measure, "with"), {})[group] = part
        else:
            found.setdefault((measure, "with"), {})[group] = float(count)
            if row.get("n") is not None:
                found.setdefault((measure, "count"), {})[group] = float(row["n"])
    return [Quantity(f"{m}:{role}", m, role, values) for (m, role), values in found.items()]


def _names(
    tables: Sequence[Measured],
) -> tuple[list[list[Quantity]], dict[str, dict[str, str]]]:
    """The quantities of each table; those that are equal wherever both are known bear one name.

    Also the names given: children -> quantity -> its name.
    """
    whole: dict[str, dict[str, dict[Group, float]]] = {}
    own = [quantities(t) for t in tables]
    for table, found in zip(tables, own, strict=True):
        everywhere = whole.setdefault(children_of(table.spec), {})
        for q in found:
            everywhere.setdefault(q.name, {}).update(q.values)
    alias = {
        children: declared_names(same_names(named), named) for children, named in whole.items()
    }
    return [
        [Quantity(alias[children_of(t.spec)][q.name], q.measure, q.role, q.values) for q in found]
        for t, found in zip(tables, own, strict=True)
    ], alias


def same_names(
    named: Mapping[str, Mapping[Any, float]],
    common_share: float = 0.8,
    at_least: int = 0,
    apart: Collection[frozenset[str]] = (),
) -> dict[str, str]:
    """One name for quantities that are equal wherever both are known: quantity -> its name.

    common_share: the share of groups that must be known of both. at_least: the least number of groups
    with somebody in them: where only noughts are seen, nothing is known of what is hidden. apart: pairs
    that are two quantities however alike they look.
    """
    alias: dict[str, str] = {}
    # Parts before bases, so that "children with high need" keeps its own name where it is a base too.
    for name in sorted(named, key=lambda n: (n.endswith(":count"), list(named).index(n))):
        same = (
            kept
            for kept in dict.fromkeys(alias.values())
            if frozenset((name, kept)) not in apart
            and _equal(named[name], named[kept], common_share, at_least)
        )
        alias[name] = next(same, name)
    return alias


def _equal(
    one: Mapping[Any, float], other: Mapping[Any, float], common_share: float, at_least: int
) -> bool:
    common = one.keys() & other.keys()
    return (
        len(common) >= max(1, common_share * max(len(one), len(other)))
        and sum(1 for g in common if one[g]) >= at_least
        and all(abs(one[g] - other[g]) < TINY for g in common)
    )


def declared_names(
    alias: Mapping[str, str], named: Mapping[str, Mapping[Any, float]]
) -> dict[str, str]:
    """Names with those made one that a relation of a single part declares, where no figure speaks against it."""
    joined = dict(alias)
    for r in read_csv("disclosure_profiles/relations"):
        one, other = r["whole"], r["parts"]
        if one not in joined or other not in joined:
            continue
        common = named[one].keys() & named[other].keys()
        if all(abs(named[one][g] - named[other][g]) < TINY for g in common):
            old, new = joined[other], joined[one]
            joined = {n: new if kept == old else kept for n, kept in joined.items()}
    return joined


def _cells(
    register: Register,
    table: Measured,
    q: Quantity,
    profile: Profile,
    where: Mapping[str, Sequence[tuple[Group, int]]],
    rows: list[list[int]],
    own: list[list[int]],
) -> None:
    children = children_of(table.spec)
    values = np.array(list(q.values.values()))
    hides = profile.hides(values)
    if profile.decides_on == "base" and q.role == "with":
        hides = np.zeros(values.size, bool)
    numbers = {
        group: register.cell((children, q.name, group), value, primary=bool(hidden))
        for (group, value), hidden in zip(q.values.items(), hides, strict=True)
    }
    for group, i in where.get(q.measure, ()):
        at = numbers.get(group)
        if at is not None:
            rows[i].append(at)
            if q.role != "base":
                own[i].append(at)


def _where(table: Measured) -> dict[str, list[tuple[Group, int]]]:
    """The groups and row numbers of each measure."""
    found: dict[str, list[tuple[Group, int]]] = {}
    for i, row in enumerate(table.frame.iter_rows(named=True)):
        found.setdefault(str(row["measure"]), []).append((group_of(table.spec, row), i))
    return found


def _with_and_without(
    register: Register, table: Measured, found: Iterable[Quantity], profile: Profile
) -> None:
    """What is left of a base when those with the property are taken away, where it needs protection."""
    children = children_of(table.spec)
    by = {(q.measure, q.role): q for q in found}
    for (measure, role), part in by.items():
        base = by.get((measure, "count"))
        if role != "with" or base is None or base.name == part.name:
            continue
        for group, value in part.values.items():
            n = base.values.get(group)
            if n is None or n < value:
                continue
            told = (children, part.name, group), (children, base.name, group)
            whole_group = profile.group_disclosure and n < profile.group_full_min
            if whole_group and value in (0.0, n):
                register.cell(told[0], value, primary=True)
            if (
                profile.complement
                and profile.decides_on == "children"
                and bool(profile.hides(np.array([n - value]))[0])
            ):
                rest = register.cell(
                    (children, f"{base.name}-{part.name}", group),
                    n - value,
                    published=False,
                    primary=True,
                )
                register.adds_up(register.number[told[1]], [register.number[told[0]], rest])


def _dimension_sums(register: Register, table: Measured, q: Quantity, profile: Profile) -> None:
    children = children_of(table.spec)
    for d in table.spec.dimensions:
        column = f"{d.column}@{d.vintage}" if d.vintage else d.column
        families: dict[str, dict[Group, dict[str, float]]] = {}
        for group, value in q.values.items():
            own = dict(group)
            mine = own.pop(column, None)
            if mine is not None:
                parent = d.parents.get(mine, TOTAL)
                families.setdefault(parent, {}).setdefault(frozenset(own.items()), {})[mine] = value
        for parent, family in families.items():
            for label, members in _partitions(register, (children, q.name), column, parent, family):
                _family_sums(register, (children, q.name), column, parent, members, label, profile)


def _parent_key(ids: tuple[str, str], column: str, parent: str, rest: Group) -> Key:
    return (*ids, rest if parent == TOTAL else rest | {(column, parent)})


def _partitions(
    register: Register,
    ids: tuple[str, str],
    column: str,
    parent: str,
    family: dict[Group, dict[str, float]],
) -> list[tuple[str, dict[Group, dict[str, float]]]]:
    """The ways in which values divide their parent: all together, or by the word before a colon."""
    if _within_parent(register, ids, column, parent, family):
        return [("", family)]
    kinds = {v.partition(":")[0] for members in family.values() for v in members if ":" in v}
    found = []
    for kind in sorted(kinds):
        some = {
            rest: {v: x for v, x in m.items() if v.startswith(f"{kind}:")}
            for rest, m in family.items()
        }
        if _within_parent(register, ids, column, parent, some):
            found.append((kind, some))
    return found


def _within_parent(
    register: Register,
    ids: tuple[str, str],
    column: str,
    parent: str,
    family: dict[Group, dict[str, float]],
) -> bool:
    """True when the members never add up to more than their parent (then they do not overlap)."""
    for rest, members in family.items():
        at = register.number.get(_parent_key(ids, column, parent, rest))
        if at is not None and sum(members.values()) > register.value[at] + TINY:
            return False
    return True


def _family_sums(
    register: Register, ids: tuple[str, str], column: str, parent: str,
    family: dict[Group, dict[str, float]], label: str, profile: Profile,
) -> None:  # fmt: skip
    known = [
        (register.number[key], rest, members)
        for rest, members in family.items()
        if (key := _parent_key(ids, column, parent, rest)) in register.number
    ]
    for at, rest, members in known:
        cells = [register.number[(*ids, rest | {(column, v)})] for v in members]
        gap = register.value[at] - sum(register.value[c] for c in cells)
        if gap < -TINY:
            continue
        # Where nothing is left out readers will reckon so, even if other lines leave something out.
        if gap > TINY:
            # Each list of a whole leaves out others of its own.
            beside = f"{label or parent} beside {', '.join(sorted(members))}"
            key = (*ids, rest | {(column, f"(others in {beside})")})
            small = bool(profile.hides(np.array([gap]))[0])
            cells.append(register.cell(key, gap, published=False, primary=small))
        register.adds_up(at, cells)


def hidden_rows(deciding: tuple[tuple[int, ...], ...], hidden: Bools) -> Ints:
    """The rows of a table that share the fate of a hidden cell."""
    return np.array(
        [i for i, cells in enumerate(deciding) if any(hidden[c] for c in cells)], dtype=np.int64
    )
