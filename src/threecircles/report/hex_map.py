"""England with one hexagon for each authority: without it the map would show land, not children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin, sqrt

from threecircles.definitions import read_csv
from threecircles.report.maps import Class, class_of, fill_of, hatches, key
from threecircles.report.svg import Svg, drawing, label, tag

RADIUS = 21.0
WIDTH = RADIUS * sqrt(3)


@dataclass(frozen=True)
class Cell:
    """One authority's hexagon: its place in the grid and its three letters."""

    area: str
    name: str
    short: str
    column: int
    row: int


@cache
def cells() -> tuple[Cell, ...]:
    """The hexagons, from their definition."""
    return tuple(
        Cell(r["area"], r["name"], r["short"], int(r["column"]), int(r["row"]))
        for r in read_csv("report/hex_map")
    )


def hex_map(
    figure_id: str,
    values: Mapping[str, float | None],
    classes: Sequence[Class],
    title: str,
    desc: str,
    marked: str = "",
    grid: Sequence[Cell] = (),
) -> Svg:
    """Released values by authority (ONS code); unknown ones are grey with crosses. marked: one outlined.

    grid: hexagons of another country than England.
    """
    drawn = [hatches(figure_id)]
    last = []
    every = grid or cells()
    right = max(c.column for c in every) + 1.5
    bottom = (max(c.row for c in every) * 1.5 + 2) * RADIUS
    for cell in every:
        x = (cell.column + 0.5 * (cell.row % 2) + 0.5) * WIDTH
        y = (cell.row * 1.5 + 1) * RADIUS
        path = _hexagon(x, y)
        value = values.get(cell.area)
        k = class_of(value, classes) if value is not None else -1
        fill = fill_of(k, len(classes)) if k >= 0 else "#E3E3E3"
        drawn.append(tag("path", d=path, fill=fill, stroke="#FFFFFF", stroke_width="1.5"))
        if k < 0:
            drawn.append(tag("path", d=path, fill=f"url(#{figure_id}-cross)"))
        dark = k >= 0 and k * 2 >= len(classes)
        ink = "#FFFFFF" if dark else "#1d1d1d"
        drawn.append(label(x, y + 4, cell.short, 11, text_anchor="middle", fill=ink))
        if cell.area == marked:
            last.append(tag("path", d=path, fill="none", stroke="#801650", stroke_width="4"))
    hidden = any(values.get(c.area) is None for c in every)
    legend, height = key(figure_id, classes, hidden=hidden, unreliable=False)
    shifted = tag("g", *legend, transform="translate(0 24)")
    return drawing(
        figure_id,
        title,
        desc,
        max(right * WIDTH, 480),
        max(bottom, height + 24),
        *drawn,
        *last,
        shifted,
    )


def _hexagon(x: float, y: float) -> str:
    corners = [
        (x + RADIUS * cos(pi / 6 + k * pi / 3), y + RADIUS * sin(pi / 6 + k * pi / 3))
        for k in range(6)
    ]
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z"
