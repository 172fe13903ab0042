"""What a printed cell tells: a number, a range, or only that something is hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass

from threecircles.core.symbols import parse_published

_LESS = re.compile(r"[<＜]\s*(=?)\s*(\d+)\Z|(?:fewer|less) than (\d+)\Z", re.IGNORECASE)
_RANGE = re.compile(r"\[?(\d+)\s*(?:-|–|to)\s*(\d+)\]?\Z")
_HIDDEN = frozenset({
    "c", "[c]", "*", "**", "x", "[x]", "..", "...", ":", "s", "supp", "suppressed", "#", "^", "u", "[u]", "p", "h", "k", "[k]", "†", "~", "!", "[low]", "low",
})  # fmt: skip
_ABSENT = frozenset({"", "-", "–", "na", "n/a", "nan", "null", "none", "z", "[z]", "."})


@dataclass(frozen=True)
class Told:
    """What everybody knows of a cell: low = high when it is shown. hidden: it was taken out."""

    low: float
    high: float
    hidden: bool
    text: str
    decimals: int = 0

    @property
    def value(self) -> float | None:
        """The figure, when it is shown."""
        return None if self.hidden or self.low != self.high else self.low


def told(text: str) -> Told | None:
    """What a cell says; None when it is empty or does not apply, ValueError when it is a word."""
    cell = text.strip()
    low = cell.lower()
    if low in _HIDDEN:
        return Told(0.0, float("inf"), True, cell)
    if low in _ABSENT:
        return None
    if less := _LESS.match(cell):
        limit = int(less[2] or less[3])
        return Told(0.0, float(limit if less[1] else limit - 1), True, cell)
    if between := _RANGE.match(cell):
        return Told(float(between[1]), float(between[2]), True, cell)
    number, _ = parse_published(cell)
    if number is None:
        raise ValueError(cell)
    digits = cell.replace("%", "").strip()
    decimals = len(digits.partition(".")[2]) if "." in digits else 0
    return Told(number, number, False, cell, decimals)


def is_figure(text: str) -> bool:
    """True when the cell holds a figure or stands where one was."""
    try:
        told(text)
    except ValueError:
        return False
    return True
