"""Cards of one number for screens: without its interval and source a number travels as a slogan."""

from __future__ import annotations

import textwrap

from threecircles.report.kit.told import Item, Told
from threecircles.report.svg import Svg, drawing, label, tag

WIDTH, HEIGHT = 1200.0, 630.0
MOST = 4
INK, GROUND, QUIET = "#12436D", "#FFFFFF", "#3D3D3D"


def carded(told: Told) -> tuple[Item, ...]:
    """The findings that make a card: those that state one known value."""
    return tuple(i for i in told.items if len(i.values) == 1 and not i.drawing)[:MOST]


def card(told: Told, item: Item) -> Svg:
    """One finding as a drawing of 1200 x 630, with title and description for those who cannot see it."""
    lines = textwrap.wrap(item.sentence, 34)[:6]
    big = [
        label(80, 150 + 74 * n, line, 60, fill=INK, font_weight="bold")
        for n, line in enumerate(lines)
    ]
    foot = textwrap.wrap(told.stamp, 84)[:2]
    small = [label(80, 560 + 30 * n, line, 24, fill=QUIET) for n, line in enumerate(foot)]
    return drawing(
        f"card-{item.id}",
        item.sentence,
        f"A card with one sentence. {told.stamp}",
        WIDTH,
        HEIGHT,
        tag("rect", x=0, y=0, width=WIDTH, height=HEIGHT, fill=GROUND),
        tag("rect", x=0, y=0, width=24.0, height=HEIGHT, fill=INK),
        *big,
        *small,
    )


def png(svg: Svg) -> bytes:
    """The card as PNG, 1200 x 630."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg.text, scale=1.0))
