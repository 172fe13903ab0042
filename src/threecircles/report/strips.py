"""Many indicators on one page: without strips thirty comparisons would be thirty charts.

One row an indicator, each on its own scale from the lowest to the highest authority; the title says
so. A diamond for the reader's own authority, dots for its neighbours, a square for the region, a
line for England.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from threecircles.report.palette import palette
from threecircles.report.svg import Svg, drawing, label, number, tag

WIDTH, ROW, TOP = 980.0, 52.0, 34.0
LEFT, RIGHT = 440.0, 880.0
LONGEST = 50
"""Characters of a label that fit on one line."""


@dataclass(frozen=True)
class Strip:
    """One indicator: its words, the ends of the scale, and the marks. Texts are as written for people.

    low, high: lowest and highest value of all authorities. own, region, england: None where unknown.
    """

    words: str
    unit: str
    low: float
    high: float
    low_text: str
    high_text: str
    own: float | None
    own_text: str
    neighbours: tuple[float, ...]
    region: float | None
    england: float | None


def strips(figure_id: str, rows: Sequence[Strip], title: str, desc: str) -> Svg:
    """The strips under one key."""
    drawn = _key()
    for k, row in enumerate(rows):
        drawn.append(tag("g", *_row(row), transform=f"translate(0 {number(TOP + k * ROW)})"))
    return drawing(figure_id, title, desc, WIDTH, TOP + ROW * len(rows) + 4, *drawn)


def _row(row: Strip) -> list[str]:
    colours = palette().categorical
    middle = ROW / 2
    dots = [tag("circle", cx=_x(row, v), cy=middle, r=4.5) for v in row.neighbours]
    drawn = [
        *_named(row, middle),
        tag(
            "path",
            d=f"M{LEFT:g} {middle:g}H{RIGHT:g}",
            stroke=palette().rule,
            stroke_width="6",
            stroke_linecap="round",
        ),
        label(LEFT - 14, middle + 5, row.low_text, 12, text_anchor="end", fill=palette().quiet),
        label(RIGHT + 14, middle + 5, row.high_text, 12, fill=palette().quiet),
        tag("g", *dots, fill=colours[0], fill_opacity="0.55") if dots else "",
    ]
    if row.region is not None:
        drawn.append(_square(_x(row, row.region), middle))
    if row.england is not None:
        drawn.append(_tick(_x(row, row.england), middle))
    if row.own is not None:
        x = _x(row, row.own)
        drawn.append(_diamond(x, middle))
        drawn.append(
            label(
                x,
                middle - 11,
                row.own_text,
                14,
                text_anchor="middle",
                font_weight="bold",
                fill=colours[2],
            )
        )
    return drawn


def _named(row: Strip, middle: float) -> list[str]:
    """The indicator's words on one or two lines, and its unit below."""
    lines = wrap(row.words, LONGEST)[:2]
    top = middle - 1 - 8 * (len(lines) - 1)
    drawn = [label(0, top + 16 * k, line, 15) for k, line in enumerate(lines)]
    return [*drawn, label(0, top + 16 * len(lines), row.unit, 12, fill=palette().quiet)]


def _x(row: Strip, value: float) -> float:
    span = row.high - row.low
    return LEFT + (RIGHT - LEFT) * ((value - row.low) / span if span > 0 else 0.5)


def _diamond(x: float, y: float) -> str:
    pink = palette().categorical[2]
    path = f"M{x:.1f} {y - 8:.1f}L{x + 8:.1f} {y:.1f}L{x:.1f} {y + 8:.1f}L{x - 8:.1f} {y:.1f}Z"
    return tag("path", d=path, fill=pink, stroke="#FFFFFF", stroke_width="1")


def _square(x: float, y: float) -> str:
    return tag(
        "rect",
        x=x - 5,
        y=y - 5,
        width="10",
        height="10",
        fill=palette().categorical[1],
        stroke="#FFFFFF",
    )


def _tick(x: float, y: float) -> str:
    return tag(
        "path", d=f"M{x:.1f} {y - 10:.1f}V{y + 10:.1f}", stroke="#1d1d1d", stroke_width="2.5"
    )


def _key() -> list[str]:
    colours = palette().categorical
    return [
        _diamond(LEFT + 6, 10), label(LEFT + 18, 15, "this authority", 13),
        tag("circle", cx=LEFT + 128, cy=10.0, r=4.5, fill=colours[0], fill_opacity="0.55"), label(LEFT + 138, 15, "neighbours", 13),
        _square(LEFT + 230, 10), label(LEFT + 241, 15, "region", 13),
        _tick(LEFT + 306, 10), label(LEFT + 314, 15, "England", 13),
    ]  # fmt: skip
