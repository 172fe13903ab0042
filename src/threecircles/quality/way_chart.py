"""Open findings drawn by day: without it a reader would have to see a falling list in a table of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from markupsafe import Markup, escape

from threecircles.quality.straight_line import Line

WIDE, HIGH, LEFT, TOP, BELOW, RIGHT = 280, 170, 48, 30, 34, 24
"""Narrow enough for a telephone, so that the letters need never be drawn smaller."""

Points = Sequence[tuple[date, int]]
Value = TypeVar("Value")
Place = Callable[[Value], float]


@dataclass(frozen=True)
class Ahead:
    """What stands to the right of the checks: the deadline, and the line towards it where one is told."""

    deadline: date
    line: Line | None = None


def open_chart(
    name: str, points: Points, most: int, ahead: Ahead | None = None, untested: Points = ()
) -> Markup:
    """A dot a check at its day, joined; a dashed line is the forecast, an upright red one the deadline.

    points: (day, findings open) in order of day. untested: (day, findings not re-tested), drawn as a stem on the dot, so
    that what nobody looked at is not seen as mended. most: the top of the scale, so that charts may share one. The same
    figures stand in a table beside it. Empty for a single check.
    """
    if len(points) < 2:
        return Markup("")
    first, last = points[0][0], points[-1][0]
    end = max(last, ahead.deadline) if ahead else last
    across, down = WIDE - LEFT - RIGHT, HIGH - TOP - BELOW

    def x(day: date) -> float:
        return LEFT + across * (day - first).days / ((end - first).days or 1)

    def y(n: float) -> float:
        return TOP + down * (1 - min(n, most) / (most or 1))

    drawn = [f'<text x="4" y="16" font-weight="bold">{escape(name)}</text>']
    for n in sorted({0, most}):
        drawn.append(
            f'<line x1="{LEFT}" x2="{LEFT + across}" y1="{y(n):.1f}" y2="{y(n):.1f}" stroke="#b1b4b6"/>'
            f'<text x="{LEFT - 6}" y="{y(n) + 4:.1f}" text-anchor="end">{n:,}</text>'
        )
    drawn += [_foot(x(first), "start", first), _foot(x(end), "end", end)]
    if ahead and ahead.deadline > last:
        drawn.append(
            f'<line x1="{x(end):.1f}" x2="{x(end):.1f}" y1="{TOP}" y2="{TOP + down}" stroke="#942514" stroke-width="2"/>'
            f'<text x="{x(end):.1f}" y="{TOP - 4}" text-anchor="end">deadline</text>'
        )
        if ahead.line is not None:
            drawn.append(_dashed(ahead.line, first, end, x, y))
    path = " ".join(f"{x(day):.1f},{y(n):.1f}" for day, n in points)
    drawn.append(f'<polyline points="{path}" fill="none" stroke="#1d70b8" stroke-width="2"/>')
    drawn += [f'<circle cx="{x(day):.1f}" cy="{y(n):.1f}" r="3.5" fill="#1d70b8"/>' for day, n in points]  # fmt: skip
    open_on = dict(points)
    stems = [(day, n) for day, n in untested if n]
    drawn += [_stem(x(day), y(open_on[day]), y(open_on[day] + n)) for day, n in stems]
    told = (
        f"{name}, open findings at {len(points)} checks: {points[0][1]:,} on {first:%d/%m/%Y}, "
        f"{points[-1][1]:,} on {last:%d/%m/%Y}."
        + "".join(f" Not re-tested on {day:%d/%m/%Y}: {n:,}." for day, n in stems)
    )
    return Markup(
        f'<svg role="img" aria-label="{escape(told)}" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" '
        f'font-family="Arial, sans-serif" font-size="12">{"".join(drawn)}</svg>'
    )


def _foot(x: float, anchor: str, day: date) -> str:
    return f'<text x="{x:.1f}" y="{HIGH - 12}" text-anchor="{anchor}">{day:%d/%m/%Y}</text>'


def _stem(x: float, foot: float, head: float) -> str:
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{foot:.1f}" y2="{head:.1f}" stroke="#505a5f"/>'
        f'<line x1="{x - 4:.1f}" x2="{x + 4:.1f}" y1="{head:.1f}" y2="{head:.1f}" stroke="#505a5f"/>'
    )


def _dashed(line: Line, first: date, end: date, x: Place[date], y: Place[float]) -> str:
    """The straight line, along the ground once it has come down."""
    steps = sorted({first, end, *_landing(line, first, end)})
    path = " ".join(f"{x(day):.1f},{y(float(line.at(day))):.1f}" for day in steps)
    return f'<polyline points="{path}" fill="none" stroke="#505a5f" stroke-width="2" stroke-dasharray="5 4"/>'


def _landing(line: Line, first: date, end: date) -> list[date]:
    left = line.days_to_nought()
    day = None if left is None else date.fromordinal(line.first.toordinal() + min(round(left), 99_999))  # fmt: skip
    return [day] if day and first < day < end else []
