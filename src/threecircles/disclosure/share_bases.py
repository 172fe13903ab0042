"""What a percentage is a percentage of: without it a hidden total would come back by dividing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from threecircles.disclosure.complete import Complete
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.shares import fitting_scale

Cell = Callable[[Entry, int], int | None]


def share_bases(found: Sequence[Entry], made: Complete) -> dict[tuple[str, int, str], int]:
    """The cell that each share of a full table is a share of: (sheet, row, share column) -> cell.

    The base stands in the same line, or is a total that fits every share of the column. A share whose
    base is in no table (a rate per population) is left out.
    """
    told: dict[tuple[str, int, str], int] = {}
    numbered = list(zip(found, made.at, strict=True))
    in_line = {(e.sheet, e.row): at for e, at in numbered if e.quantity.startswith("base ")}
    columns = dict.fromkeys((e.sheet, h) for e, _ in numbered for h, _ in e.shares)
    for sheet, column in columns:
        rows = [
            (e, at, share)
            for e, at in numbered
            if e.sheet == sheet
            for h, share in e.shares
            if h == column and share.value is not None and e.told.value is not None
        ]
        for base_of in _candidates(made, in_line, rows):
            bases = [base_of(e, at) for e, at, _ in rows]
            fits = [
                (float(e.told.low), share, float(made.value[b]))
                for (e, _, share), b in zip(rows, bases, strict=True)
                if b is not None and made.value[b] > 0
            ]
            if all(b is not None for b in bases) and fitting_scale(fits) is not None:
                told |= {
                    (sheet, e.row, column): b
                    for (e, _, _), b in zip(rows, bases, strict=True)
                    if b is not None
                }
                break
    return told


def _candidates(
    made: Complete,
    in_line: dict[tuple[str, int], int],
    rows: Sequence[tuple[Entry, int, object]],
) -> Iterator[Cell]:
    keys, number = made.lattice.keys, made.lattice.number
    if rows and (rows[0][0].sheet, rows[0][0].row) in in_line:
        yield lambda e, at: in_line.get((e.sheet, e.row))
    dimensions = sorted({d for _, at, _ in rows for d, _ in keys[at][1]})
    for size in range(1, len(dimensions) + 1):
        for summed in combinations(dimensions, size):
            yield lambda e, at, over=summed: number.get(  # type: ignore[misc]
                (keys[at][0], tuple(p for p in keys[at][1] if p[0] not in over))
            )
