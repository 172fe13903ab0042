"""Printed tables as cells and sums: the step from what a file says to what can be worked out from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from threecircles.core.tables import TOTAL
from threecircles.disclosure.adding_up import Family, Group
from threecircles.disclosure.linear import TINY
from threecircles.disclosure.sums import Bools, Sums
from threecircles.disclosure.wholes import is_base, make_wholes, whole_key

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

    def noughts(self) -> set[int]:
        """Cells that are nought because a whole of theirs is shown as nought, and those below them."""
        empty = {at for at, high in enumerate(self.high) if high == 0}
        found: set[int] = set()
        while True:
            new = {p for whole, parts in self.rows if whole in empty for p in parts} - empty
            if not new:
                return found
            empty |= new
            found |= new


def tie(
    lattice: Lattice,
    families: Mapping[str, Sequence[Family]],
    slack: float = 0.0,
    *,
    keep_wholes: bool = False,
) -> None:
    """Add the sums that the families imply among the cells, and the cells nobody printed but sums need.

    slack: how far printed figures may be from adding up because they were rounded. keep_wholes:
    totals that nobody printed matter in themselves, not only for what they tell of others.
    """
    broken, leaky = _tried(lattice, families, _lines(lattice, families), slack)
    for d, parent in dict.fromkeys((d, f.parent) for d, own in families.items() for f in own):
        if all((False, d, f) in broken for f in families[d] if f.parent == parent):
            lattice.notes.append(
                f"{d}: the parts of {parent} add up to more than it, so they overlap and are not tied"
            )
    for base in (False, True):
        # A base stands in many lines and may not add up where the counts beside it do.
        sound = {d: [f for f in own if (base, d, f) not in broken] for d, own in families.items()}
        make_wholes(lattice, sound, base=base, every=keep_wholes)
        known = _by_whole(sound)
        for (quantity, d, rest), members in _lines(lattice, sound).items():
            if is_base(quantity) != base:
                continue
            there = _of_members(known[d], members)
            for family in there:
                if not _shorter(family, there, members):
                    leaves = (base, d, family) in leaky
                    _tie_one(lattice, (quantity, d, rest), members, family, leaves)
    if not keep_wholes:
        _forget_idle(lattice)


def _tried(
    lattice: Lattice, families: Mapping[str, Sequence[Family]], lines: Lines, slack: float
) -> tuple[set[tuple[bool, str, Family]], set[tuple[bool, str, Family]]]:
    """Families whose parts overlap, and those that leave something out, where all is printed: of bases or of counts."""
    broken, leaky = set(), set()
    shown = lattice.shown()
    known = _by_whole(families)
    for (quantity, d, _), members in lines.items():
        for family in _of_members(known[d], members):
            whole = members[family.parent]
            parts = [members[p] for p in family.parts if p in members]
            if not shown[whole] or not parts:
                continue
            gap = lattice.low[whole] - sum(lattice.low[p] for p in parts)
            room = slack * (len(parts) + 1) + TINY
            # Shown parts that are too many overlap, whatever the hidden ones are.
            if gap < -room:
                broken.add((is_base(quantity), d, family))
            elif gap > room and len(parts) == len(family.parts) and all(shown[p] for p in parts):
                leaky.add((is_base(quantity), d, family))
    return broken, leaky


def _by_whole(
    families: Mapping[str, Sequence[Family]],
) -> dict[str, dict[str, list[tuple[int, Family]]]]:
    """Dimension -> whole -> its families with their places: most lines hold few of many wholes."""
    found: dict[str, dict[str, list[tuple[int, Family]]]] = {}
    for d, own in families.items():
        known = found.setdefault(d, {})
        for place, family in enumerate(own):
            known.setdefault(family.parent, []).append((place, family))
    return found


def _of_members(
    known: Mapping[str, Sequence[tuple[int, Family]]], members: Mapping[str, int]
) -> list[Family]:
    """The families whose whole is a member, in their order."""
    there = members if len(members) < len(known) else known
    placed = [p for whole in there if whole in members for p in known.get(whole, ())]
    return [family for _, family in sorted(placed, key=lambda p: p[0])]


def _lines(lattice: Lattice, families: Mapping[str, Sequence[Family]]) -> Lines:
    """Cells that differ in one dimension only, with the one over all its values where there is one."""
    lines: dict[tuple[str, str, Group], dict[str, int]] = {}
    for (quantity, group), at in lattice.number.items():
        for place, (d, value) in enumerate(group):
            if d in families:
                rest = group[:place] + group[place + 1 :]
                lines.setdefault((quantity, d, rest), {})[value] = at
    for (quantity, _, rest), members in lines.items():
        whole = lattice.number.get((quantity, rest))
        if whole is not None:
            members[TOTAL] = whole
    return lines


def _forget_idle(lattice: Lattice) -> None:
    """Leave out sums whose whole nobody printed and no other sum speaks of: they tell nothing."""
    uses: dict[int, int] = {}
    for whole, parts in lattice.rows:
        for c in (whole, *parts):
            uses[c] = uses.get(c, 0) + 1
    rows, idle = lattice.rows, True
    while idle:
        kept = []
        for whole, parts in rows:
            # Below nought and without end nothing is known of such a whole, so any parts fit it.
            if (
                not lattice.printed[whole]
                and uses[whole] == 1
                and not np.isfinite(lattice.high[whole])
            ):
                for c in (whole, *parts):
                    uses[c] -= 1
            else:
                kept.append((whole, parts))
        idle = len(kept) < len(rows)
        rows = kept
    lattice.rows = rows


def _shorter(family: Family, others: Sequence[Family], members: Mapping[str, int]) -> bool:
    """True for the parts that another table lists where this line holds more of the same whole."""
    own = set(family.parts)
    return any(
        other.parent == family.parent
        and own < set(other.parts)
        and any(p in members for p in other.parts if p not in own)
        for other in others
    )


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
    parts += [lattice.cell(whole_key(*line, p)) for p in family.parts if p not in members]
    if leaky:
        # Other lists of the same whole leave out others.
        parts.append(
            lattice.cell(whole_key(*line, f"{OTHERS} {family.parent} beside {family.parts[0]}"))
        )
    lattice.rows.append((whole, tuple(parts)))


def words(group: Sequence[tuple[str, str]]) -> str:
    """A group in words, for people."""
    told = ", ".join(f"{d} {v}" for d, v in group if not v.startswith(OTHERS))
    others = [
        v.removeprefix(OTHERS).partition(" beside ")[0].strip()
        for _, v in group
        if v.startswith(OTHERS)
    ]
    if others:
        return f"what is not listed of {told or others[0]}"
    return told or "All"
