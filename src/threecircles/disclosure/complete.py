"""A full table as cells, sums and what readers know: without it nobody could tell what hiding leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from threecircles.core.errors import UsageError
from threecircles.core.tables import TOTAL
from threecircles.disclosure.adding_up import Family, without_twins
from threecircles.disclosure.base_lines import base_rows_of
from threecircles.disclosure.lattice import OTHERS, Key, Lattice, tie, words
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.linear import TINY, Floats, Linear
from threecircles.disclosure.structure import merged, structure
from threecircles.disclosure.sums import Bools, contradictions


@dataclass(frozen=True)
class Complete:
    """Tables of which everything is known to whoever protects them.

    value: the true cells. at: for each entry the number of its cell. implied: totals nobody printed
    that readers can be taken to know. nobody: groups left out because they are empty. guessed: cells
    of groups that are not listed, of which only the sum is known. totals: the whole of any sum.
    public: cells that earlier tables show. pairs: base and count in one line, the count a part of it.
    """

    lattice: Lattice
    value: Floats
    at: tuple[int, ...]
    implied: Bools
    nobody: Bools
    guessed: Bools
    totals: Bools
    public: Bools
    pairs: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]


def complete(
    found: Sequence[Entry],
    declared: Sequence[tuple[str, str, str]] = (),
    earlier: Sequence[Entry] = (),
) -> Complete:
    """Cells and sums of full tables.

    earlier: entries of tables released before that share cells with these. Where no table holds a
    total, all totals are taken to be known, because somebody will print them. Raises UsageError when
    the figures do not add up.
    """
    both, parents, notes = merged([*found, *earlier])
    own = both[: len(found)]
    shape = structure(own, parents, declared, complete=True, beside=both[len(found) :])
    families = dict(shape.families)
    try:
        lattice, bare, left_open, guessed = _tied(both, own, families)
    except UsageError:
        fewer = {d: without_twins(f) for d, f in families.items()}
        if fewer == families:
            raise
        # Groups that are equal by chance are not one within the other.
        lattice, bare, left_open, guessed = _tied(both, own, fewer)
    made = np.array(lattice.low)
    totals = np.zeros(made.size, bool)
    totals[[whole for whole, parts in lattice.rows if len(parts) > 1]] = True
    wholes = np.zeros(made.size, bool)
    wholes[[whole for whole, _ in lattice.rows]] = True
    others = np.array([any(v.startswith(OTHERS) for _, v in group) for _, group in lattice.keys])
    public = np.zeros(made.size, bool)
    public[
        [lattice.number[(e.quantity, e.at)] for e in both[len(found) :] if e.told.value is not None]
    ] = True
    if bare:
        notes.append("the file holds no totals; they are taken to be known to readers")
    return Complete(
        lattice,
        made,
        tuple(lattice.number[(e.quantity, e.at)] for e in own),
        implied=left_open & wholes & bare,
        nobody=left_open & ~wholes & ~others & (made == 0) & ~guessed,
        guessed=guessed,
        totals=totals,
        public=public,
        pairs=_pairs(own, lattice),
        notes=tuple([*notes, *shape.notes, *lattice.notes]),
    )


def _tied(
    both: Sequence[Entry], own: Sequence[Entry], families: Mapping[str, Sequence[Family]]
) -> tuple[Lattice, bool, Bools, Bools]:
    """The cells tied by the families: lattice, whether no totals are printed, cells nobody printed, free choices."""
    value: dict[Key, float] = {}
    for e in both:
        if e.told.value is not None:
            value.setdefault((e.quantity, e.at), e.told.low)
    lattice = Lattice()
    for e in both:
        known = value.get((e.quantity, e.at))
        low, high = (0.0, np.inf) if known is None else (known, known)
        lattice.cell((e.quantity, e.at), low, high, printed=True)
    bare = not _has_totals([(e.quantity, e.at) for e in own], families)
    tie(lattice, families, keep_wholes=bare)
    _tie_bases(lattice, own)
    lattice.rows += base_rows_of(own, lattice)
    left_open = ~np.array(lattice.printed, bool)
    return lattice, bare, left_open, _settle(lattice)


def _has_totals(keys: Sequence[Key], families: Mapping[str, Sequence[Family]]) -> bool:
    """True when a table holds the total of any dimension."""
    most = max((len(group) for _, group in keys), default=0)
    # What adds up by chance is no total; what nests, or takes in all others, is one.
    wholes = {
        (d, f.parent if f.parent != TOTAL else f.parts[0])
        for d, own in families.items()
        for f in own
        if (f.parent != TOTAL and not f.guessed) or (f.parent == TOTAL and f.guessed)
    }
    return any(len(group) < most or any(p in wholes for p in group) for _, group in keys)


def _tie_bases(lattice: Lattice, own: Sequence[Entry]) -> None:
    """A denominator that is a total of the counts wherever it stands is that cell under another name."""
    bases = [e for e in own if e.quantity.startswith("base ")]
    for named in dict.fromkeys(e.quantity for e in bases):
        mine = [e for e in bases if e.quantity == named and e.told.value is not None]
        dimensions = sorted({d for e in mine for d, _ in e.at})
        for size in range(len(dimensions) + 1):
            found = next(
                (t for some in combinations(dimensions, size) if (t := _totals(lattice, mine, some))), None
            )  # fmt: skip
            if found:
                for e, whole in zip(mine, found, strict=True):
                    lattice.rows.append((whole, (lattice.number[(e.quantity, e.at)],)))
                break


def _totals(lattice: Lattice, bases: Sequence[Entry], over: Sequence[str]) -> list[int] | None:
    """The counts' totals over some dimensions for each base, when all of them are alike."""
    found = []
    counts = dict.fromkeys(q for q, _ in lattice.number if not q.startswith("base "))
    for quantity in counts:
        found = [
            lattice.number.get((quantity, tuple(p for p in e.at if p[0] not in over)))
            for e in bases
        ]
        if all(
            at is not None and lattice.printed[at] and lattice.low[at] == e.told.value
            for at, e in zip(found, bases, strict=True)
        ):
            return [at for at in found if at is not None]
    return None


