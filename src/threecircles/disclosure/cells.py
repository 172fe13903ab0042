"""Cells by their identity and the sums among them: the ledger in which tables of the same children meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Group = frozenset[tuple[str, str]]
"""Dimension column -> value, totals left out."""

Key = tuple[str, str, Group]
"""Children, quantity, group: the identity of a cell."""


@dataclass
class Register:
    """Cells by identity, and the sums among them. published: it stands in a table as such.

    gaps: rows whose parts are more than the whole by so many, though readers take them for a sum.
    """

    number: dict[Key, int] = field(default_factory=dict)
    value: list[float] = field(default_factory=list)
    published: list[bool] = field(default_factory=list)
    primary: list[bool] = field(default_factory=list)
    uses: list[int] = field(default_factory=list)
    rows: list[tuple[tuple[int, ...], tuple[float, ...]]] = field(default_factory=list)
    gaps: dict[int, float] = field(default_factory=dict)
    told: set[tuple[int, frozenset[int]]] = field(default_factory=set)
    names: dict[str, dict[str, str]] = field(default_factory=dict)

    def cell(self, key: Key, value: float, *, published: bool = True, primary: bool = False) -> int:
        """The number of a cell, made if new. It is primary when anything says so."""
        at = self.number.get(key)
        if at is None:
            at = self.number[key] = len(self.value)
            self.value.append(value)
            self.published.append(published)
            self.primary.append(primary)
            self.uses.append(1)
            return at
        self.published[at] |= published
        self.primary[at] |= primary
        self.uses[at] += 1
        return at

    def adds_up(self, whole: int, parts: Sequence[int], gap: float = 0.0) -> None:
        """Note, once, that parts make up a whole."""
        if (whole, frozenset(parts)) in self.told or list(parts) == [whole]:
            return
        self.told.add((whole, frozenset(parts)))
        if gap:
            self.gaps[len(self.rows)] = gap
        self.rows.append(((whole, *parts), (-1.0, *([1.0] * len(parts)))))


@dataclass(frozen=True)
class Quantity:
    """One additive figure of a table: its name among these children, and what it is to each row.

    role: count (children counted), base (children behind the figure) or with (those it holds for).
    """

    name: str
    measure: str
    role: str
    values: dict[Group, float]
