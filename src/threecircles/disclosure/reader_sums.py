"""What a reader of safe tables adds up beside their totals: bases that stand in every line, stock and flow.

Only what is shown decides whether such a sum is believed; a hidden figure is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from threecircles.disclosure.adding_up import Group
from threecircles.disclosure.lattice import Key, Lattice
from threecircles.disclosure.linear import TINY
from threecircles.disclosure.linked_tables import Names, links_among
from threecircles.disclosure.linked_values import linked, year_after, year_before

Row = tuple[int, tuple[int, ...]]

BETWEEN = "between|"
"""What two sides of a link add up to, where neither is one cell."""


def linked_rows(lattice: Lattice) -> Iterator[Row]:
    """The sums that disclosure_profiles/linked_values.csv declares, where no shown figure speaks against them."""
    groups: dict[str, dict[frozenset[tuple[str, str]], Group]] = {}
    for quantity, group in lattice.number:
        groups.setdefault(quantity, {})[frozenset(group)] = group
    for quantity, own in groups.items():
        for whole, parts in linked(own):
            row = (
                lattice.number[quantity, own[whole]],
                tuple(lattice.number[quantity, own[p]] for p in parts),
            )
            if _open(lattice, row) and _possible(lattice, row):
                yield row


def table_rows(lattice: Lattice, names: Names | None = None) -> Iterator[Row]:
    """The links between tables that disclosure_profiles/linked_tables.csv declares, where nothing shown speaks against them.

    Quantities that bear their children ("children:count|population|unit|period") are looked at. names:
    children -> quantity as measured -> its name here.
    """
    cells = {}
    for (quantity, group), at in lattice.number.items():
        name, _, children = quantity.partition("|")
        if children.count("|") >= 2:
            cells[children, name, frozenset(group)] = at
    for left, right in list(links_among(cells, names)):
        ones, others = (tuple(cells[key] for key in side) for side in (left, right))
        if set(ones) == set(others) or not _meet(lattice, ones, others):
            continue
        if len(ones) == 1:
            yield ones[0], others
        elif len(others) == 1:
            yield others[0], ones
        else:
            between = lattice.cell((f"{BETWEEN}{left[0][0]}", tuple(sorted({p for k in (*left, *right) for p in k[2]}))))  # fmt: skip
            yield between, ones
            yield between, others


def _meet(lattice: Lattice, ones: Sequence[int], others: Sequence[int]) -> bool:
    """Whether something is open, and both sides can add up to the same with what is known of each."""
    low, high = ([sum(known[c] for c in side) for side in (ones, others)] for known in (lattice.low, lattice.high))  # fmt: skip
    is_open = not all(_is_shown(lattice, c) for c in (*ones, *others))
    return is_open and low[0] <= high[1] + TINY and low[1] <= high[0] + TINY


def year_rows(lattice: Lattice) -> Iterator[Row]:
    """What is open at the end of one year is open at the start of the next: releases of two years meet there."""
    for key, at in list(lattice.number.items()):
        other = lattice.number.get(a_year_before(key)) if "|" in key[0] else None
        if other is not None and other != at and _open(lattice, (at, (other,))):
            yield at, (other,)


def a_year_before(key: Key) -> Key:
    """The cell of the year before that counts the same children, for a stock at a year's start; else the key."""
    return _at_the_turn(key, "stock_before", "stock_after", year_before)


def a_year_after(key: Key) -> Key:
    """The cell of the year after that counts the same children, for a stock at a year's end; else the key."""
    return _at_the_turn(key, "stock_after", "stock_before", year_after)


def _at_the_turn(key: Key, flow: str, there: str, moved: Callable[[str], str]) -> Key:
    quantity, group = key
    if ("flow", flow) not in group:
        return key
    return moved(quantity), tuple(sorted({**dict(group), "flow": there}.items()))


def base_rows(lattice: Lattice, pairs: Mapping[Key, Key]) -> Iterator[Row]:
    """Counts that together make up the base which each of their lines shows.

    pairs: count -> its base, both cells of the lattice.
    """
    for d in sorted({d for key in pairs for d, _ in key[1]}):
        lines: dict[tuple[str, Group], list[Key]] = {}
        for quantity, group in pairs:
            rest = tuple(p for p in group if p[0] != d)
            if rest != group:
                lines.setdefault((quantity, rest), []).append((quantity, group))
        by_quantity: dict[str, list[list[Key]]] = {}
        for (quantity, _), own in lines.items():
            if len(own) > 1:
                by_quantity.setdefault(quantity, []).append(own)
        for several in by_quantity.values():
            rows = [row for own in several if (row := _line(lattice, pairs, own)) is not None]
            if len(rows) == len(several) and _believed(lattice, rows):
                yield from (row for row in rows if _open(lattice, row))


def _line(lattice: Lattice, pairs: Mapping[Key, Key], own: Sequence[Key]) -> Row | None:
    """A line's base and its counts; None where the base differs along the line or is nowhere shown."""
    shown = [at for key in own if _is_shown(lattice, at := lattice.number[pairs[key]])]
    if not shown or len({lattice.low[at] for at in shown}) != 1:
        return None
    return shown[0], tuple(lattice.number[key] for key in own)


def _believed(lattice: Lattice, rows: Sequence[Row]) -> bool:
    """No line speaks against the sum, and one that is shown whole speaks for it."""
    whole = [row for row in rows if not _open(lattice, row)]
    return bool(whole) and all(_possible(lattice, row) for row in rows)


def _open(lattice: Lattice, row: Row) -> bool:
    return not all(_is_shown(lattice, c) for c in (row[0], *row[1]))


def _possible(lattice: Lattice, row: Row) -> bool:
    """Whether the parts can make up the whole with what is known of each."""
    low = sum(lattice.low[p] for p in row[1])
    high = sum(lattice.high[p] for p in row[1])
    return low <= lattice.high[row[0]] + TINY and high >= lattice.low[row[0]] - TINY


def _is_shown(lattice: Lattice, at: int) -> bool:
    return lattice.high[at] - lattice.low[at] <= TINY
