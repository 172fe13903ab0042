"""Journeys drawn as flows: without it the paths of a year would be forty rows nobody reads.

Order of nodes is the definition's, never optimised; a flow's width is its number. Hidden flows are
not drawn; the table below names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.report.palette import palette
from threecircles.report.svg import Svg, drawing, label, tag

WIDTH, NODE, GAP, TOP, SIDE = 1_100.0, 14.0, 26.0, 40.0, 200.0
"""SIDE: room at the right for the words of the last column."""
NOBODY = "#B9B2A5"
QUIET = ("none", "unallocated")


@dataclass(frozen=True)
class Flow:
    """A number that went from one state in one column to another state in the next.

    hatched: the number is a guess, and is drawn so.
    """

    column: int
    start: str
    end: str
    value: float
    hatched: bool = False


@dataclass
class _Node:
    x: float
    y: float
    height: float
    out: float = 0.0
    into: float = 0.0


def sankey(
    figure_id: str,
    headings: Sequence[str],
    order: Sequence[str],
    labels: dict[str, str],
    flows: Sequence[Flow],
    title: str,
    desc: str,
    height: float = 420.0,
) -> Svg:
    """Flows through columns of states.

    headings: one for each column, left to right. order: states from top to bottom, the same in each
    column. labels: words for a state. flows: only those released as numbers.
    """
    sizes = _sizes(flows, len(headings))
    scale = _scale(sizes, height)
    nodes = _places(sizes, order, scale, len(headings))
    colours = _colours(order)
    rank = {s: k for k, s in enumerate(order)}
    links = sorted(flows, key=lambda f: (f.column, rank.get(f.start, 99), rank.get(f.end, 99)))
    drawn = [_hatch(figure_id)] if any(f.hatched for f in links) else []
    for f in (f for f in links if f.value > 0):
        drawn.extend(_link(f, nodes, scale, colours[f.start], figure_id))
    for (_, state), node in nodes.items():
        drawn.append(
            tag("rect", x=node.x, y=node.y, width=NODE, height=node.height, fill=colours[state])
        )
        drawn.append(_named(node, labels.get(state, state)))
    for k, heading in enumerate(headings):
        drawn.append(_heading(heading, k, len(headings)))
    bottom = max((n.y + n.height for n in nodes.values()), default=height) + 16
    return drawing(figure_id, title, desc, WIDTH, bottom, *drawn)


def _sizes(flows: Sequence[Flow], columns: int) -> dict[tuple[int, str], float]:
    into: dict[tuple[int, str], float] = {}
    out: dict[tuple[int, str], float] = {}
    for f in flows:
        out[f.column, f.start] = out.get((f.column, f.start), 0.0) + f.value
        into[f.column + 1, f.end] = into.get((f.column + 1, f.end), 0.0) + f.value
    return {k: max(into.get(k, 0.0), out.get(k, 0.0)) for k in into | out if k[0] < columns}


def _scale(sizes: dict[tuple[int, str], float], height: float) -> float:
    """Drawing units a child, so that the fullest column fills the height."""
    best = []
    for column in {c for c, _ in sizes}:
        here = [v for (c, _), v in sizes.items() if c == column]
        best.append((height - GAP * (len(here) - 1)) / max(sum(here), 1e-9))
    return min(best, default=1.0)


def _places(
    sizes: dict[tuple[int, str], float], order: Sequence[str], scale: float, columns: int
) -> dict[tuple[int, str], _Node]:
    nodes = {}
    for column in range(columns):
        y = TOP
        x = column * (WIDTH - SIDE - NODE) / max(columns - 1, 1)
        for state in order:
            if (column, state) in sizes:
                height = max(sizes[column, state] * scale, 1.5)
                nodes[column, state] = _Node(x, y, height)
                y += height + GAP
    return nodes


def _link(
    flow: Flow, nodes: dict[tuple[int, str], _Node], scale: float, colour: str, figure_id: str
) -> list[str]:
    a, b = nodes[flow.column, flow.start], nodes[flow.column + 1, flow.end]
    width = max(flow.value * scale, 1.0)
    y0, y1 = a.y + a.out + width / 2, b.y + b.into + width / 2
    a.out, b.into = a.out + flow.value * scale, b.into + flow.value * scale
    x0, x1 = a.x + NODE, b.x
    middle = (x0 + x1) / 2
    path = f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    made = [tag("path", d=path, fill="none", stroke=colour, stroke_width=width, stroke_opacity="0.35")]  # fmt: skip
    if flow.hatched:
        made.append(tag("path", d=path, fill="none", stroke=f"url(#{figure_id}-hatch)", stroke_width=width))  # fmt: skip
    return made


def _hatch(figure_id: str) -> str:
    """White lines over a band whose number is a guess."""
    line = tag("line", x1="0", y1="0", x2="0", y2="7", stroke="#FFFFFF", stroke_width="3.5")
    made = tag(
        "pattern", line, id=f"{figure_id}-hatch", width="7", height="7",
        patternUnits="userSpaceOnUse", patternTransform="rotate(45)",
    )  # fmt: skip
    return tag("defs", made)


def _named(node: _Node, name: str) -> str:
    """A state by its name. No total stands beside it: with hidden flows left out it would be no released figure."""
    halo = {
        "paint_order": "stroke",
        "stroke": "#FFFFFF",
        "stroke_width": "4",
        "stroke_linejoin": "round",
    }
    return label(node.x + NODE + 7, node.y + node.height / 2 + 5, name, 15, **halo)


def _heading(text: str, column: int, columns: int) -> str:
    return label(
        column * (WIDTH - SIDE - NODE) / max(columns - 1, 1), 18, text, 15, font_weight="bold"
    )


def _colours(order: Sequence[str]) -> dict[str, str]:
    """A colour a state; "none" (no service) and what nobody allocated are always the same quiet one."""
    named = [s for s in order if s not in QUIET]
    colours = palette().categorical
    return {s: colours[k % len(colours)] for k, s in enumerate(named)} | dict.fromkeys(
        QUIET, NOBODY
    )
