"""Makes one table of anyone's safe to publish, and says what was hidden and why."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.rounding import round_to
from threecircles.core.tables import TOTAL
from threecircles.core.workspace import write_bytes
from threecircles.disclosure.attack_files import words
from threecircles.disclosure.files import Sheet, read_sheets
from threecircles.disclosure.lattice import Key, Lattice, close, tie
from threecircles.disclosure.layout import Entry, Layout, entries, layout_of
from threecircles.disclosure.profiles import Profile, profile
from threecircles.disclosure.structure import Family, merged, structure
from threecircles.disclosure.sums import contradictions
from threecircles.disclosure.suppress import Pattern, Wish, suppress

TOTALS_COST = 10.0


@dataclass(frozen=True)
class HiddenCell:
    """A cell that was taken out: where it stood, and why."""

    row: int
    column: str
    group: dict[str, str]
    why: str


@dataclass(frozen=True)
class Protected:
    """What was done to a table. cells: counts in it. value: sum of the counts taken out."""

    file: str
    profile: str
    cells: int
    primary: int
    secondary: int
    value: float
    hidden: tuple[HiddenCell, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        """The report in words."""
        n = self.primary + self.secondary
        share = 100 * n / self.cells if self.cells else 0
        lines = [
            f"{self.file}: {n:,} of {self.cells:,} counts hidden ({share:.1f}%) under {self.profile}: "
            f"{self.primary:,} by the rule, {self.secondary:,} so that those cannot be worked out."
        ]
        lines += [
            f"  row {h.row}, {words(sorted(h.group.items()))}: {h.why}" for h in self.hidden[:40]
        ]
        if len(self.hidden) > 40:
            lines.append(f"  and {len(self.hidden) - 40:,} more.")
        return "\n".join([*lines, *(f"Note: {n}." for n in self.notes)])


def protect_file(
    table: Path,
    profile_id: str,
    out: Path,
    *,
    count: str | None = None,
    groups: Sequence[str] | None = None,
    declared: Sequence[tuple[str, str, str]] = (),
) -> Protected:
    """Write a safe copy of a table of counts to `out` (CSV).

    table: CSV or workbook with columns that divide and one that counts (or a cross table); totals
    included or not. Totals that are not in it are taken to be known, because somebody will print
    them. declared: (dimension, whole, part) triples that the table itself does not show.
    Raises UsageError for a table that cannot be read as counts, NotPermitted when it cannot be made
    safe; then nothing is written.
    """
    sheets = read_sheets([table])
    if len(sheets) > 1:
        raise UsageError(
            "The file holds several tables.",
            where=table.name,
            mend="Give one table a file, or keep one sheet.",
        )
    sheet, rule = sheets[0], profile(profile_id)
    layout = layout_of(sheet, count, groups)
    found = entries(sheet, layout)
    _refuse_gaps(sheet, found)
    made, notes, added = _lattice(found, declared)
    value = np.array(made.low)
    pattern, primary = _pattern(made, value, rule)
    taken = _taken(found, made, pattern, primary, rule)
    _write(sheet, layout, taken, rule, out)
    hidden = tuple(HiddenCell(e.row, e.column, dict(e.at), why) for e, why in taken.values())
    first = sum(1 for h in hidden if h.why.startswith("it is"))
    gone = [words(key[1]) for key, at in made.number.items() if at in added and pattern.hidden[at]]
    if gone:
        notes.append(
            f"totals that are not in the file and must not be shown elsewhere: {'; '.join(gone[:10])}"
            + (f" and {len(gone) - 10} more" if len(gone) > 10 else "")
        )
    lost = float(sum(e.told.low for e, _ in taken.values()))
    return Protected(
        table.name,
        rule.id,
        len(found),
        first,
        len(hidden) - first,
        lost,
        hidden,
        tuple(dict.fromkeys(notes)),
    )


def _refuse_gaps(sheet: Sheet, found: Sequence[Entry]) -> None:
    hidden = next((e for e in found if e.told.hidden), None)
    if hidden is not None:
        raise UsageError(
            "A count is hidden already, so it cannot be known what may be shown beside it.",
            where=f"{sheet.name}, row {hidden.row}", found=hidden.told.text, mend="Start from the full table.",
        )  # fmt: skip
    odd = next((e for e in found if e.told.low < 0 or not float(e.told.low).is_integer()), None)
    if odd is not None:
        raise UsageError(
            "This is not a count.", where=f"{sheet.name}, row {odd.row}, column {odd.column}", found=odd.told.text,
            allowed="whole numbers from 0", mend="Name the column that counts children: --count NAME.",
        )  # fmt: skip
    twice: dict[tuple[object, ...], Entry] = {}
    for e in found:
        other = twice.setdefault((e.quantity, e.at), e)
        if other is not e:
            raise UsageError(
                "Two lines count the same group.", where=f"{sheet.name}, rows {other.row} and {e.row}", found=words(e.at),
                mend="Name all columns that divide: --groups A --groups B.",
            )  # fmt: skip


def _lattice(
    found: Sequence[Entry], declared: Sequence[tuple[str, str, str]]
) -> tuple[Lattice, list[str], frozenset[int]]:
    """Cells and sums of a complete table; the numbers of cells that were added to it."""
    found, parents, notes = merged(found)
    shape = structure(found, parents, declared)
    families = dict(shape.families)
    value: dict[Key, float] = {(e.quantity, e.at): e.told.low for e in found}
    if not _has_totals(value, families):
        value = close(value, families, sorted(families))
        notes.append("the file holds no totals; they are taken to be known to readers")
    lattice = Lattice()
    for key, v in value.items():
        lattice.cell(key, v, v, printed=True)
    own = {(e.quantity, e.at) for e in found}
    added = {lattice.number[k] for k in value if k not in own}
    tie(lattice, families)
    added |= {at for at, printed in enumerate(lattice.printed) if not printed}
    wrong = _settle(lattice)
    if wrong:
        raise UsageError(
            "The figures do not add up.",
            found=wrong,
            mend="Correct the table, or name the columns that divide.",
        )
    return lattice, [*notes, *shape.notes, *lattice.notes], frozenset(added)


def _has_totals(value: Mapping[Key, float], families: Mapping[str, Sequence[Family]]) -> bool:
    """True when the table holds the total of any dimension."""
    most = max((len(group) for _, group in value), default=0)
    parts = {(d, f.parent) for d, own in families.items() for f in own if f.parent != TOTAL}
    return any(len(group) < most or any(p in parts for p in group) for _, group in value)


def _settle(lattice: Lattice) -> str:
    """Give the cells that nobody printed the value that the sums leave; what is wrong, or nothing."""
    known = [h - low <= 0 for low, h in zip(lattice.low, lattice.high, strict=True)]
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
    for c in range(len(known)):
        if not known[c]:
            lattice.low[c] = lattice.high[c] = 0.0
    bad = contradictions(lattice.sums())
    if bad.size or min(lattice.low, default=0.0) < 0:
        at = lattice.rows[bad[0]][0] if bad.size else int(np.argmin(lattice.low))
        return f"{words(lattice.keys[at][1])} is not the sum of its parts"
    return ""


def _pattern(lattice: Lattice, value: np.ndarray, rule: Profile) -> tuple[Pattern, np.ndarray]:
    sums = lattice.sums()
    open_ = replace(sums, lower=np.zeros(value.size), upper=np.full(value.size, np.inf))
    primary = rule.hides(value)
    fullest = max((len(group) for _, group in lattice.keys), default=0)
    totals = np.array([len(group) < fullest for _, group in lattice.keys])
    cost = (1.0 + np.log1p(value)) * np.where(totals, TOTALS_COST, 1.0)
    wish = Wish(primary, np.full(value.size, rule.min_width), cost)
    if not rule.secondary:
        return Pattern(primary, np.zeros(0, np.int64), None, 0, 0), primary  # type: ignore[arg-type]
    pattern = suppress(open_, value, wish)
    if pattern.unsafe.size:
        keys = lattice.keys
        raise NotPermitted(
            "This table cannot be made safe.", found="; ".join(words(keys[c][1]) for c in pattern.unsafe[:10]),
            mend="Show fewer areas or coarser ages, leave out a total, or round instead of hiding.",
        )  # fmt: skip
    return pattern, primary


def _taken(
    found: Sequence[Entry], lattice: Lattice, pattern: Pattern, primary: np.ndarray, rule: Profile
) -> dict[tuple[int, str], tuple[Entry, str]]:
    taken = {}
    renamed, _, _ = merged(found)
    for e, same in zip(found, renamed, strict=True):
        at = lattice.number[(same.quantity, same.at)]
        if primary[at]:
            taken[(e.row, e.column)] = (
                e,
                f"it is {rule.hide_from} to {rule.hide_to}" if e.told.low else "it is 0",
            )
        elif pattern.hidden[at]:
            taken[(e.row, e.column)] = (e, "without it a small count could be worked out")
    return taken


def _write(
    sheet: Sheet, layout: Layout, taken: Mapping[tuple[int, str], object], rule: Profile, out: Path
) -> None:
    """The table as it was, hidden counts replaced by the symbol, and what is derived from them too."""
    place = {h: i for i, h in enumerate(sheet.header)}
    lines = []
    for number, row in enumerate(sheet.rows):
        cells = list(row)
        gone = [h for h in layout.counts if (sheet.first + number, h) in taken]
        for h in [*gone, *(layout.shares if gone else ())]:
            cells[place[h]] = rule.symbol
        if rule.round_base and "all" in rule.round_levels:
            for h in layout.counts:
                if h not in gone and cells[place[h]]:
                    cells[place[h]] = str(
                        round_to(float(cells[place[h]].replace(",", "")), rule.round_base)
                    )
            for h in layout.shares:
                cells[place[h]] = rule.symbol if gone else ""
        lines.append(cells)
    text = _csv([list(sheet.header), *lines])
    write_bytes(out, text.encode("utf-8"))


def _csv(rows: Sequence[Sequence[str]]) -> str:
    import io

    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([[_plain(c) for c in row] for row in rows])
    return buffer.getvalue()


def _plain(cell: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{cell}" if cell[:1] in "=+@\t\r" and cell[:1] else cell