def _pairs(own: Sequence[Entry], lattice: Lattice) -> tuple[tuple[int, int], ...]:
    """Bases and counts that stand in one line, where no count is larger than its base."""
    bases = {(e.sheet, e.row): e for e in own if e.quantity.startswith("base ")}
    found = [
        (bases[(e.sheet, e.row)], e)
        for e in own
        if not e.quantity.startswith("base ") and (e.sheet, e.row) in bases
    ]
    if any(e.told.low > base.told.low for base, e in found):
        return ()
    return tuple(
        (lattice.number[(b.quantity, b.at)], lattice.number[(e.quantity, e.at)]) for b, e in found
    )


def _settle(lattice: Lattice) -> Bools:
    """Give the cells that nobody printed the value that the sums leave; which of them were chosen freely."""
    known = np.array(lattice.high) - np.array(lattice.low) <= 0
    changed = True
    while changed:
        changed = False
        for whole, parts in lattice.rows:
            open_ = [c for c in (whole, *parts) if not known[c]]
            if not open_:
                continue
            rest = lattice.low[whole] - sum(lattice.low[p] for p in parts if known[p])
            if known[whole] and abs(rest) < 0.5:
                fill = dict.fromkeys(open_, 0.0)  # lines that are left out of a table hold nobody
            elif len(open_) == 1:
                fill = {open_[0]: rest if known[whole] else sum(lattice.low[p] for p in parts)}
            else:
                continue
            for c, v in fill.items():
                lattice.low[c] = lattice.high[c] = v
                known[c] = True
            changed = True
    guessed = ~known
    if guessed.any():
        _choose(lattice, guessed)
    bad = contradictions(lattice.sums())
    if bad.size or min(lattice.low, default=0.0) < -TINY:
        at = lattice.rows[bad[0]][0] if bad.size else int(np.argmin(lattice.low))
        raise UsageError(
            "The figures do not add up.",
            found=f"{words(lattice.keys[at][1])} is not the sum of its parts",
            mend="Correct the table, or name the columns that divide.",
        )
    return guessed


def _choose(lattice: Lattice, open_: Bools) -> None:
    """Any figures that fit, for cells of which only sums are known."""
    sums = lattice.sums()
    point = Linear(sums.matrix.tocsc(), sums.right, sums.lower, sums.upper).smallest([0], [0.0])
    if point is None:
        return
    for c in np.flatnonzero(open_):
        lattice.low[c] = lattice.high[c] = float(point[c])
