"""How often two things lie together, drawn: a table of forty thousand cells would be read by nobody."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from threecircles.report.svg import Svg, label, number, tag, words

SIDE, EDGE = 720, 60
SHADES = ((0.2, "#ffffff"), (0.4, "#cfd8e3"), (0.6, "#93a7c1"), (0.8, "#4d6f9c"), (1.01, "#12436d"))
"""Upper end of a class and its shade; five classes, from never to always together."""


def heat_map(together: np.ndarray, cards: Sequence[int], title: str) -> Svg:
    """A square a pair, darker the more often they lie together; cards that do stand side by side.

    together: share (0 to 1) of every two cards, in the order of `cards`. Equal input gives equal bytes.
    """
    order = _beside(together)
    shown = together[np.ix_(order, order)]
    side = SIDE / max(len(cards), 1)
    marks = []
    for row, shares in enumerate(shown):
        classes = np.searchsorted([c for c, _ in SHADES], shares, side="right")
        edges = [0, *(np.flatnonzero(np.diff(classes)) + 1).tolist(), len(cards)]
        for start, end in itertools.pairwise(edges):
            if classes[start]:
                marks.append(_bar(start, end, row, side, SHADES[classes[start]][1]))
    key = [
        tag("rect", x=EDGE + 90 * i, y=SIDE + EDGE + 16, width=22, height=14, fill=shade, stroke="#505a5f")
        + label(EDGE + 28 + 90 * i, SIDE + EDGE + 28, f"to {min(100, round(100 * top))}%", 13)
        for i, (top, shade) in enumerate(SHADES)
    ]  # fmt: skip
    said = f"{len(cards)} cards by {len(cards)} cards. The order of cards from the top: {', '.join(str(cards[i]) for i in order)}."
    return Svg(
        tag(
            "svg", tag("title", words(title), id="heat-title"), tag("desc", words(said), id="heat-desc"),
            tag("rect", x=0, y=0, width=SIDE + 2 * EDGE, height=SIDE + EDGE + 44, fill="#ffffff"),
            tag("rect", x=EDGE, y=EDGE, width=SIDE, height=SIDE, fill="#ffffff", stroke="#505a5f"), *marks,
            label(EDGE, 36, title, 20), *key, xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {SIDE + 2 * EDGE} {SIDE + EDGE + 44}", role="img", aria_labelledby="heat-title heat-desc",
        )
    )  # fmt: skip


def _bar(start: int, end: int, row: int, side: float, shade: str) -> str:
    return tag(
        "rect", x=number(EDGE + start * side), y=number(EDGE + row * side), width=number((end - start) * side),
        height=number(side), fill=shade,
    )  # fmt: skip


def _beside(together: np.ndarray) -> list[int]:
    """Each next card is the one most often beside those just placed; the first is the one with most company."""
    left = set(range(len(together)))
    order: list[int] = []
    while left:
        near = together[order[-8:]].sum(axis=0) if order else together.sum(axis=0)
        best = max(left, key=lambda i: (round(float(near[i]), 9), -i))
        order.append(best)
        left.remove(best)
    return order
