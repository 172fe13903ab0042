"""Printed tables as cells and sums: the step from what a file says to what can be worked out from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from threecircles.core.tables import TOTAL
from threecircles.disclosure.linear import TINY
from threecircles.disclosure.structure import Family, Group
from threecircles.disclosure.sums import Bools, Sums

Key = tuple[str, Group]
"""Quantity, group: the identity of a cell in files."""

Lines = Mapping[tuple[str, str, Group], Mapping[str, int]]
"""Quantity, dimension, the other dimensions -> value -> cell."""

OTHERS = "(others)"


@dataclass
class Lattice:
    """Cells by identity with what is known of each, and the sums among them.

    printed: the cell stands in a file. notes: what was found about the tables, in words.
    """

    number: dict[Key, int] = field(default_factory=dict)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    printed: list[bool] = field(default_factory=list)
    rows: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[Key]:
        """The identities in order of number."""
        return list(self.number)

    def cell(
        self, key: Key, low: float = 0.0, high: float = float("inf"), *, printed: bool = False
    ) -> int:
        """The number of a cell; what is said of it twice is what holds by both."""
        at = self.number.get(key)
        if at is None:
            at = self.number[key] = len(self.low)
            self.low.append(low)
            self.high.append(high)
            self.printed.append(printed)
            return at
        self.low[at], self.high[at] = max(self.low[at], low), min(self.high[at], high)
        self.printed[at] |= printed
        return at

    def sums(self) -> Sums:
        """The matrix form. Parts have coefficient 1, the whole -1."""
        lines = [
            (i, c, v)
            for i, (whole, parts) in enumerate(self.rows)
            for c, v in ((whole, -1.0), *((p, 1.0) for p in parts))
        ]
        at, where, value = zip(*lines, strict=True) if lines else ((), (), ())
        matrix = sp.csr_matrix((value, (at, where)), shape=(len(self.rows), len(self.low)))
        return Sums(matrix, np.zeros(len(self.rows)), np.array(self.low), np.array(self.high))

    def shown(self) -> Bools:
        """Cells that everybody knows exactly."""
        return np.array(self.high) - np.array(self.low) <= TINY


def tie(lattice: Lattice, families: Mapping[str, Sequence[Family]], slack: float = 0.0) -> None:
    """Add the sums that the families imply among the cells, and the cells nobody printed but sums need.

    slack: how far printed figures may be from adding up because they were rounded.
    """
    for _ in range(4):
        if not _missing_wholes(lattice, families):
            break
    lines = _lines(lattice, families)
    broken, leaky = _tried(lattice, families, lines, slack)
    for d, parent in sorted(broken):
        lattice.notes.append(
            f"{d}: the parts of {parent} add up to more than it, so they overlap and are not tied"
        )
    for (quantity, d, rest), members in lines.items():
        for family in families[d]:
            if (d, family.parent) not in broken:
                _tie_one(lattice, (quantity, d, rest), members, family, (d, family.parent) in leaky)


def _tried(
    lattice: Lattice, families: Mapping[str, Sequence[Family]], lines: Lines, slack: float
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Families whose parts overlap, and those that leave something out, where all is printed."""
    broken, leaky = set(), set()
    shown = lattice.shown()
    for (_, d, _), members in lines.items():
        for family in families[d]:
            whole = members.get(family.parent)
            parts = [members[p] for p in family.parts if p in members]
            if whole is None or not shown[whole] or not parts or not all(shown[p] for p in parts):
                continue
            gap = lattice.low[whole] - sum(lattice.low[p] for p in parts)
            room = slack * (len(parts) + 1) + TINY
            if gap < -room:
                broken.add((d, family.parent))
            elif gap > room and len(parts) == len(family.parts):
                leaky.add((d, family.parent))
    return broken, leaky


def _lines(lattice: Lattice, families: Mapping[str, Sequence[Family]]) -> Lines:
    """Cells that differ in one dimension only."""
    lines: dict[tuple[str, str, Group], dict[str, int]] = {}
    for (quantity, group), at in lattice.number.items():
        own = dict(group)
        for d in families:
            rest = tuple(p for p in group if p[0] != d)
            lines.setdefault((quantity, d, rest), {})[own.get(d, TOTAL)] = at
    return lines


def _whole_key(quantity: str, d: str, rest: Group, parent: str) -> Key:
    return quantity, rest if parent == TOTAL else tuple(sorted((*rest, (d, parent))))


def _missing_wholes(lattice: Lattice, families: Mapping[str, Sequence[Family]]) -> bool:
    """Make the totals that two dimensions speak of and nobody printed; True when any was made."""
    speaks: dict[Key, set[str]] = {}
    for (quantity, d, rest), members in _lines(lattice, families).items():
        for family in families[d]:
            if sum(1 for p in family.parts if p in members) >= 2 and family.parent not in members:
                speaks.setdefault(_whole_key(quantity, d, rest, family.parent), set()).add(
                    f"{d} {len(family.parts)}"
                )
    new = [key for key, by in speaks.items() if len(by) >= 2]
    for key in new:
        lattice.cell(key)
    return bool(new)


def _tie_one(
    lattice: Lattice,
    line: tuple[str, str, Group],
    members: Mapping[str, int],
    family: Family,
    leaky: bool,
) -> None:
    whole = members.get(family.parent)
    present = [p for p in family.parts if p in members]
    if whole is None or not present or [members[p] for p in present] == [whole]:
        return
    parts = [members[p] for p in present]
    parts += [lattice.cell(_whole_key(*line, p)) for p in family.parts if p not in members]
    if leaky:
        parts.append(lattice.cell(_whole_key(*line, f"{OTHERS} {family.parent}")))
    lattice.rows.append((whole, tuple(parts)))


def close(
    value: Mapping[Key, float], families: Mapping[str, Sequence[Family]], dimensions: Iterable[str]
) -> dict[Key, float]:
    """All totals that the cells imply, added to them: one dimension after the other."""
    full = dict(value)
    for d in dimensions:
        above = {p: f.parent for f in families.get(d, ()) for p in f.parts}
        made: dict[Key, float] = {}
        for (quantity, group), v in full.items():
            own = dict(group)
            at = own.get(d)
            seen = set()
            while at is not None and at in above and at not in seen:
                seen.add(at)
                at = above[at]
                key = _whole_key(quantity, d, tuple(p for p in group if p[0] != d), at)
                if key not in full:
                    made[key] = made.get(key, 0.0) + v
                if at == TOTAL:
                    break
        full |= made
    return full
