"""Two bars over one another that overlap by the children in both: side by side alone would hide who they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.report.model import Value
from threecircles.report.svg import Svg, drawing, label, tag
from threecircles.report.words import text_of

WIDTH, LEFT, LONG = 760.0, 10.0, 440.0
"""Of the drawing: its width, where bars begin, and how long the longest may be; words stand to its right."""
BAR, PAIR, TOP = 18.0, 82.0, 52.0
SAID, SHARED, HELD = "#8FA5BB", "#12436D", "#F2B79B"
INK = "#1d1d1d"


@dataclass(frozen=True)
class Pair:
    """One line of the drawing: words, share who say so, share on record, share of both (None = not known whose are
    the same children), and what stands behind the second bar.
    """

    words: str
    said: Value
    held: Value
    both: Value | None
    more: str = ""


def beside_bars(figure_id: str, title: str, desc: str, pairs: Sequence[Pair]) -> Svg:
    """The pairs from top to bottom on one scale; where the overlap cannot be shown, both bars begin at nought."""
    if not any(p.said.known or p.held.known for p in pairs):
        return Svg("")
    longest = max(_reach(p) for p in pairs) or 1.0
    joint = any(_shared(p) is not None for p in pairs)
    inside = [_legend(joint)]
    for k, pair in enumerate(pairs):
        inside += _pair(pair, TOP + PAIR * k, LONG / longest)
    return drawing(figure_id, title, desc, WIDTH, TOP + PAIR * len(pairs), *inside)


def _shared(pair: Pair) -> float | None:
    """The share in both, where all three figures are shown."""
    if pair.both is None or not (pair.both.known and pair.said.known and pair.held.known):
        return None
    return pair.both.number


def _begins(pair: Pair) -> float:
    """Where the second bar begins, so that it overlaps the first by those in both."""
    shared = _shared(pair)
    return 0.0 if shared is None else max(0.0, (pair.said.number or 0.0) - shared)


def _reach(pair: Pair) -> float:
    """How far to the right the bars of a pair go, with their intervals."""
    ends = [v.high if v.high is not None else v.number for v in (pair.said, pair.held)]
    return max(ends[0] or 0.0, _begins(pair) + (ends[1] or 0.0))


def _legend(joint: bool) -> str:
    told = [(SAID, "Pupils say so"), (HELD, "On record")]
    if joint:
        told.insert(1, (SHARED, "Both"))
    parts, x = [], LEFT
    for fill, words in told:
        parts.append(tag("rect", x=x, y=8.0, width=16.0, height=16.0, fill=fill, stroke=INK))
        parts.append(label(x + 24, 21, words, 15))
        x += 60 + 8.0 * len(words)
    return "".join(parts)


def _pair(pair: Pair, y: float, scale: float) -> list[str]:
    begins, shared = _begins(pair), _shared(pair)
    above, below = y + 8, y + 12 + BAR
    return [
        label(LEFT, y, pair.words, 15, font_weight="bold"),
        *_bar(pair.said, 0.0, above, scale, SAID, (begins, shared), "say so"),
        *_bar(pair.held, begins, below, scale, HELD, (begins, shared), f"on record{pair.more}"),
    ]


def _bar(
    value: Value,
    begins: float,
    y: float,
    scale: float,
    fill: str,
    both: tuple[float, float | None],
    words: str,
) -> list[str]:
    if not value.known:
        return [label(LEFT, y + 14, f"{text_of(value)} {words}", 15)]
    start, long = LEFT + begins * scale, (value.number or 0.0) * scale
    parts = [_box(start, y, long, fill)]
    at, shared = both
    if shared:
        parts.append(_box(LEFT + at * scale, y, shared * scale, SHARED))
    end = start + long
    if value.low is not None and value.high is not None:
        low, high = start + value.low * scale, start + value.high * scale
        parts.append(
            tag("line", x1=low, x2=high, y1=y + BAR / 2, y2=y + BAR / 2, stroke=INK, stroke_width="2")
        )  # fmt: skip
        end = max(end, high)
    return [*parts, label(end + 8, y + 14, f"{text_of(value)} {words}", 15)]


def _box(x: float, y: float, width: float, fill: str) -> str:
    return tag("rect", x=x, y=y, width=width, height=BAR, fill=fill, stroke=INK, stroke_width="1")
