"""Our own open tables read back as what they are: guessed at, their labels and bases would count as groups."""

from __future__ import annotations

from collections.abc import Sequence

from threecircles.core.tables import TOTAL
from threecircles.definitions import read_csv
from threecircles.disclosure.adding_up import Group
from threecircles.disclosure.files import Sheet
from threecircles.disclosure.lattice import Lattice
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.linear import TINY
from threecircles.disclosure.numbers import Told, told

STARTS = ("number_id", "table", "period")
NEEDS = frozenset({"measure", "value", "n", "symbol", "unit", "definition"})
HIDDEN = "[c]"
SMALL = 5
"""A number of children up to which it is hidden; shown, it is not what the table protects."""


def is_own(sheet: Sheet) -> bool:
    """True for a table as `report` writes it: a line per figure, with its number, measure and symbol."""
    return sheet.header[: len(STARTS)] == STARTS and set(sheet.header) >= NEEDS


def own_entries(sheet: Sheet) -> list[Entry]:
    """The counts of one of our tables. A quantity is a measure, its role and the children it is asked of.

    Columns X_code divide; of figures those that add up over groups are taken: n, and n_with or else the
    numerator. Lines with the symbol [c] are hidden; those with another symbol say nothing.
    """
    place = {h: i for i, h in enumerate(sheet.header)}
    first, last = len(STARTS), place["measure"]
    groups = [h for h in sheet.header[first:last] if h.endswith("_code")]
    with_column = "n_with" if "n_with" in place else "numerator"
    roles = [("n", "count")]
    if not _tells_small(sheet, with_column):
        roles.append((with_column, "with"))
    found = []
    for number, row in enumerate(sheet.rows):
        at = tuple(
            sorted(
                (h.removesuffix("_code").replace("_", " "), row[place[h]])
                for h in groups
                if row[place[h]] != TOTAL
            )
        )
        children = "|".join(row[place[h]] for h in ("unit", "definition", "period"))
        for column, role in roles:
            cell = _figure(row[place[column]], row[place["symbol"]])
            if cell is not None:
                name = f"{row[place['measure']]}:{role}|{children}"
                found.append(Entry(sheet.name, sheet.first + number, column, at, name, cell))
    return found


def _tells_small(sheet: Sheet, column: str) -> bool:
    """True where the table shows small numbers of a column openly (or has none): it protects its bases only."""
    if column not in sheet.header:
        return True
    at, base = sheet.header.index(column), sheet.header.index("n")
    figures = [(_figure(row[at], ""), row[base]) for row in sheet.rows]
    return any(f is not None and 0 < f.low <= SMALL and f.text != n for f, n in figures)


def _figure(text: str, symbol: str) -> Told | None:
    if symbol == HIDDEN:
        return told("c")
    if not text:
        return None
    cell = told(text)
    # A weighted numerator is no number of children.
    return cell if cell is not None and cell.low >= 0 and float(cell.low).is_integer() else None


def relate(lattice: Lattice) -> None:
    """Add the sums between measures that the project declares, where no shown figure speaks against them."""
    by_group: dict[tuple[str, Group], dict[str, int]] = {}
    for (quantity, group), at in lattice.number.items():
        name, found, children = quantity.partition("|")
        if found:
            by_group.setdefault((children, group), {})[name] = at
    declared = [(r["whole"], r["parts"].split()) for r in read_csv("disclosure_profiles/relations")]
    shown = lattice.shown()
    for whole, parts in declared:
        lines = [
            (cells[whole], tuple(cells[p] for p in parts))
            for cells in by_group.values()
            if whole in cells and all(p in cells for p in parts)
        ]
        full = [line for line in lines if shown[line[0]] and all(shown[p] for p in line[1])]
        if all(_adds_up(lattice, *line) for line in full):
            lattice.rows += lines


def noughts(lattice: Lattice) -> set[int]:
    """Hidden cells of our tables that are nought because a shown whole of theirs is.

    The profiles under which our tables go out show noughts, so these are no secret.
    """
    keys = lattice.keys
    return {at for at in lattice.noughts() if "|" in keys[at][0]}


def _adds_up(lattice: Lattice, whole: int, parts: Sequence[int]) -> bool:
    return abs(lattice.low[whole] - sum(lattice.low[p] for p in parts)) < TINY
