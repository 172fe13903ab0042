"""Bars of answers: without the whole distribution a mean would hide who answered "always" and who "never"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from threecircles.report.model import Value
from threecircles.report.svg import Svg, drawing, label, tag
from threecircles.report.words import plain

WIDTH, LEFT, BAR = 760.0, 10.0, 560.0
SHADES = ("#E3E6EA", "#BFC9D4", "#8FA5BB", "#4F7398", "#12436D")
"""Light to dark; each is outlined, so that the lightest is seen on white."""
DARK_FROM = 3


@dataclass(frozen=True)
class Bar:
    """One question: its words, the share of each answer in order, and of those who did not answer."""

    words: str
    answers: tuple[Value, ...]
    none: Value | None


def answer_bars(
    figure_id: str, title: str, desc: str, names: Sequence[str], bars: Sequence[Bar]
) -> Svg:
    """One stacked bar a question; those who did not answer stand apart, to the right."""
    inside = [_legend(names)]
    y = 44.0
    for bar in bars:
        for line in wrap(bar.words, 72):
            inside.append(label(LEFT, y + 14, line, 15))
            y += 20
        inside += _bar(bar, y)
        y += 52
    return drawing(figure_id, title, desc, WIDTH, y + 6, *inside)


def _legend(names: Sequence[str]) -> str:
    parts, x = [], LEFT
    for place, name in enumerate(names):
        shade = _shade(place, len(names))
        parts.append(tag("rect", x=x, y=8, width=16, height=16, fill=shade, stroke="#1d1d1d"))
        parts.append(label(x + 22, 21, name, 14))
        x += 40 + 8.0 * len(name)
    parts.append(
        tag(
            "rect",
            x=x,
            y=8,
            width=16,
            height=16,
            fill="#ffffff",
            stroke="#1d1d1d",
            stroke_dasharray="3 2",
        )
    )
    parts.append(label(x + 22, 21, "Did not answer", 14))
    return "".join(parts)


def _bar(bar: Bar, y: float) -> list[str]:
    if not all(v.known for v in bar.answers):
        return [label(LEFT, y + 20, "Too few pupils to show [c]", 14)]
    parts, x = [], LEFT
    for place, value in enumerate(bar.answers):
        width = BAR * (value.number or 0.0)
        shade = _shade(place, len(bar.answers))
        if width > 0:
            parts.append(
                tag(
                    "rect",
                    x=round(x, 2),
                    y=y,
                    width=round(width, 2),
                    height=30.0,
                    fill=shade,
                    stroke="#ffffff",
                    stroke_width=1.5,
                )
            )
        if width >= 30:
            dark = shade in SHADES[DARK_FROM:]
            share = plain((value.number or 0.0) * 100)
            parts.append(
                label(
                    round(x + width / 2, 2),
                    y + 20,
                    share,
                    14,
                    text_anchor="middle",
                    fill="#ffffff" if dark else "#1d1d1d",
                )
            )
        x += width
    parts.append(
        tag(
            "rect",
            x=LEFT,
            y=y,
            width=round(x - LEFT, 2),
            height=30.0,
            fill="none",
            stroke="#1d1d1d",
        )
    )
    if bar.none is not None and bar.none.known:
        width = max(BAR * (bar.none.number or 0.0), 1.0)
        told = f"{plain((bar.none.number or 0.0) * 100)} did not"
        parts.append(
            tag(
                "rect",
                x=round(x + 14, 2),
                y=y,
                width=round(width, 2),
                height=30.0,
                fill="#ffffff",
                stroke="#1d1d1d",
                stroke_dasharray="3 2",
            )
        )
        parts.append(label(round(x + 20 + width, 2), y + 20, told, 13))
    return parts


def _shade(place: int, of: int) -> str:
    return SHADES[round(place * (len(SHADES) - 1) / max(of - 1, 1))]
