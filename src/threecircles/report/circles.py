"""The circles: without them the reader would have five numbers and no picture of whom help misses.

Red, hatched: children with high need. Black dotted line: children in contact with a targeted
service. Pale ground: all children. All three are true to area on one scale (report.md 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

from threecircles.core.charts import TwoCircles, circle_radius, two_circles
from threecircles.report.palette import palette
from threecircles.report.svg import Svg, drawing, label, tag

WIDTH, HEIGHT = 640.0, 500.0
GROUND_RADIUS = 226.0
CENTRE = (WIDTH / 2, HEIGHT / 2)
SCALE = GROUND_RADIUS * sqrt(pi)
"""Drawing units for the square root of the whole population's area."""


@dataclass(frozen=True)
class Share:
    """A share of all children with its 95% interval, each 0 to 1."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CircleWords:
    """Words set beside each circle: a number line and what it counts."""

    need: tuple[str, str]
    service: tuple[str, str]
    both: tuple[str, str]
    ground: tuple[str, str]


def circles(
    figure_id: str,
    need: Share,
    service: Share,
    both: float,
    said: CircleWords,
    title: str,
    desc: str,
) -> Svg:
    """Need, service and their overlap on the ground of all children, true to area.

    both: share of all children that lies in both circles. Dashed rings are the ends of the
    intervals. Raises ValueError when the overlap is larger than a circle.
    """
    drawn = two_circles(need.value, service.value, both)
    (nx, sx), y = _centres(drawn), CENTRE[1]
    r, s = drawn.first * SCALE, drawn.second * SCALE
    lens = (max(nx - r, sx - s) + min(nx + r, sx + s)) / 2
    return drawing(
        figure_id,
        title,
        desc,
        WIDTH,
        HEIGHT,
        _patterns(figure_id),
        _ground(),
        *_need_disc(figure_id, nx, y, r),
        *_rings(nx, y, need, palette().need),
        _service_ring(sx, y, s),
        *_rings(sx, y, service, palette().service),
        *_caption(said.need, "start", 30, (nx - r * 0.64, y - r * 0.77), "#9B1016"),
        *_caption(said.service, "end", 30, (sx + s * 0.64, y - s * 0.77), palette().service),
        *(_caption_below(said.both, lens, max(r, s)) if both > 0 else ()),
        *_caption(said.ground, "end", HEIGHT - 46, _ground_point(), palette().quiet),
    )


def circles_range(
    figure_id: str,
    need: Share,
    service: Share,
    both: Share,
    said: CircleWords,
    title: str,
    desc: str,
) -> Svg:
    """Two pictures side by side where only bounds of the overlap are known: least and most.

    both: low and high are the bounds; its value is not drawn.
    """
    low, high = (
        both.low or 0.0,
        both.high if both.high is not None else min(need.value, service.value),
    )
    half = 0.5
    parts = [_patterns(figure_id)]
    for k, (overlap, words_) in enumerate(((low, "Least overlap"), (high, "Most overlap"))):
        drawn = two_circles(need.value, service.value, overlap)
        (nx, sx), y = _centres(drawn), CENTRE[1]
        inner = (
            _ground(),
            *_need_disc(figure_id, nx, y, drawn.first * SCALE),
            _service_ring(sx, y, drawn.second * SCALE),
        )
        parts.append(
            tag("g", *inner, transform=f"translate({k * WIDTH * half:.0f} 60) scale({half})")
        )
        parts.append(
            label(WIDTH * (k + 0.5) / 2, 50, words_, 20, text_anchor="middle", font_weight="bold")
        )
    base = 60 + HEIGHT * half + 40
    parts.extend(_two_lines(said.need, "start", 0, base, "#9B1016"))
    parts.extend(_two_lines(said.service, "end", WIDTH, base, palette().service))
    parts.extend(_two_lines(said.both, "start", 0, base + 70, palette().service))
    return drawing(figure_id, title, desc, WIDTH, base + 110, *parts)


def _centres(drawn: TwoCircles) -> tuple[float, float]:
    """x of the two centres, the pair set in the middle of the ground."""
    r, s, d = (v * SCALE for v in (drawn.first, drawn.second, drawn.distance))
    left, right = min(-r, d - s), max(r, d + s)
    start = CENTRE[0] - (left + right) / 2
    return start, start + d


def _patterns(figure_id: str) -> str:
    line = tag("path", d="M0 0V9", stroke="#FFFFFF", stroke_width="1.6", stroke_opacity="0.55")
    hatch = tag(
        "pattern",
        line,
        id=f"{figure_id}-hatch",
        width="9",
        height="9",
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return tag("defs", hatch)


def _ground() -> str:
    return tag(
        "circle",
        cx=CENTRE[0],
        cy=CENTRE[1],
        r=GROUND_RADIUS,
        fill=palette().ground,
        stroke=palette().ground_line,
        stroke_width="1",
    )


def _need_disc(figure_id: str, x: float, y: float, r: float) -> tuple[str, ...]:
    red = palette().need
    return (
        tag(
            "circle", cx=x, cy=y, r=r, fill=red, fill_opacity="0.6", stroke=red, stroke_width="1.5"
        ),
        tag("circle", cx=x, cy=y, r=r, fill=f"url(#{figure_id}-hatch)"),
    )


def _service_ring(x: float, y: float, r: float) -> str:
    return tag(
        "circle",
        cx=x,
        cy=y,
        r=r,
        fill="none",
        stroke=palette().service,
        stroke_width="3.5",
        stroke_dasharray="0.1 7",
        stroke_linecap="round",
    )


def _rings(x: float, y: float, share: Share, colour: str) -> list[str]:
    """Dashed rings at the ends of the interval, where they can be told from the circle itself."""
    drawn = []
    for end in (share.low, share.high):
        if end is None:
            continue
        r = circle_radius(end) * SCALE
        if abs(r - circle_radius(share.value) * SCALE) >= 1.5:
            ring = {
                "fill": "none",
                "stroke": colour,
                "stroke_width": "1",
                "stroke_dasharray": "5 4",
            }
            drawn.append(tag("circle", cx=x, cy=y, r=r, stroke_opacity="0.75", **ring))
    return drawn


def _ground_point() -> tuple[float, float]:
    return CENTRE[0] + GROUND_RADIUS * 0.76, CENTRE[1] + GROUND_RADIUS * 0.65


def _caption(
    said: tuple[str, str], anchor: str, y: float, point: tuple[float, float], colour: str
) -> list[str]:
    """Two lines in a corner and a thin leader from beside them to the point they speak of."""
    width = 14.0 * len(said[0]) + 4
    x, beside = (0.0, width) if anchor == "start" else (WIDTH, WIDTH - width)
    drawn = [] if point[1] > y else [_leader((beside, y - 9), point)]
    return [*drawn, *_two_lines(said, anchor, x, y, colour)]


def _caption_below(said: tuple[str, str], x: float, reach: float) -> list[str]:
    """Two lines on the ground below the overlap, with a leader up into it."""
    top = CENTRE[1] + min(max(reach, 100.0) + 24, GROUND_RADIUS - 60)
    return [
        _leader((x, top), (x, CENTRE[1])),
        *_two_lines(said, "middle", x, top + 26, palette().service),
    ]


def _leader(start: tuple[float, float], end: tuple[float, float]) -> str:
    line = {"fill": "none", "stroke": "#3D3D3D", "stroke_width": "1"}
    path = f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"
    return tag("path", d=path, **line) + tag("circle", cx=end[0], cy=end[1], r=3.0, fill="#3D3D3D")


def _two_lines(said: tuple[str, str], anchor: str, x: float, y: float, colour: str) -> list[str]:
    given = {"text_anchor": anchor}
    return [
        label(x, y, said[0], 26, font_weight="bold", fill=colour, class_="tc-big", **given),
        label(x, y + 24, said[1], 18, class_="tc-small", **given),
    ]
