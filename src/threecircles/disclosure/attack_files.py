"""The attacker for anyone's tables: a council can see what it has already given away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from threecircles.core.errors import UsageError
from threecircles.disclosure.adding_up import Family
from threecircles.disclosure.attack_report import NARROW, Attack, Found
from threecircles.disclosure.attacker import Ranges, ranges
from threecircles.disclosure.base_lines import base_rows_guessed
from threecircles.disclosure.columns import has_figures, hides_all, layout_of
from threecircles.disclosure.earlier import SMALL, apart, changes, of_other_times
from threecircles.disclosure.explain import Term, explain
from threecircles.disclosure.files import Sheet, read_sheets
from threecircles.disclosure.lattice import Key, Lattice, tie, words
from threecircles.disclosure.layout import Entry, base_entries, entries
from threecircles.disclosure.linked_values import overlapping
from threecircles.disclosure.own_csv import is_own, noughts, own_entries, relate
from threecircles.disclosure.reader_sums import linked_rows, table_rows, year_rows
from threecircles.disclosure.same_groups import alike
from threecircles.disclosure.shares import share_bounds
from threecircles.disclosure.structure import merged, structure
from threecircles.disclosure.sums import Sums, contradictions
from threecircles.disclosure.unprinted import judged
from threecircles.disclosure.wholes import is_base

BOUNDED = 8_000
"""Hidden cells up to which the tightest bounds of each are worked out; of more only the narrow ones are."""

IF = "This holds if the tables count the same children, each once: a total that ties them is in no file."
"""Said of what rests on such totals."""

EXPLAINED = 60
"""Exact cells for which the numbers that give them away are worked out."""


def attack_files(
    paths: Sequence[Path],
    *,
    count: str | None = None,
    groups: Sequence[str] | None = None,
    declared: Sequence[tuple[str, str, str]] = (),
) -> Attack:
    """Everything that can be inferred of every hidden cell from all the files together.

    paths: CSV, xlsx or folders. count, groups: column names, when they cannot be guessed. declared:
    (dimension, whole, part) triples for sums the files do not show ("All" is the total).
    """
    return attack_sheets(read_sheets(paths), count=count, groups=groups, declared=declared)


def attack_sheets(
    sheets: Sequence[Sheet],
    *,
    count: str | None = None,
    groups: Sequence[str] | None = None,
    declared: Sequence[tuple[str, str, str]] = (),
) -> Attack:
    """As attack_files, for tables already read."""
    found: list[Entry] = []
    said: list[str] = []
    for sheet in sheets:
        if is_own(sheet):
            found += own_entries(sheet)
        elif hides_all(sheet) or (len(sheets) > 1 and not has_figures(sheet)):
            said.append(f"{sheet.name} shows no figure at all, so nothing follows from it")
        else:
            found += _counts_of(sheet, count, groups, said if len(sheets) > 1 else None)
    # Only files of anyone's need this; the ledger knows its dimensions by their own names.
    found, same = alike(found)
    attack = attack_entries(found, declared=declared, names=tuple(s.name for s in sheets))
    return replace(attack, notes=(*same, *attack.notes, *said))


def _counts_of(
    sheet: Sheet, count: str | None, groups: Sequence[str] | None, said: list[str] | None
) -> list[Entry]:
    """The counts of a sheet of anyone's. said: where it is noted that there are none; else that is an error."""
    try:
        layout = layout_of(
            sheet,
            count if count in sheet.header else None,
            [g for g in groups or () if g in sheet.header] or None,
        )
    except UsageError as error:
        if said is None:
            raise
        said.append(f"{sheet.name} was passed over: {error.what.rstrip('.').lower()}")
        return []
    return [*entries(sheet, layout), *base_entries(sheet, layout)]


def attack_entries(
    found: Sequence[Entry],
    *,
    declared: Sequence[tuple[str, str, str]] = (),
    names: Sequence[str] = (),
) -> Attack:
    """As attack_files, for counts already taken out of their tables. names: of the tables."""
    found, parents, notes = merged(found)
    shape = structure(found, parents, declared)
    families = _apart_from(found, shape.families)
    changed = changes(found)
    other_times = of_other_times(found, changed)
    found = apart(found) if changed else found
    base = _rounding(found)
    lattice = _lattice(found, base)
    notes += [*shape.notes, *share_bounds(found, lattice)]
    if base:
        notes.append(f"all shown counts are multiples of {base}, so each stands for a range")
    tie(lattice, families, slack=base / 2)
    relate(lattice)
    lattice.rows += [*base_rows_guessed(found, lattice), *linked_rows(lattice), *year_rows(lattice)]
    lattice.rows += table_rows(lattice)
    small = [c for c in changed if c.size <= SMALL]
    if other_times:
        notes.append(
            "tables differ in most of what they share, so each counts children of its own time"
        )
        changed = []
    elif changed and not small:
        notes.append(
            f"{len(changed)} figures differ between tables by more than a few, such as {changed[0].text()}; "
            "tables that differ are taken to count other children"
        )
        changed = []
    return _report(names, found, lattice, [c.text() for c in changed], [*notes, *lattice.notes])


def _apart_from(
    found: Sequence[Entry], families: Mapping[str, Sequence[Family]]
) -> dict[str, Sequence[Family]]:
    """The families, without those of dimensions that overlap in the tables of our own making."""
    own = {d for e in found if "|" in e.quantity for d, _ in e.at}
    return {d: f for d, f in families.items() if d not in overlapping(own)}


