"""Lines that divide the base printed beside them: without it a hidden count is the base less the others.

Answers of a group stand in lines of their own, each with the number who answered; or side by side with
it. Nobody needs a total row then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from threecircles.disclosure.adding_up import Group
from threecircles.disclosure.lattice import Lattice
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.linear import TINY

MOST_DIMENSIONS = 6
"""Dimensions of a table up to which every way of dividing a base is tried."""


@dataclass(frozen=True)
class Line:
    """Counts that together may make up one base, and the places where that base is printed."""

    bases: tuple[Entry, ...]
    counts: tuple[Entry, ...]


def base_rows_of(found: Sequence[Entry], lattice: Lattice) -> list[tuple[int, tuple[int, ...]]]:
    """Sums between bases and counts of full tables: each line that comes out is one."""
    rows = []
    for lines in base_lines(found):
        for line in lines:
            if _base(line) is not None and _gap(line) == 0:
                rows += _rows(line, lattice)
    return rows


def base_rows_guessed(
    found: Sequence[Entry], lattice: Lattice
) -> list[tuple[int, tuple[int, ...]]]:
    """Sums between bases and counts of tables with hidden cells, where no line speaks against them."""
    rows = []
    for lines in base_lines(found):
        whole = [line for line in lines if not any(e.told.hidden for e in line.counts)]
        if any(_base(line) is None for line in lines):
            continue
        against = any(_gap(line) != 0 for line in whole) or any(_gap(line) < 0 for line in lines)
        # Without a line that is shown whole the counts must at least be most of the base.
        if not against and (
            whole or any(2 * _shown(line) > (_base(line) or 0.0) for line in lines)
        ):
            rows += [row for line in lines if line not in whole for row in _rows(line, lattice)]
    return rows


def base_lines(found: Sequence[Entry]) -> Iterator[list[Line]]:
    """The lines of each table along each set of its dimensions over which a base does not change."""
    bases: dict[tuple[str, int], list[Entry]] = {}
    counts: dict[tuple[str, str, tuple[str, ...]], list[Entry]] = {}
    for e in found:
        if e.quantity.startswith("base "):
            bases.setdefault((e.sheet, e.row), []).append(e)
        else:
            counts.setdefault((e.sheet, e.quantity, tuple(d for d, _ in e.at)), []).append(e)
    for (_, _, dimensions), own in counts.items():
        for named in dict.fromkeys(
            b.quantity for e in own for b in bases.get((e.sheet, e.row), ())
        ):
            for size in range(1, min(len(dimensions), MOST_DIMENSIONS) + 1):
                for over in combinations(dimensions, size):
                    lines: dict[Group, list[Entry]] = {}
                    for e in own:
                        lines.setdefault(tuple(p for p in e.at if p[0] not in over), []).append(e)
                    several = [
                        Line(
                            tuple(dict.fromkeys(b for e in line for b in bases.get((e.sheet, e.row), ()) if b.quantity == named)),
                            tuple(line),
                        )
                        for line in lines.values()
                        if len(line) > 1
                    ]  # fmt: skip
                    if several:
                        yield several


def _base(line: Line) -> float | None:
    """The base that all of a line share; None where it differs or is nowhere shown."""
    shown = {b.told.value for b in line.bases if b.told.value is not None}
    return shown.pop() if len(shown) == 1 else None


def _shown(line: Line) -> float:
    return sum(e.told.low for e in line.counts)


def _gap(line: Line) -> float:
    """What the counts leave of the base: 0 when they make it up."""
    gap = (_base(line) or 0.0) - _shown(line)
    return 0.0 if abs(gap) < TINY else gap


def _rows(line: Line, lattice: Lattice) -> list[tuple[int, tuple[int, ...]]]:
    parts = tuple(dict.fromkeys(lattice.number[e.quantity, e.at] for e in line.counts))
    wholes = dict.fromkeys(lattice.number[b.quantity, b.at] for b in line.bases)
    return [(whole, parts) for whole in wholes]
