"""Tells what each column of a table nobody described holds: a column taken for the wrong thing gives children away.

Every column ends up as something: it divides, it counts, it is a share or an amount beside a count, it
is a base, or it is a remark. Nothing is passed over, because what is passed over is printed as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import read_csv
from threecircles.disclosure.files import Sheet
from threecircles.disclosure.numbers import is_figure, told


@dataclass(frozen=True)
class Layout:
    """What the columns of a sheet are.

    wide: counts lie side by side and their headings are groups. shares: percentages, rates and amounts
    that stand beside counts. bases: denominators. remarks: words about a line, in no copy. whole: of
    counts side by side the one that counts everybody in the line.
    """

    groups: tuple[str, ...]
    counts: tuple[str, ...]
    shares: tuple[str, ...]
    bases: tuple[str, ...]
    wide: bool
    remarks: tuple[str, ...] = ()
    whole: str | None = None

    def understood(self) -> str:
        """How the columns were taken, in words, so that a person can object."""
        told = [
            f"counts {', '.join(self.counts)}",
            f"divides by {', '.join(self.groups) or 'nothing'}",
        ]
        if self.shares:
            told.append(f"goes with the counts {', '.join(self.shares)}")
        if self.bases:
            told.append(f"base {', '.join(self.bases)}")
        if self.remarks:
            told.append(f"left out, being remarks: {', '.join(self.remarks)}")
        return "; ".join(told)


def layout_of(
    sheet: Sheet, count: str | None = None, groups: Sequence[str] | None = None
) -> Layout:
    """Which columns divide and which count. count, groups: said by the user; else guessed.

    A column of whole numbers that is not needed to tell the lines apart counts. Raises UsageError when
    no column can be the count, or one that was named is not there.
    """
    header = sheet.header
    for named in (*([count] if count else ()), *(groups or ())):
        if named not in header:
            raise UsageError(
                f"There is no column {named}.", where=sheet.name, allowed=", ".join(header),
                mend=did_you_mean(named, header),
            )  # fmt: skip
    said = tuple(groups or ())
    figures = [h for h in header if (_is_figures(column(sheet, h)) and h not in said) or h == count]
    remarks = tuple(
        h for h in header if h not in (*figures, *said) and words_of(h) & words_for("remark")
    )
    grouping = [h for h in header if h in said or h not in (*figures, *remarks)]
    if not said:
        grouping += [
            h for h in figures if h != count and words_of(h) & words_for("group") and not words_of(h) & (words_for("share") | words_for("count") - {"no"})
        ]  # fmt: skip
    open_ = [h for h in figures if h not in grouping]
    beside = [h for h in open_ if h != count and _is_beside(sheet, h)]
    bases = [h for h in open_ if h != count and h not in beside and words_of(h) & words_for("base")]
    left = [h for h in open_ if h not in (*beside, *bases)]
    # Amounts alone: a table of money, days or scores is judged like one of counts.
    left = left or [h for h in beside if not words_of(h) & words_for("share") and "%" not in h]
    beside = [h for h in beside if h not in left]
    beside += [
        h for h in left if h != count and _is_rounded_copy(sheet, h, [x for x in left if x != h])
    ]
    left = [h for h in left if h not in beside]
    counts, more = _counts(sheet, left, grouping, count, free=not said)
    if not counts:
        raise UsageError(
            "No column holds counts.",
            where=sheet.name,
            found=", ".join(header),
            mend="Name the column: --count NAME.",
        )
    own = tuple(h for h in header if h in grouping or h in more)
    whole = _whole(counts, count)
    return Layout(own, tuple(counts), tuple(beside), tuple(bases), len(counts) > 1, remarks, whole)


def _counts(
    sheet: Sheet, left: Sequence[str], grouping: Sequence[str], count: str | None, *, free: bool
) -> tuple[list[str], list[str]]:
    """The columns that count, and coded columns that divide though nothing in their heading says so."""
    named = [h for h in left if h == count or (count is None and _says_count(h))]
    if not named:
        if len(left) > 1 and not grouping and any(_divides(sheet, h) for h in left[:-1]):
            return list(left[-1:]), list(
                left[:-1]
            )  # only figures: coded groups first, the count last
        return list(left), []
    coded: list[str] = []
    for h in left:
        if free and h not in named and _divides(sheet, h) and _repeats(sheet, [*grouping, *coded]):
            coded.append(h)
    return [h for h in left if h not in coded], coded


def _whole(counts: Sequence[str], count: str | None) -> str | None:
    """Of several counts the one that the user named, or whose heading alone says that it counts."""
    if count is not None:
        return count
    named = [h for h in counts if _says_count(h)]
    return named[0] if len(named) == 1 else None


def is_public(header: str) -> bool:
    """True for a base that others publish, such as a population."""
    return bool(words_of(header) & words_for("public"))


def quantity_of(header: str) -> str:
    """What a column counts: headings that only say that it counts are alike in all files."""
    own = words_of(header) - words_for("count") - {"of", "the", "total", "all"}
    return "count" if not own else column_name(header)


def column_name(header: str) -> str:
    """The name of a dimension, from its heading in a file."""
    return re.sub(r"[\s_]+", " ", header.strip().lower())


def words_of(header: str) -> set[str]:
    """The words of a heading, in lower case; parts of camelCase are words."""
    return set(re.split(r"[^a-z0-9%]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).lower())) - {""}


def has_figures(sheet: Sheet) -> bool:
    """Whether any column of the sheet holds figures; a table hidden as a whole has none."""
    return any(_is_figures(column(sheet, h)) for h in sheet.header)


def hides_all(sheet: Sheet) -> bool:
    """True for a table whose counts are all taken out."""
    counts = [column(sheet, h) for h in sheet.header if _says_count(h)]
    cells = [told(c) for own in counts if all(map(is_figure, own)) for c in own]
    return not has_figures(sheet) and any(t is not None and t.hidden for t in cells)


def column(sheet: Sheet, header: str) -> list[str]:
    """The cells of a column."""
    at = sheet.header.index(header)
    return [r[at] for r in sheet.rows]


@cache
def words_for(kind: str) -> frozenset[str]:
    """Words that tell what a column holds, by kind; "whole": values that are the sum of all others."""
    rows = read_csv("disclosure_profiles/headings")
    return frozenset(r["word"] for r in rows if r["kind"] == kind)


def _says_count(header: str) -> bool:
    return bool(words_of(header) & words_for("count")) or header.lower().startswith(
        ("number of", "count of")
    )


def _is_beside(sheet: Sheet, header: str) -> bool:
    """Shares, amounts, and figures that no count can be: fractions and what is below nought."""
    own = words_of(header)
    if own & words_for("share") or "%" in header or "£" in header:
        return True
    if _says_count(header) or own & words_for("base"):
        return False
    if own & words_for("amount"):
        return True
    values = [t.value for c in column(sheet, header) if (t := told(c)) is not None]
    return any(v is not None and (v < 0 or not float(v).is_integer()) for v in values)


def _is_rounded_copy(sheet: Sheet, header: str, others: Sequence[str]) -> bool:
    """True for a column that gives another one rounded: multiples of a base, none a whole base away from it."""
    near = [t.value if (t := told(c)) is not None else None for c in column(sheet, header)]
    figures = [v for v in near if v is not None]
    if any(not float(v).is_integer() for v in figures):
        return False
    base = math.gcd(*(int(v) for v in figures))
    if base < 3 or len(figures) < 3:
        return False
    for other in others:
        true = [t.value if (t := told(c)) is not None else None for c in column(sheet, other)]
        both = [(v, x) for v, x in zip(near, true, strict=True) if v is not None and x is not None]
        if (
            len(both) >= 3
            and all(abs(v - x) < base for v, x in both)
            and any(v != x for v, x in both)
        ):
            return True
    return False


def _is_figures(cells: Sequence[str]) -> bool:
    if not all(is_figure(c) for c in cells):
        return False
    return any((t := told(c)) is not None and t.value is not None for c in cells)


def _divides(sheet: Sheet, header: str) -> bool:
    """True when figures can be codes of groups: few whole numbers and no symbol."""
    cells = column(sheet, header)
    values = [t for c in cells if (t := told(c)) is not None]
    if any(t.value is None or not float(t.value).is_integer() for t in values):
        return False
    different = len({t.value for t in values})
    return different <= 120 and different * 2 <= len(cells)


def _repeats(sheet: Sheet, groups: Sequence[str]) -> bool:
    """True when several lines have the same groups, so that another column must divide them."""
    lines = list(zip(*(column(sheet, h) for h in groups), strict=True)) if groups else []
    return len(set(lines)) < len(lines) or not groups
