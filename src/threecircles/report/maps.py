"""Maps from area boundaries: without them "where" would be a list of codes.

Rates, never counts; at most five classes, stated in a key, of one colour from light to dark so that
they stand apart in grey too; stripes where a figure is unreliable, crosses where it is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any

from threecircles.report.palette import palette
from threecircles.report.svg import Svg, drawing, label, number, tag

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


def classes_of(
    values: Sequence[float], write: Callable[[float, int], str], count: int = 5
) -> tuple[Class, ...]:
    """Classes with about equally many areas each, from released values only.

    write: value and decimals to words; decimals grow until no two ends of classes read alike.
    """
    known = sorted(values)
    if not known:
        return ()
    cuts = [known[0]]
    for k in range(1, count):
        cut = known[min(len(known) * k // count, len(known) - 1)]
        if cut > cuts[-1]:
            cuts.append(cut)
    ends = [*cuts[1:], known[-1]]
    distinct = {*cuts, known[-1]}
    decimals = next(
        (d for d in range(4) if len({write(x, d) for x in distinct}) == len(distinct)), 4
    )
    return tuple(
        Class(a, b, _between(write(a, decimals), write(b, decimals), last=k == len(cuts) - 1))
        for k, (a, b) in enumerate(zip(cuts, ends, strict=True))
    )


def _between(low: str, high: str, last: bool) -> str:
    if low == high:
        return low
    return f"{low} to {high}" if last else f"{low} to under {high}"


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
    drawn = [hatches(figure_id)]
    for area in areas:
        value = values.get(area.code)
        path = "".join(_path(ring) for ring in area.rings)
        line = {"stroke": palette().quiet, "stroke_width": "0.6", "stroke_linejoin": "round"}
        if value is None:
            drawn.append(tag("path", d=path, fill=HIDDEN_FILL, **line))
            drawn.append(tag("path", d=path, fill=f"url(#{figure_id}-cross)"))
            continue
        k = class_of(value, classes)
        drawn.append(tag("path", d=path, fill=fill_of(k, len(classes)), **line))
        if area.code in unreliable:
            drawn.append(tag("path", d=path, fill=f"url(#{figure_id}-hatch)"))
    hidden = any(values.get(a.code) is None for a in areas)
    legend, tall = key(figure_id, classes, hidden=hidden, unreliable=bool(unreliable))
    drawn.append(tag("g", *legend, transform=f"translate(0 {number(height + 24)})"))
    return drawing(figure_id, title, desc, BOX, height + 30 + tall, *drawn)


def fill_of(k: int, count: int) -> str:
    """The colour of class k of `count`, from little to much."""
    colours = palette().sequential
    return colours[-1] if count == 1 else colours[round(k * (len(colours) - 1) / (count - 1))]


def hatches(figure_id: str) -> str:
    """Crosses for what is hidden or unknown, stripes for what is unreliable."""
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


def key(
    figure_id: str, classes: Sequence[Class], *, hidden: bool, unreliable: bool
) -> tuple[list[str], float]:
    """The key of a map, a row a class, and its height."""
    box = {"x": 1.0, "width": "30", "height": "18", "stroke": palette().quiet, "stroke_width": "1"}
    rows: list[tuple[tuple[str, ...], str]] = [
        ((fill_of(k, len(classes)),), c.words) for k, c in enumerate(classes)
    ]
    if hidden:
        rows.append(((HIDDEN_FILL, f"url(#{figure_id}-cross)"), "Hidden or not available"))
    if unreliable:
        rows.append((("#FFFFFF", f"url(#{figure_id}-hatch)"), "Few answers: read with care"))
    drawn = []
    for k, (fills, words) in enumerate(rows):
        drawn += [tag("rect", y=26.0 * k, fill=fill, **box) for fill in fills]
        drawn.append(label(42, 26.0 * k + 14, words, 15))
    return drawn, 26.0 * len(rows)


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