def _lattice(found: Sequence[Entry], base: int) -> Lattice:
    lattice = Lattice()
    for e in found:
        half = base / 2 if not e.told.hidden else 0.0
        lattice.cell(
            (e.quantity, e.at), max(0.0, e.told.low - half), e.told.high + half, printed=True
        )
    return lattice


def _rounding(found: Sequence[Entry]) -> int:
    """10 or 5 when every shown count is a multiple of it and chance cannot explain it, else 0."""
    shown = [e.told.low for e in found if e.told.value]
    if len(shown) < 12:
        return 0
    return next((b for b in (10, 5) if all(v % b == 0 for v in shown)), 0)


def _report(
    names: Sequence[str],
    found: Sequence[Entry],
    lattice: Lattice,
    changes: list[str],
    notes: list[str],
) -> Attack:
    sums = lattice.sums()
    empty = noughts(lattice)
    hidden = {
        at: e
        for e in reversed(found)
        if e.told.hidden and (at := lattice.number[(e.quantity, e.at)]) not in empty
    }
    if empty:
        notes.append(
            f"{len(empty)} hidden figures are 0 because a shown total of theirs is 0, which their profile shows"
        )
    wanted = np.zeros(sums.cells, bool)
    wanted[list(hidden)] = True
    wanted |= ~np.array(lattice.printed, bool)
    enough = np.full(sums.cells, NARROW)
    if len(hidden) <= BOUNDED:
        enough[list(hidden)] = np.inf
    else:
        notes.append(
            f"more than {BOUNDED:,} cells are hidden: of those that can differ by {NARROW:g} or more it is not worked out by how much"
        )
    asked = np.zeros(sums.cells, bool)
    asked[list(hidden)] = True
    beside = judged(lattice, ranges(sums, wanted, enough=enough), asked, enough)
    known = beside.known
    if beside.apart.any():
        notes.append(
            f"totals that no file prints contradict each other, so the tables count children more than once; {int(beside.apart.sum())} hidden figures were looked at without them"
        )
    keys = lattice.keys
    told = [
        _found(keys[at], e, known, at)
        for at, e in sorted(hidden.items(), key=lambda p: (p[1].sheet, p[1].row, p[1].column))
    ]
    derived = [
        _found(key, None, known, at)
        for at, key in enumerate(keys)
        if not lattice.printed[at] and known.exact[at] and 1 <= known.low[at] <= SMALL
    ]
    explained = _explained(told + derived, lattice, sums)
    unsure = {keys[at] for at in np.flatnonzero(beside.resting)}
    explained = [replace(f, sentence=f"{f.sentence} {IF}") if f.exact and (f.quantity, tuple(sorted(f.group.items()))) in unsure else f for f in explained]  # fmt: skip
    bad = [f"{words(keys[lattice.rows[r][0]][1])} and its parts" for r in contradictions(sums)]
    bad += [words(keys[at][1]) for at in np.flatnonzero(known.contradictory & wanted)[:10]]
    return Attack(
        tuple(names), sum(not is_base(e.quantity) for e in found), tuple(explained[: len(told)]), tuple(explained[len(told) :]),
        tuple(changes), tuple(dict.fromkeys(notes)), tuple(dict.fromkeys(bad)),
        {"solves": known.solves, "sums": len(lattice.rows)},
    )  # fmt: skip


def _found(key: Key, e: Entry | None, known: Ranges, at: int) -> Found:
    low, high = float(known.low[at]) + 0.0, float(known.high[at]) + 0.0  # no minus nought
    finite = np.isfinite(high)
    return Found(
        e.sheet if e else "", e.row if e else 0, e.column if e else "", dict(key[1]), e.told.text if e else "",
        low, high if finite else None, bool(known.exact[at]), high - low if finite else None, key[0],
    )  # fmt: skip


def _explained(found: Sequence[Found], lattice: Lattice, sums: Sums) -> list[Found]:
    told, left = [], EXPLAINED
    for f in found:
        terms: list[Term] = []
        if f.exact and left:
            left -= 1
            key = (f.quantity, tuple(sorted(f.group.items())))
            terms = explain(lattice, sums, lattice.number[key])
        by = tuple(f"{words(t.group)}: {t.value:g}" for t in terms)
        told.append(replace(f, by=by, sentence=_sentence(f, terms)))
    return told


def _sentence(f: Found, terms: Sequence[Term]) -> str:
    place = f" ({f.file}, row {f.row})" if f.row else ""
    name = words(tuple(sorted(f.group.items())))
    measure, counted, _ = f.quantity.partition("|")
    name = f"{measure.replace(':', ', ')} of {name}" if counted else name
    if not f.exact:
        return f"{name}{place} lies between {f.low:g} and {'any number' if f.high is None else format(f.high, 'g')}."
    if not terms:
        return f"{name}{place} is {f.low:g}."
    signed = " ".join(
        f"{'+' if t.times > 0 else '−'} {t.value:g}"
        + (f" × {abs(t.times):g}" if abs(t.times) != 1 else "")
        for t in terms
    )
    given = ", ".join(words(t.group) for t in terms)
    return f"{name}{place} is {f.low:g} = {signed.removeprefix('+ ')}: given away by {given}."
