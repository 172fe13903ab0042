"""A funnel of units without names: without its limits chance would be read as merit."""

from __future__ import annotations

from collections.abc import Sequence

from threecircles.report.svg import Svg, drawing, label, tag
from threecircles.report.words import plain

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 760.0, 380.0, 56.0, 16.0, 46.0, 16.0
Point = tuple[float, float, Sequence[float]]
"""Size, mean, and its limits: inner lower and upper, outer lower and upper."""


def funnel_plot(figure_id: str, title: str, desc: str, points: Sequence[Point]) -> Svg:
    """Points by size, with the limits of chance as stepped lines through each unit's own."""
    if not points:
        return Svg("")
    ordered = sorted(points, key=lambda p: p[0])
    most = max(p[0] for p in ordered) * 1.05
    values = [v for _, y, limits in ordered for v in (y, *limits)]
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or 0.5
    low, high = low - room, high + room

    def x(n: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * n / most, 2)

    def y(v: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - v) / (high - low), 2)

    inside = [
        tag("line", x1=LEFT, y1=y(v), x2=WIDTH - RIGHT, y2=y(v), stroke="#d5d8dc")
        for v in _ticks(low, high)
    ]
    inside += [
        label(LEFT - 8, y(v) + 5, plain(v, 1), 13, text_anchor="end") for v in _ticks(low, high)
    ]
    for place, (shade, dash) in enumerate(
        (("#12436D", "6 4"), ("#12436D", "6 4"), ("#801650", None), ("#801650", None))
    ):
        corners = [(x(n), y(limits[place])) for n, _, limits in ordered]
        # Schools of one size have one limit: it is drawn across, or nobody would see it.
        if len({at for at, _ in corners}) == 1:
            corners = [(LEFT, corners[0][1]), (WIDTH - RIGHT, corners[0][1])]
        path = "M" + " L".join(f"{at} {height}" for at, height in corners)
        inside.append(
            tag("path", d=path, fill="none", stroke=shade, stroke_width=1.5, stroke_dasharray=dash)
        )
    for n, mean, limits in ordered:
        outside = mean < limits[2] or mean > limits[3]
        # Shape as well as colour: outside the outer lines a point is a square.
        if outside:
            inside.append(
                tag("rect", x=x(n) - 5, y=y(mean) - 5, width=10.0, height=10.0, fill="#801650")
            )
        else:
            inside.append(
                tag("circle", cx=x(n), cy=y(mean), r=4.5, fill="#12436D", fill_opacity=0.75)
            )
    inside.append(
        label((LEFT + WIDTH) / 2, HEIGHT - 8, "Pupils who took part", 14, text_anchor="middle")
    )
    inside.append(label(LEFT, HEIGHT - 26, "0", 13, text_anchor="middle"))
    inside.append(label(x(most / 1.05), HEIGHT - 26, plain(most / 1.05), 13, text_anchor="middle"))
    return drawing(figure_id, title, desc, WIDTH, HEIGHT, *inside)


def _ticks(low: float, high: float) -> list[float]:
    step = (high - low) / 5
    size = next((s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if s >= step), step)
    first = int(low / size) * size
    return [round(first + i * size, 6) for i in range(12) if low <= first + i * size <= high]
