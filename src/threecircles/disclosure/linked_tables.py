"""Cells of tables about other children, or along other dimensions, that are bound to be equal.

Without it a count that the table of moves hides would come back from the table of states, and one that
the year's flow hides from the map. The links are data: disclosure_profiles/linked_tables.csv.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from threecircles.definitions import read_csv
from threecircles.disclosure.cells import Group, Key

Link = tuple[tuple[Key, ...], tuple[Key, ...]]
"""Cells of the one side and of the other: both add up to the same."""

Names = Mapping[str, Mapping[str, str]]
"""Children -> quantity as measured -> the name it bears among the cells."""

Index = Mapping[str, Mapping[str, list[Key]]]
"""Children -> quantity -> cells."""

ANY = "*"


@dataclass(frozen=True)
class Side:
    """One side of a link. children: population and unit, of whatever period.

    at: dimension -> `*` (all values are added up), `a/b` (these are), `{x}` (one link for each value).
    """

    children: str
    quantity: str
    at: Mapping[str, str]

    def found(self, index: Index, names: Names) -> dict[tuple[str, ...], list[Key]]:
        """The cells of this side for each period and values of what is free."""
        bound: dict[tuple[str, ...], list[Key]] = {}
        for children, quantities in index.items():
            counted, _, period = children.rpartition("|")
            if counted != self.children:
                continue
            name = names.get(children, {}).get(self.quantity, self.quantity)
            for key in quantities.get(name, ()):
                values = self._values(key[2])
                if values is not None:
                    bound.setdefault((period, *values), []).append(key)
        return bound

    def _values(self, group: Group) -> tuple[str, ...] | None:
        own = dict(group)
        if own.keys() != self.at.keys():
            return None
        for d, wanted in self.at.items():
            if wanted != ANY and not wanted.startswith("{") and own[d] not in wanted.split("/"):
                return None
        free = sorted((w, d) for d, w in self.at.items() if w.startswith("{"))
        return tuple(own[d] for _, d in free)


def links_among(keys: Collection[Key], names: Names | None = None) -> Iterator[Link]:
    """Cells that are bound to add up to the same, among cells of one period.

    keys: (population|unit|period, quantity, group). Whoever uses this judges whether the link holds.
    """
    index: dict[str, dict[str, list[Key]]] = {}
    for key in keys:
        index.setdefault(key[0], {}).setdefault(key[1], []).append(key)
    for row in read_csv("disclosure_profiles/linked_tables"):
        left, right = (_side(row[c]) for c in ("left", "right"))
        ones, others = left.found(index, names or {}), right.found(index, names or {})
        for bound, own in ones.items():
            across = others.get(bound)
            if across and set(across) != set(own):
                yield tuple(own), tuple(across)


def joined(children: Collection[str], links: Collection[Link]) -> list[list[str]]:
    """Children whose cells are linked, together; each of the others alone. In the order given."""
    group = {c: [c] for c in children}
    for left, right in links:
        one, other = group[left[0][0]], group[right[0][0]]
        if one is not other:
            one += other
            group |= dict.fromkeys(other, one)
    return list({id(own): own for own in group.values()}.values())


def _side(text: str) -> Side:
    children, quantity, at = text.split(";")
    return Side(children, quantity, dict(p.split("=") for p in at.split()))
