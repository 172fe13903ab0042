"""Totals that nobody printed but that lie between tables: without them a sum over two tables would go unseen.

Of all totals that could be formed only those are made that tie something to something: what several
tables divide alike, and the steps that lead there. Any further one is a sum of these and tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from threecircles.core.tables import TOTAL
from threecircles.disclosure.adding_up import Family, Group

if TYPE_CHECKING:
    from threecircles.disclosure.lattice import Key, Lattice

MOST_CELLS = 400_000
"""Cells up to which totals are made; beyond, the report says that it stopped."""

MOST_SIGNATURES = 400
"""Sets of dimensions that several tables have in common, for one quantity."""

Signature = frozenset[str]
Above = Mapping[str, Mapping[str, Sequence[str]]]
"""Dimension -> value -> the values that it is part of."""


def whole_key(quantity: str, d: str, rest: Group, parent: str) -> Key:
    """The identity of the whole over a line: the rest alone where the parent is the total."""
    return quantity, rest if parent == TOTAL else tuple(sorted((*rest, (d, parent))))


def is_base(quantity: str) -> bool:
    """True for the denominators that stand beside counts."""
    return quantity.startswith("base ")


def make_wholes(
    lattice: Lattice,
    families: Mapping[str, Sequence[Family]],
    *,
    base: bool = False,
    every: bool = False,
) -> None:
    """Make the totals that nobody printed and sums need.

    base: of the denominators or of the counts. every: also those that tie nothing.
    """
    above = _above(families)
    own = [key for key in lattice.number if is_base(key[0]) == base]
    if every:
        _climb(lattice, own, above)
    else:
        cells: dict[str, dict[Signature, list[Key]]] = {}
        for key in own:
            signature = frozenset(d for d, _ in key[1])
            cells.setdefault(key[0], {}).setdefault(signature, []).append(key)
        for by_signature in cells.values():
            _between(lattice, by_signature, above)
    if len(lattice.low) >= MOST_CELLS:
        lattice.notes.append(
            f"more than {MOST_CELLS:,} totals lie between these tables; sums over further ones were not tried"
        )


def _above(families: Mapping[str, Sequence[Family]]) -> dict[str, dict[str, list[str]]]:
    above: dict[str, dict[str, list[str]]] = {}
    for d, own in families.items():
        for family in own:
            for part in family.parts:
                known = above.setdefault(d, {}).setdefault(part, [])
                if part != family.parent and family.parent not in known:
                    known.append(family.parent)
    return above


def _climb(
    lattice: Lattice,
    waiting: list[Key],
    above: Above,
    only: str | None = None,
    total: bool = True,
) -> list[Key]:
    """Make all wholes above cells; returns them with the cells. only: along one dimension. total: to its end."""
    found = dict.fromkeys(waiting)
    waiting = list(waiting)
    while waiting and len(lattice.low) < MOST_CELLS:
        quantity, group = waiting.pop()
        for place, (d, value) in enumerate(group):
            if only is not None and d != only:
                continue
            for parent in above.get(d, {}).get(value, ()):
                if parent == TOTAL and not total:
                    continue
                key = whole_key(quantity, d, group[:place] + group[place + 1 :], parent)
                lattice.cell(key)
                if key not in found:
                    found[key] = None
                    waiting.append(key)
    return list(found)


def _between(lattice: Lattice, cells: dict[Signature, list[Key]], above: Above) -> None:
    """Tie each set of dimensions to the next smaller ones that tables have in common."""
    kept = _common(lattice, cells)
    for signature in sorted(kept, key=lambda s: (-len(s), sorted(s))):
        own = _climb(lattice, cells.get(signature, []), above, total=False)
        for smaller in _next(signature, kept):
            # Dimensions of many values first: what is left is small.
            order = sorted(signature - smaller, key=lambda d: (-len(above.get(d, {})), d))
            reached = own
            for d in order:
                reached = [
                    key
                    for key in _climb(lattice, reached, above, only=d)
                    if all(own_d != d for own_d, _ in key[1])
                ]
            known = dict.fromkeys(cells.get(smaller, []))
            cells[smaller] = list(known | dict.fromkeys(reached))


def _common(lattice: Lattice, cells: Iterable[Signature]) -> set[Signature]:
    """The sets of dimensions that are printed, and what any of them have in common."""
    kept = set(cells)
    new = set(kept)
    while new and len(kept) < MOST_SIGNATURES:
        new = {a & b for a in new for b in kept} - kept
        kept |= new
    if new:
        lattice.notes.append(
            "the tables divide in so many ways that not all of their common totals were tried"
        )
    return kept


def _next(signature: Signature, kept: Iterable[Signature]) -> list[Signature]:
    """The kept sets below one with none between."""
    below = [s for s in kept if s < signature]
    return sorted((s for s in below if not any(s < t for t in below)), key=sorted)
