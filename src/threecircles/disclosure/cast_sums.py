"""Sums that no total row shows: bases, measures, values that are linked. A reader knows them all.

Without them a hidden count comes back from the base beside it, or from the stock and flow of its year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from threecircles.core.tables import Measured
from threecircles.definitions import read_csv
from threecircles.disclosure.cells import Group, Quantity, Register
from threecircles.disclosure.linear import TINY
from threecircles.disclosure.linked_tables import links_among
from threecircles.disclosure.linked_values import linked


def base_sums(
    register: Register, table: Measured, children: str, found: Sequence[Quantity]
) -> None:
    """Lines that divide their base: the same base stands in each, and the parts make it up."""
    by = {(q.measure, q.role): q for q in found}
    for (measure, role), part in by.items():
        base = by.get((measure, "count"))
        if role != "with" or base is None or base.name == part.name:
            continue
        for d in table.spec.dimensions:
            column = f"{d.column}@{d.vintage}" if d.vintage else d.column
            for lines in divided(part.values, base.values, column):
                cells = [register.number[(children, part.name, g)] for g in lines]
                for g in lines:
                    register.adds_up(register.number[(children, base.name, g)], cells)


def divided(
    part: Mapping[Group, float], base: Mapping[Group, float], column: str
) -> list[list[Group]]:
    """The lines along a dimension whose parts make up the base that all of them share."""
    lines: dict[Group, list[Group]] = {}
    for group in part:
        if group in base and any(d == column for d, _ in group):
            rest = frozenset(p for p in group if p[0] != column)
            lines.setdefault(rest, []).append(group)
    return [
        own
        for own in lines.values()
        if len(own) > 1
        and len({base[g] for g in own}) == 1
        and abs(sum(part[g] for g in own) - base[own[0]]) < TINY
    ]


def linked_sums(register: Register) -> None:
    """Sums among values that disclosure_profiles/linked_values.csv declares; readers reckon with all of them."""
    groups: dict[tuple[str, str], list[Group]] = {}
    for children, quantity, group in register.number:
        groups.setdefault((children, quantity), []).append(group)
    for ids, own in groups.items():
        for whole, parts in linked(own):
            at, cells = register.number[(*ids, whole)], [register.number[(*ids, p)] for p in parts]
            gap = sum(register.value[c] for c in cells) - register.value[at]
            register.adds_up(at, cells, gap)


def table_sums(register: Register) -> None:
    """Cells of other tables that are bound to be equal, as disclosure_profiles/linked_tables.csv declares."""
    for left, right in links_among(register.number, register.names):
        ones, others = ([register.number[key] for key in side] for side in (left, right))
        if set(ones) != set(others):
            register.balances(ones, others)


def measure_sums(register: Register) -> None:
    """Sums among quantities of one group, as declared in disclosure_profiles/relations.csv."""
    by_group: dict[tuple[str, Group], dict[str, int]] = {}
    for (children, quantity, group), at in register.number.items():
        by_group.setdefault((children, group), {})[quantity] = at
    declared = [(r["whole"], r["parts"].split()) for r in read_csv("disclosure_profiles/relations")]
    for (children, _), cells in by_group.items():
        names = register.names.get(children, {})
        for declared_whole, declared_parts in declared:
            whole, *parts = (names.get(q, q) for q in (declared_whole, *declared_parts))
            if whole not in cells or any(p not in cells for p in parts) or len(parts) == 1:
                continue
            members = [cells[p] for p in parts]
            if abs(sum(register.value[m] for m in members) - register.value[cells[whole]]) < TINY:
                register.adds_up(cells[whole], members)
