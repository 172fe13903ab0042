"""Maps from area boundaries: without them "where" would be a list of codes.

Rates, never counts; at most five classes, stated; lightness and pattern both carry the class; hatched
where a figure is unreliable, grey with crosses where it is hidden. Classes come from released values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any

from threecircles.report.palette import palette
from threecircles.report.svg import Svg, drawing, label, tag

BOX = 640.0
TOLERANCE = 0.35
"""Points nearer than this to the last one drawn are left out, in drawing units."""
HIDDEN_FILL = "#E3E3E3"


@dataclass(frozen=True)
class Area:
    """One area: its rings in drawing units, its value (None where hidden), whether to hatch it."""

    code: str
    rings: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True)
class Class:
    """One class of a map: from (included) to (excluded, but for the last), and its words."""

    low: float
    high: float
    words: str


def areas_of(geojson: Mapping[str, Any], code_property: str) -> tuple[tuple[Area, ...], float]:
    """Areas in a box 640 wide and the height the place needs. Coordinates: longitude, latitude.

    Raises KeyError when a feature lacks the property that holds its code.
    """
    features = sorted(geojson["features"], key=lambda f: str(f["properties"][code_property]))
    points = [p for f in features for ring in _rings(f["geometry"]) for p in ring]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    squeeze = cos(radians((south + north) / 2))
    scale = BOX / max((east - west) * squeeze, (north - south), 1e-9)
    shift = (BOX - (east - west) * squeeze * scale) / 2

    def place(point: Sequence[float]) -> tuple[float, float]:
        return shift + (point[0] - west) * squeeze * scale, (north - point[1]) * scale

    areas = tuple(
        Area(
            str(f["properties"][code_property]),
            tuple(_thin([place(p) for p in r]) for r in _rings(f["geometry"])),
        )
        for f in features
    )
    return areas, (north - south) * scale


def classes_of(values: Sequence[float], count: int = 5, write: Any = str) -> tuple[Class, ...]:
    """Classes with about equally many areas each, from released values only. write: value to words."""
    known = sorted(values)
    if not known:
        return ()
    cuts = [known[0]]
    for k in range(1, count):
        cut = known[min(len(known) * k // count, len(known) - 1)]
        if cut > cuts[-1]:
            cuts.append(cut)
    ends = [*cuts[1:], known[-1]]
    return tuple(
        Class(
            a,
            b,
            write(a)
            if a == b
            else f"{write(a)} to {write(b)}"
            if k == len(cuts) - 1
            else f"{write(a)} to under {write(b)}",
        )
        for k, (a, b) in enumerate(zip(cuts, ends, strict=True))
    )


def class_of(value: float, classes: Sequence[Class]) -> int:
    """The number of the class a released value falls into."""
    return max((k for k, c in enumerate(classes) if value >= c.low), default=0)


def choropleth(
    figure_id: str,
    areas: Sequence[Area],
    height: float,
    values: Mapping[str, float | None],
    classes: Sequence[Class],
    title: str,
    desc: str,
    unreliable: frozenset[str] = frozenset(),
) -> Svg:
    """A map of released values by area code; areas without a value are grey with crosses."""
    drawn = [_defs(figure_id)]
    for area in areas:
        value = values.get(area.code)
        path = "".join(_path(ring) for ring in area.rings)
        line = {"stroke": "#FFFFFF", "stroke_width": "0.8", "stroke_linejoin": "round"}
        if value is None:
            drawn.append(tag("path", d=path, fill=HIDDEN_FILL, **line))
            drawn.append(tag("path", d=path, fill=f"url(#{figure_id}-cross)"))
            continue
        k = class_of(value, classes)
        drawn.append(tag("path", d=path, fill=_fill(k, len(classes)), **line))
        if area.code in unreliable:
            drawn.append(tag("path", d=path, fill=f"url(#{figure_id}-hatch)"))
    hidden = any(values.get(a.code) is None for a in areas)
    drawn.extend(_legend(figure_id, classes, height + 24, hidden, bool(unreliable)))
    rows = len(classes) + hidden + bool(unreliable)
    return drawing(figure_id, title, desc, BOX, height + 30 + 26 * rows, *drawn)


def _fill(k: int, count: int) -> str:
    colours = palette().sequential
    return colours[-1] if count == 1 else colours[round(k * (len(colours) - 1) / (count - 1))]


def _defs(figure_id: str) -> str:
    cross = tag("path", d="M2 2L6 6M6 2L2 6", stroke="#5B6066", stroke_width="0.8", fill="none")
    hatch = tag("path", d="M0 0V7", stroke="#F46A25", stroke_width="1.6")
    return tag(
        "defs",
        tag(
            "pattern",
            cross,
            id=f"{figure_id}-cross",
            width="8",
            height="8",
            patternUnits="userSpaceOnUse",
        ),
        tag(
            "pattern",
            hatch,
            id=f"{figure_id}-hatch",
            width="7",
            height="7",
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )


def _legend(
    figure_id: str, classes: Sequence[Class], top: float, hidden: bool, unreliable: bool
) -> Iterator[str]:
    box = {"x": 1.0, "width": "30", "height": "18", "stroke": palette().quiet, "stroke_width": "1"}
    y = top
    for k, item in enumerate(classes):
        yield tag("rect", y=y, fill=_fill(k, len(classes)), **box)
        yield label(42, y + 14, item.words, 15)
        y += 26
    if hidden:
        yield tag("rect", y=y, fill=HIDDEN_FILL, **box)
        yield tag("rect", y=y, fill=f"url(#{figure_id}-cross)", **box)
        yield label(42, y + 14, "Hidden to protect children, or not available", 15)
        y += 26
    if unreliable:
        yield tag("rect", y=y, fill="#FFFFFF", **box)
        yield tag("rect", y=y, fill=f"url(#{figure_id}-hatch)", **box)
        yield label(42, y + 14, "Rests on few answers: read with care", 15)


def _rings(geometry: Mapping[str, Any]) -> list[list[Sequence[float]]]:
    if geometry["type"] == "Polygon":
        return list(geometry["coordinates"])
    if geometry["type"] == "MultiPolygon":
        return [ring for polygon in geometry["coordinates"] for ring in polygon]
    return []


def _thin(ring: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    kept = ring[:1]
    for point in ring[1:]:
        if hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) >= TOLERANCE:
            kept.append(point)
    return tuple(kept if len(kept) > 2 else ring)


def _path(ring: tuple[tuple[float, float], ...]) -> str:
    """Relative steps of one decimal, rounded on the running place so that errors do not add up."""
    steps, at = [], (0, 0)
    for k, (x, y) in enumerate(ring):
        here = (round(x * 10), round(y * 10))
        dx, dy = here[0] - at[0], here[1] - at[1]
        if k == 0 or dx or dy:
            steps.append(
                f"{'M' if k == 0 else ''}{dx / 10:g} {dy / 10:g}"
                if k < 2
                else f"{dx / 10:g} {dy / 10:g}"
            )
            at = here
    return f"{steps[0]}l{' '.join(steps[1:])}Z".replace(" -", "-") if len(steps) > 1 else ""
