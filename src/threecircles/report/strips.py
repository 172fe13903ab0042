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
from threecircles.report.svg import FONT, Svg, drawing, label, number, tag, words

WIDTH, ROW, LINE, TOP = 680.0, 64.0, 18.0, 40.0
"""Of the drawing: its width, the height of a row and of a further line of words, and the room for the key."""
LEFT, RIGHT = 64.0, 610.0
LONGEST = 92
"""Characters of words and unit that fit on one line."""


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
    drawn, top = _key(), TOP
    for row in rows:
        drawn.append(tag("g", *_row(row), transform=f"translate(0 {number(top)})"))
        top += ROW + LINE * (len(_lines(row)) - 1)
    return drawing(figure_id, title, desc, WIDTH, top + 4, *drawn)


def _row(row: Strip) -> list[str]:
    colours = palette().categorical
    # Words stand above their strip: beside it they would push the marks off a narrow screen.
    middle = 45 + LINE * (len(_lines(row)) - 1)
    dots = [tag("circle", cx=_x(row, v), cy=middle, r=4.5) for v in row.neighbours]
    drawn = [
        *_named(row),
        tag(
            "path",
            d=f"M{LEFT:g} {middle:g}H{RIGHT:g}",
            stroke=palette().rule,
            stroke_width="6",
            stroke_linecap="round",
        ),
        label(LEFT - 14, middle + 5, row.low_text, 13, text_anchor="end", fill=palette().quiet),
        label(RIGHT + 14, middle + 5, row.high_text, 13, fill=palette().quiet),
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


def _lines(row: Strip) -> list[tuple[str, str]]:
    """The indicator's words and its unit, line by line: both on one where they fit."""
    if len(row.words) + len(row.unit) <= LONGEST:
        return [(row.words, row.unit)]
    return [*((line, "") for line in wrap(row.words, LONGEST)), ("", row.unit)]


def _named(row: Strip) -> list[str]:
    drawn = []
    for k, (said, unit) in enumerate(_lines(row)):
        told = [words(f"{said}  " if unit else said)] if said else []
        if unit:
            told.append(tag("tspan", words(unit), font_size=13, fill=palette().quiet))
        drawn.append(
            tag("text", *told, x=0.0, y=14 + LINE * k, fill="#1d1d1d", font_size=15, font_family=FONT)
        )  # fmt: skip
    return drawn


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
        _diamond(10, 12), label(24, 17, "this authority", 14),
        tag("circle", cx=148.0, cy=12.0, r=4.5, fill=colours[0], fill_opacity="0.55"), label(160, 17, "neighbours", 14),
        _square(260, 12), label(272, 17, "region", 14),
        _tick(344, 12), label(354, 17, "England", 14),
    ]  # fmt: skip
