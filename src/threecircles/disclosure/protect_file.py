"""Makes tables of anyone's safe to publish, and says what was hidden and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from threecircles.core.errors import UsageError
from threecircles.core.rounding import round_to
from threecircles.disclosure.columns import Layout, column_name, layout_of
from threecircles.disclosure.complete import Complete, complete
from threecircles.disclosure.earlier import shown_before
from threecircles.disclosure.files import Sheet, read_sheets
from threecircles.disclosure.hiding import Hiding, hide, whole_groups
from threecircles.disclosure.lattice import words
from threecircles.disclosure.layout import Entry, base_entries, entries
from threecircles.disclosure.money import protect_money
from threecircles.disclosure.profiles import Profile, profile
from threecircles.disclosure.protected import HiddenCell, Protected
from threecircles.disclosure.rounded import controlled_rounding
from threecircles.disclosure.safe_copy import Place, write_copies
from threecircles.disclosure.same_groups import alike
from threecircles.disclosure.share_bases import share_bases

NOT_AVAILABLE = frozenset({"x", "[x]", ":", "..", "u", "[u]"})
"""Figures that nobody has; they are not counts that somebody hid."""


@dataclass(frozen=True)
class _Read:
    """Sheets as read, with their columns and counts."""

    sheets: tuple[Sheet, ...]
    layouts: tuple[Layout, ...]
    found: tuple[Entry, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return ", ".join(dict.fromkeys(s.name for s in self.sheets))


def protect_file(
    table: Path | Sequence[Path],
    profile_id: str,
    out: Path,
    *,
    count: str | None = None,
    groups: Sequence[str] | None = None,
    declared: Sequence[tuple[str, str, str]] = (),
    earlier: Sequence[Path] = (),
    sensitive: Sequence[str] = (),
    contributors: str | None = None,
    base: int | None = None,
) -> Protected:
    """Write a safe copy of tables of counts to `out`.

    table: CSV or workbook with columns that divide and one that counts (or a cross table), or several
    of them, which are then protected together; totals included or not. Where there are none, all are
    taken to be known, because somebody will print them. out: a CSV or workbook, or a folder for
    several tables. declared: (dimension, whole, part) triples that the table itself does not show.
    earlier: tables already released, or published by others; what they show is out, and is reckoned
    with. sensitive: columns whose values are answers that nobody or everybody of a group must not be
    seen to give (where the profile says so). contributors: the column that names who adds to each
    amount, for tables of money: amounts are summed over it and it is left out. base: round every
    count to a neighbouring multiple with all sums exact, instead of hiding. Raises UsageError for a table that cannot be read as
    counts, NotPermitted when it cannot be made safe; then nothing is written.
    """
    rule = profile(profile_id)
    if contributors is not None:
        return protect_money(table, rule, out, amount=count, contributors=contributors)
    read = _read([table] if isinstance(table, Path) else table, count, groups)
    _refuse_gaps(read)
    before = shown_before(earlier, read.found, rule)
    both, same = alike([*read.found, *before])
    read = replace(read, found=tuple(both[: len(read.found)]), notes=(*read.notes, *same))
    made = complete(read.found, declared, both[len(read.found) :])
    if base is not None:
        return _rounded(read, made, rule, base, out)
    groups_of = [column_name(h) for h in sensitive]
    also = whole_groups(made, groups_of, rule) if rule.group_disclosure and sensitive else {}
    hiding = hide(made, rule, also=also)
    return _written(read, made, hiding, rule, out)


def _read(paths: Sequence[Path], count: str | None, groups: Sequence[str] | None) -> _Read:
    sheets = read_sheets(paths)
    layouts = [
        layout_of(
            s,
            count if len(sheets) == 1 or count in s.header else None,
            [g for g in groups or () if len(sheets) == 1 or g in s.header] or None,
        )
        for s in sheets
    ]
    found: list[Entry] = []
    for s, layout in zip(sheets, layouts, strict=True):
        found += entries(s, layout)
        found += base_entries(s, layout)
    kept = [e for e in found if not (e.told.hidden and e.told.text.lower() in NOT_AVAILABLE)]
    notes = [f"{s.name}: {x.understood()}" for s, x in zip(sheets, layouts, strict=True)]
    alone, same = alike(kept)
    return _Read(tuple(sheets), tuple(layouts), tuple(alone), (*notes, *same))


def _refuse_gaps(read: _Read) -> None:
    for e in read.found:
        if e.told.hidden:
            raise UsageError(
                "A count is hidden already, so it cannot be known what may be shown beside it.",
                where=f"{e.sheet}, row {e.row}", found=e.told.text, mend="Start from the full table.",
            )  # fmt: skip
        if e.told.low < 0 or not float(e.told.low).is_integer():
            raise UsageError(
                "This is not a count.", where=f"{e.sheet}, row {e.row}, column {e.column}", found=e.told.text,
                allowed="whole numbers from 0", mend="Name the column that counts children: --count NAME.",
            )  # fmt: skip
    seen: dict[tuple[object, ...], Entry] = {}
    for e in read.found:
        other = seen.setdefault((e.quantity, e.at), e)
        if other is e or (other.sheet != e.sheet and other.told.low == e.told.low):
            continue
        apart = other.sheet != e.sheet
        raise UsageError(
            "Two tables give one group different counts." if apart else "Two lines count the same group.",
            where=f"{other.sheet}, row {other.row} and {e.sheet}, row {e.row}", found=words(e.at),
            mend="Add a column that tells them apart, such as the year." if apart
            else "Name all columns that divide: --groups A --groups B.",
        )  # fmt: skip


def _written(read: _Read, made: Complete, hiding: Hiding, rule: Profile, out: Path) -> Protected:
    """The copies, and the report of what was taken out."""
    gone: dict[Place, HiddenCell] = {}
    for e, at in zip(read.found, made.at, strict=True):
        if hiding.hidden[at]:
            why = _why(e, at, hiding, rule)
            gone[(e.sheet, e.row, e.column)] = HiddenCell(e.row, e.column, dict(e.at), why, e.sheet)
    new = {place: rule.symbol for place in gone}
    new |= _shares(read, made, hiding, rule) | _remarks(read)
    if rule.rounds_all:
        base = int(rule.round_base or 1)
        for e in read.found:
            place = (e.sheet, e.row, e.column)
            new.setdefault(place, str(round_to(e.told.low, base)))
    write_copies(read.sheets, new, out)
    first = sum(1 for h in gone.values() if not h.why.startswith("without"))
    lost = sum(e.told.low for e in read.found if (e.sheet, e.row, e.column) in gone)
    return Protected(
        read.name, rule.id, len(read.found), first, len(gone) - first, float(lost),
        tuple(gone.values()), tuple(dict.fromkeys([*read.notes, *made.notes, *_kept_back(made, hiding)])),
    )  # fmt: skip


def _rounded(read: _Read, made: Complete, rule: Profile, base: int, out: Path) -> Protected:
    """The copies with every count rounded so that all sums stay exact; nothing is hidden."""
    if base <= rule.min_width or base < 2:
        raise UsageError(
            "The base is too small to hide a count.", found=str(base), allowed=f"more than {rule.min_width:g}"
        )  # fmt: skip
    new_value = controlled_rounding(made.lattice.sums(), made.value, base, list(made.lattice.keys))
    new: dict[Place, str] = {}
    for e, at in zip(read.found, made.at, strict=True):
        new[(e.sheet, e.row, e.column)] = str(int(new_value[at]))
        new |= {(e.sheet, e.row, column): "" for column, _ in e.shares}
    write_copies(read.sheets, new | _remarks(read), out)
    change = float(np.abs(new_value - made.value)[list(made.at)].sum())
    note = f"every count is a multiple of {base} next to the true one, and all sums hold; {change:,.0f} in all was moved"
    return Protected(
        read.name, rule.id, len(read.found), 0, 0, 0.0, (), (*read.notes, *made.notes, note)
    )


def _why(e: Entry, at: int, hiding: Hiding, rule: Profile) -> str:
    if at in hiding.why:
        return hiding.why[at]
    if hiding.primary[at]:
        return f"it is {rule.hide_from} to {rule.hide_to}" if e.told.low else "it is 0"
    return "without it a small count could be worked out"


def _shares(read: _Read, made: Complete, hiding: Hiding, rule: Profile) -> dict[Place, str]:
    """What stands in place of percentages and rates that would tell a hidden count, or rest on too few."""
    new: dict[Place, str] = {}
    bases = share_bases(read.found, made)
    hidden_rows = {
        (e.sheet, e.row) for e, at in zip(read.found, made.at, strict=True) if hiding.hidden[at]
    }
    for e in read.found:
        for column, _ in e.shares:
            base = bases.get((e.sheet, e.row, column))
            place = (e.sheet, e.row, column)
            if (
                (e.sheet, e.row) in hidden_rows
                or (base is not None and hiding.hidden[base])
                or (base is not None and made.value[base] < rule.percent_base)
            ):
                new[place] = rule.symbol
            elif rule.rounds_all:
                new[place] = ""  # it would tell the count that the rounding hides
    return new


def _remarks(read: _Read) -> dict[Place, str]:
    """Remarks are left out: they are written about single children more often than anybody remembers."""
    return {
        (s.name, s.first + i, h): ""
        for s, layout in zip(read.sheets, read.layouts, strict=True)
        for h in layout.remarks
        for i in range(len(s.rows))
    }


def _kept_back(made: Complete, hiding: Hiding) -> list[str]:
    """Totals that are not in the file and must stay out of every other."""
    keys = made.lattice.keys
    gone = [words(keys[c][1]) for c in np.flatnonzero(hiding.hidden & made.implied)]
    more = f" and {len(gone) - 10} more" if len(gone) > 10 else ""
    return (
        [
            f"totals that are not in the file and must not be shown elsewhere: {'; '.join(gone[:10])}{more}"
        ]
        if gone
        else []
    )
