"""Cells by their identity and the sums among them: the ledger in which tables of the same children meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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

    def balances(self, left: Sequence[int], right: Sequence[int]) -> None:
        """Note that cells are bound to add up to the same as others, or to miss it by what they do."""
        gap = sum(self.value[c] for c in right) - sum(self.value[c] for c in left)
        if gap:
            self.gaps[len(self.rows)] = gap
        self.rows.append(((*left, *right), (*([-1.0] * len(left)), *([1.0] * len(right)))))


@dataclass(frozen=True)
class Quantity:
    """One additive figure of a table: its name among these children, and what it is to each row.

    role: count (children counted), base (children behind the figure) or with (those it holds for).
    """

    name: str
    measure: str
    role: str
    values: dict[Group, float]


def implied_part(row: Mapping[str, Any], *, reckoned: bool = True) -> float | None:
    """The children for whom a share holds: its numerator or, where none is given, share times base.

    None where that is no whole number between nought and the base: an estimate, and no count. reckoned:
    False where only a numerator counts (profiles.judges_shares).
    """
    n, part, share = row.get("n"), row.get("numerator"), row.get("value")
    if reckoned and part is None and n is not None and share is not None and 0 <= share <= 1:
        near = round(share * n)
        part = near if abs(share * n - near) < 1e-6 else None
    if part is None or n is None or not float(part).is_integer() or not 0 <= part <= n:
        return None
    return float(part)
