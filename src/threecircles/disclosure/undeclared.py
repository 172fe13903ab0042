"""Sums between measures that nobody declared: each would let a hidden count be worked out unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from threecircles.core.tables import Measured
from threecircles.definitions import read_csv
from threecircles.disclosure.cast import children_of, declared_names, quantities, same_names
from threecircles.disclosure.cells import Group

ENOUGH = 6
"""Groups in which a sum must hold before it is taken for one."""

MOST_PARTS = 3
"""Parts of a sum that are tried; more are found by their smaller sums or must be declared."""


@dataclass(frozen=True)
class Undeclared:
    """A sum that holds wherever its parts are known and is not in disclosure_profiles/relations.csv."""

    children: str
    whole: str
    parts: tuple[str, ...]
    groups: int


def undeclared_sums(tables: Sequence[Measured]) -> list[Undeclared]:
    """Measures of the same children of which one is always the sum of others, and no relation says so.

    Measured on the true figures; groups in which a part is nought are not counted as evidence.
    """
    by_children: dict[str, dict[str, dict[Group, float]]] = {}
    for table in tables:
        named = by_children.setdefault(children_of(table.spec), {})
        for q in quantities(table):
            named.setdefault(q.name, {}).update(q.values)
    found = []
    for children, named in sorted(by_children.items()):
        alias = declared_names(same_names(named), named)
        distinct = {name: named[name] for name in dict.fromkeys(alias.values())}
        told = {
            (
                alias.get(r["whole"], r["whole"]),
                frozenset(alias.get(p, p) for p in r["parts"].split()),
            )
            for r in read_csv("disclosure_profiles/relations")
        }
        for whole, values in distinct.items():
            others = [
                n
                for n in distinct
                if n != whole and len(distinct[n].keys() & values.keys()) >= ENOUGH
            ]
            for size in range(2, MOST_PARTS + 1):
                for parts in combinations(others, size):
                    times = _holds(values, [distinct[p] for p in parts])
                    if (
                        times >= ENOUGH
                        and (whole, frozenset(parts)) not in told
                        and not _implied(whole, parts, told)
                        and not _but_for_noughts(whole, parts, told, distinct)
                    ):
                        found.append(Undeclared(children, whole, parts, times))
    return found


def _holds(whole: dict[Group, float], parts: Sequence[dict[Group, float]]) -> int:
    """In how many groups the parts make up the whole; 0 when they do not in any one."""
    times = 0
    for group in set(whole).intersection(*parts):
        values = [p[group] for p in parts]
        if abs(sum(values) - whole[group]) > 1e-6:
            return 0
        times += all(values)
    return times


def _implied(whole: str, parts: Sequence[str], told: set[tuple[str, frozenset[str]]]) -> bool:
    """True when the sum follows from declared ones by putting one into another."""
    own = frozenset(parts)
    for other, split in told:
        # whole = a + rest is declared, and a = b + c too.
        if other in split:
            continue
        for wider, inside in told:
            if wider == whole and other in inside and (inside - {other}) | split == own:
                return True
            if wider == whole and split < inside and (inside - split) | {other} == own:
                return True
            # whole + x = y and a + x = y share their rest.
            if (
                other == wider
                and split != inside
                and (split - inside) | (inside - split) == own | {whole}
            ):
                return True
    return False


def _but_for_noughts(
    whole: str,
    parts: Sequence[str],
    told: set[tuple[str, frozenset[str]]],
    values: Mapping[str, Mapping[Group, float]],
) -> bool:
    """True when a declared sum is this one and further parts that are nought in every group."""
    own = frozenset(parts)
    return any(
        declared == whole
        and own < split
        and not any(any(values.get(part, {}).values()) for part in split - own)
        for declared, split in told
    )
