"""Sets of conditions as columns of dots under bars: without it a list of long names would hide what meets what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.report.palette import palette
from threecircles.report.svg import Svg, drawing, label, tag

WIDTH, BARS, ROW, TOP, NAMES = 760.0, 170.0, 28.0, 24.0, 270.0
"""Of the drawing: its width, the height of the tallest bar, of a row, the room above, and the room for names."""
DOT = 7.0


@dataclass(frozen=True)
class Meeting:
    """One set: the conditions held together, how many children, and that number as the table writes it."""

    conditions: frozenset[str]
    children: float
    text: str


def upset(
    figure_id: str,
    title: str,
    desc: str,
    rows: Sequence[tuple[str, str]],
    meetings: Sequence[Meeting],
) -> Svg:
    """Bars of the meetings in the order given; below each, a filled dot for every condition that is in it.

    rows: (condition, its words), top to bottom; those in no meeting are left out.
    """
    if not meetings:
        return Svg("")
    held = [(c, words) for c, words in rows if any(c in m.conditions for m in meetings)]
    step = (WIDTH - NAMES) / len(meetings)
    most = max(m.children for m in meetings)
    floor = TOP + BARS
    inside = [
        tag("rect", x=0.0, y=floor + 12 + ROW * k, width=WIDTH, height=ROW, fill="#f3f4f6")
        for k in range(0, len(held), 2)
    ]
    inside += [label(4.0, floor + 12 + ROW * (k + 0.5) + 5, words, 14) for k, (_, words) in enumerate(held)]  # fmt: skip
    for place, meeting in enumerate(meetings):
        middle = NAMES + step * (place + 0.5)
        inside += _bar(meeting, middle, step, floor, most)
        inside += _dots(meeting, middle, floor, [c for c, _ in held])
    return drawing(figure_id, title, desc, WIDTH, floor + 20 + ROW * len(held), *inside)


def _bar(meeting: Meeting, middle: float, step: float, floor: float, most: float) -> list[str]:
    tall = BARS * meeting.children / most if most else 0.0
    wide = min(step * 0.64, 34.0)
    return [
        tag("rect", x=middle - wide / 2, y=floor - tall, width=wide, height=tall, fill=palette().categorical[0]),
        label(middle, floor - tall - 6, meeting.text, 13, text_anchor="middle"),
    ]  # fmt: skip


def _dots(meeting: Meeting, middle: float, floor: float, order: Sequence[str]) -> list[str]:
    at = {c: floor + 12 + ROW * (k + 0.5) for k, c in enumerate(order)}
    mine = [at[c] for c in order if c in meeting.conditions]
    ink = palette().categorical[0]
    made = [
        tag("circle", cx=middle, cy=y, r=DOT - 3, fill="#ffffff", stroke=palette().quiet, stroke_width="1")
        for c, y in at.items()
        if c not in meeting.conditions
    ]  # fmt: skip
    if len(mine) > 1:
        made.append(tag("line", x1=middle, y1=mine[0], x2=middle, y2=mine[-1], stroke=ink, stroke_width="3"))  # fmt: skip
    return [*made, *(tag("circle", cx=middle, cy=y, r=DOT, fill=ink) for y in mine)]
