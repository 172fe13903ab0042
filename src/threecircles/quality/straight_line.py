"""When a list will be empty if it goes on as it did: without it a pace would be guessed by eye, and promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil

LEAST_CHECKS = 3
"""Through two checks a line always goes; it takes a third to show whether they lie on one."""

FURTHEST = 3_650
"""Days ahead, counted from the last check, beyond which no day is told."""


@dataclass(frozen=True)
class Line:
    """Findings open by day: at a day `mean_open + slope * (days since first - mean_day)`, exactly."""

    first: date
    mean_day: Fraction
    mean_open: Fraction
    slope: Fraction

    def at(self, day: date) -> Fraction:
        """What the line gives for a day, never below nought."""
        return max(Fraction(0), self.mean_open + self.slope * ((day - self.first).days - self.mean_day))  # fmt: skip

    def days_to_nought(self) -> Fraction | None:
        """Days from the first check until the line reaches nought; None when it does not fall."""
        return self.mean_day - self.mean_open / self.slope if self.slope < 0 else None


@dataclass(frozen=True)
class Forecast:
    """What is said of a deadline: sentence always; expected and nought are None where the line does not tell them.

    expected: findings open on the deadline, rounded up, so that a part of one is not told as none.
    """

    checks: int
    sentence: str
    expected: int | None = None
    nought: date | None = None


def line_through(open_by_day: Sequence[tuple[date, int]]) -> Line | None:
    """The least-squares line through findings open by day; None when they are all of one day.

    Source: ordinary least squares, in whole numbers, so that a level list is level and not nearly so.
    """
    if len({day for day, _ in open_by_day}) < 2:
        return None
    first = min(day for day, _ in open_by_day)
    days = [(day - first).days for day, _ in open_by_day]
    mean_day = Fraction(sum(days), len(days))
    mean_open = Fraction(sum(n for _, n in open_by_day), len(days))
    spread = sum((d - mean_day) ** 2 for d in days)
    together = sum((d - mean_day) * (n - mean_open) for d, (_, n) in zip(days, open_by_day, strict=True))  # fmt: skip
    return Line(first, mean_day, mean_open, Fraction(together) / Fraction(spread))


def to_deadline(open_by_day: Sequence[tuple[date, int]], deadline: date) -> Forecast:
    """What a straight line through the checks says of a deadline, in one plain sentence.

    open_by_day: (day of a check, findings open), in order of day.
    """
    checks = len({day for day, _ in open_by_day})
    line = line_through(open_by_day)
    if checks < LEAST_CHECKS or line is None:
        return Forecast(checks, f"No forecast: it takes {LEAST_CHECKS} or more checks on different days, and there are {checks}.")  # fmt: skip
    last, still_open = open_by_day[-1]
    if still_open == 0:
        return Forecast(checks, f"Nothing was open at the check of {_day(last)}, so there is nothing to forecast.")  # fmt: skip
    if deadline <= last:
        return Forecast(checks, f"No forecast: the deadline, {_day(deadline)}, is not after the last check, {_day(last)}.")  # fmt: skip
    said, expected, nought = _along(line, last, still_open, deadline)
    return Forecast(checks, f"A straight line through {checks} checks, not a promise, {said}.", expected, nought)  # fmt: skip


def _along(
    line: Line, last: date, still_open: int, deadline: date
) -> tuple[str, int | None, date | None]:
    """What the line does, findings open at the deadline, day of nought."""
    expected = ceil(line.at(deadline))
    then = f"{expected:,} would be open on {_day(deadline)}"
    left = line.days_to_nought()
    if left is None:
        way = "rises" if line.slope > 0 else "stays level"
        return f"{way} and never reaches nought: {then}", expected, None
    ahead = ceil(left) - (last - line.first).days
    if ahead <= 0:
        return f"would have reached nought by the last check, where {still_open:,} were open: the list no longer shrinks along it, so no day is told", None, None  # fmt: skip
    if ahead > FURTHEST:
        return (
            f"hardly falls and does not reach nought within ten years: {then}",
            expected,
            None,
        )
    nought = last + timedelta(days=ahead)
    if nought > deadline:
        return f"reaches nought on {_day(nought)}, after the deadline: {then}", expected, nought
    when = "on the day of the deadline" if nought == deadline else f"before the deadline, {_day(deadline)}"  # fmt: skip
    return f"reaches nought on {_day(nought)}, {when}", 0, nought


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
