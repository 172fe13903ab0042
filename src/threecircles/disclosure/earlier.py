"""What earlier releases have already told: without it two safe tables would give a child away between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from threecircles.core.errors import NotPermitted
from threecircles.disclosure.columns import layout_of
from threecircles.disclosure.files import read_sheets
from threecircles.disclosure.lattice import Key, words
from threecircles.disclosure.layout import Entry, entries
from threecircles.disclosure.profiles import Profile

SMALL = 5
"""Differences up to this are a child or a few."""


@dataclass(frozen=True)
class Change:
    """One group that two tables give different counts. figures: table -> count."""

    group: tuple[tuple[str, str], ...]
    figures: dict[str, float]

    @property
    def size(self) -> float:
        """How far apart the counts are."""
        return max(self.figures.values()) - min(self.figures.values())

    def text(self, small: float = SMALL) -> str:
        """The change in words."""
        where = " and ".join(f"{v:g} in {sheet}" for sheet, v in self.figures.items())
        few = f"; the difference of {self.size:g} is a child or a few" if self.size <= small else ""
        return f"{words(self.group)} is {where}{few}"


def changes(found: Sequence[Entry]) -> list[Change]:
    """Groups that several tables show with different counts."""
    by_key: dict[Key, dict[str, float]] = {}
    for e in found:
        if e.told.value is not None:
            by_key.setdefault((e.quantity, e.at), {})[e.sheet] = e.told.value
    return [
        Change(group, figures)
        for (_, group), figures in by_key.items()
        if len(set(figures.values())) > 1
    ]


def of_other_times(found: Sequence[Entry], changed: Sequence[Change]) -> bool:
    """True when tables differ so much that they count other children, not the same ones run again.

    A table run again differs by few in one direction, or in the smaller part of its cells.
    """
    shared: dict[Key, set[str]] = {}
    for e in found:
        if e.told.value is not None:
            shared.setdefault((e.quantity, e.at), set()).add(e.sheet)
    common = sum(1 for sheets in shared.values() if len(sheets) > 1)
    first = {s: i for i, s in enumerate(dict.fromkeys(e.sheet for e in found))}
    signs = {
        sorted(c.figures, key=first.__getitem__)[0] == max(c.figures, key=c.figures.__getitem__)
        for c in changed
    }
    little = all(c.size <= SMALL for c in changed) and len(signs) == 1
    return not little and 2 * len(changed) > common


def apart(found: Sequence[Entry]) -> list[Entry]:
    """The entries, tables that contradict each other counting children of their own.

    Tables that agree in all that they share stay together: each goes with the first ones it fits.
    """
    editions: list[dict[Key, float]] = []
    of_sheet: dict[str, int] = {}
    by_sheet: dict[str, list[Entry]] = {}
    for e in found:
        by_sheet.setdefault(e.sheet, []).append(e)
    for sheet, own in by_sheet.items():
        told = {(e.quantity, e.at): e.told.value for e in own if e.told.value is not None}
        fits = (i for i, known in enumerate(editions) if all(known.get(k, v) == v for k, v in told.items()))  # fmt: skip
        at = next(fits, len(editions))
        if at == len(editions):
            editions.append({})
        editions[at].update(told)
        of_sheet[sheet] = at
    return [
        e
        if not of_sheet[e.sheet]
        else replace(e, quantity=f"{e.quantity} ({of_sheet[e.sheet] + 1})")
        for e in found
    ]


def shown_before(paths: Sequence[Path], found: Sequence[Entry], rule: Profile) -> list[Entry]:
    """Entries of tables already released, to be reckoned with beside new ones.

    Tables of other times are left out. Raises NotPermitted when a new table differs from an old one
    by so few that both together tell of them.
    """
    if not paths:
        return []
    kept: list[Entry] = []
    for sheet in read_sheets(paths):
        old = [replace(e, sheet=f"earlier {e.sheet}") for e in entries(sheet, layout_of(sheet))]
        changed = changes([*old, *found])
        if not changed:
            kept += old
        elif not of_other_times([*old, *found], changed):
            small = [c for c in changed if c.size <= max(SMALL, rule.hide_to)]
            raise NotPermitted(
                "The new table and one already released differ by so few children that both together tell of them.",
                where=sheet.name,
                found="; ".join(c.text(rule.hide_to) for c in (small or changed)[:5]),
                mend="Publish at the next planned date, when more has changed, or coarser.",
            )
    return kept
