"""Geometry and limits behind the pictures: without it circles would lie and funnels would be guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import acos, isfinite, pi, sqrt

PRECISION = 1e-9
"""How closely a distance is solved, in units of the square root of the whole area."""
APPROXIMATE_ABOVE = 0.03
"""Share by which a drawn area may err before a figure must say so (report.md 4)."""
TRIPLE_OUT_ABOVE = 0.10
"""Error of the triple overlap, as a share of the smallest set, above which three circles are not drawn."""


Point = tuple[float, float]
Centres = tuple[Point, Point, Point]


@dataclass(frozen=True)
class TwoCircles:
    """Radii and distance of two centres, where the whole population has area 1."""

    first: float
    second: float
    distance: float


@dataclass(frozen=True)
class ThreeCircles:
    """Three circles true to their pairs. `error`: largest error of a pair's overlap, as a share of it.

    triple_error: drawn less given triple overlap, as a share of the smallest set. When `drawable`
    is False two circles are drawn and the third is given as bars.
    """

    radii: tuple[float, float, float]
    centres: Centres
    error: float
    triple_error: float

    @property
    def drawable(self) -> bool:
        """Whether the picture would be honest enough to show."""
        return abs(self.triple_error) <= TRIPLE_OUT_ABOVE

    @property
    def approximate(self) -> bool:
        """Whether the figure has to say "areas approximate"."""
        return self.error > APPROXIMATE_ABOVE or abs(self.triple_error) > APPROXIMATE_ABOVE


@dataclass(frozen=True)
class Limits:
    """Lower and upper limit."""

    low: float
    high: float


@dataclass(frozen=True)
class XmR:
    """Individuals and moving range chart: centre, mean moving range and natural limits."""

    centre: float
    mean_moving_range: float
    low: float
    high: float


def circle_radius(share: float) -> float:
    """Radius of a circle whose area is the share (0 or more)."""
    if share < 0 or not isfinite(share):
        raise ValueError(f"a share of an area is 0 or more, found {share}")
    return sqrt(share / pi)


def lens_area(r: float, s: float, distance: float) -> float:
    """Area that two circles of radius r and s have in common, their centres `distance` apart."""
    if distance >= r + s:
        return 0.0
    if distance <= abs(r - s):
        return pi * min(r, s) ** 2
    first = r * r * acos(_unit((distance**2 + r**2 - s**2) / (2 * distance * r)))
    second = s * s * acos(_unit((distance**2 + s**2 - r**2) / (2 * distance * s)))
    kite = (-distance + r + s) * (distance + r - s) * (distance - r + s) * (distance + r + s)
    return first + second - 0.5 * sqrt(max(kite, 0.0))


def centre_distance(r: float, s: float, overlap: float) -> float:
    """Distance at which two circles share the area `overlap`, by bisection to PRECISION.

    No overlap gives touching circles, a full one the smaller circle touching the larger from
    within. Raises ValueError when the overlap is larger than the smaller circle.
    """
    inside = pi * min(r, s) ** 2
    if overlap < 0 or overlap > inside * (1 + 1e-9):
        raise ValueError(
            f"an overlap lies between 0 and the smaller circle {inside:.6g}, found {overlap:.6g}"
        )
    near, far = abs(r - s), r + s
    if overlap <= 0:
        return far
    if overlap >= inside:
        return near
    while far - near > PRECISION * max(1.0, r + s) * 1e-3:
        middle = (near + far) / 2
        if lens_area(r, s, middle) > overlap:
            near = middle
        else:
            far = middle
    return (near + far) / 2


def two_circles(first: float, second: float, overlap: float) -> TwoCircles:
    """Circles for two shares and the share they have in common, all of one population."""
    r, s = circle_radius(first), circle_radius(second)
    return TwoCircles(r, s, centre_distance(r, s, overlap))


def three_circles(areas: Sequence[float], pairs: Sequence[float], triple: float) -> ThreeCircles:
    """Circles for three sets. pairs: overlaps of (0,1), (0,2), (1,2); triple: of all three.

    Each pair has its own right distance; where the three distances make no triangle the summed
    squared error of the pairs is minimised instead.
    """
    r0, r1, r2 = radii = _three(circle_radius(a) for a in areas)
    d01 = centre_distance(r0, r1, pairs[0])
    d02 = centre_distance(r0, r2, pairs[1])
    d12 = centre_distance(r1, r2, pairs[2])
    x = (d01**2 + d02**2 - d12**2) / (2 * d01) if d01 > 0 else d02
    height = d02**2 - x**2
    centres: Centres = ((0.0, 0.0), (d01, 0.0), (x, sqrt(max(height, 0.0))))
    if height < -PRECISION:
        centres = _nearest_centres(radii, pairs, (d01, x))
    drawn = [lens_area(radii[a], radii[b], _apart(centres[a], centres[b])) for a, b in _PAIRS]
    error = max(
        abs(d - p) / max(p, 1e-12) if p > 0 else d for d, p in zip(drawn, pairs, strict=True)
    )
    triple_error = (_triple_area(radii, centres) - triple) / max(min(areas), 1e-12)
    return ThreeCircles(radii, centres, error, triple_error)


def funnel_limits(target: float, n: int, z: float) -> Limits:
    """Limits of a proportion in a unit of n around the target (0-1), cut at 0 and 1.

    Normal, or exact binomial where fewer than 10 events are expected. z: 1.96 for 95%, 3.09 for 99.8%.
    Source: Spiegelhalter, Statistics in Medicine 24 (2005) 1185-1202.
    """
    if n <= 0:
        raise ValueError("a unit without children has no funnel limits")
    if n * target < 10:
        from scipy.stats import binom, norm

        tail = float(norm.sf(z))
        return Limits(
            float(binom.ppf(tail, n, target)) / n, float(binom.ppf(1 - tail, n, target)) / n
        )
    half = z * sqrt(target * (1 - target) / n)
    return Limits(max(0.0, target - half), min(1.0, target + half))


def xmr(values: Sequence[float]) -> XmR:
    """Natural limits of a series: mean +- 2.66 times the mean moving range. Needs two values.

    Source: Wheeler, Understanding Variation (2000); 2.66 = 3 / 1.128.
    """
    if len(values) < 2:
        raise ValueError("a moving range needs two values")
    centre = sum(values) / len(values)
    ranges = [abs(b - a) for a, b in pairwise(values)]
    mean_range = sum(ranges) / len(ranges)
    return XmR(centre, mean_range, centre - 2.66 * mean_range, centre + 2.66 * mean_range)


_PAIRS = ((0, 1), (0, 2), (1, 2))


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    a, b, c = values
    return a, b, c


def _unit(x: float) -> float:
    return min(1.0, max(-1.0, x))


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2)


def _nearest_centres(
    radii: tuple[float, float, float], pairs: Sequence[float], start: tuple[float, float]
) -> Centres:
    def misfit(v: Sequence[float]) -> float:
        places = ((0.0, 0.0), (v[0], 0.0), (v[1], v[2]))
        return sum(
            (lens_area(radii[a], radii[b], _apart(places[a], places[b])) - p) ** 2
            for (a, b), p in zip(_PAIRS, pairs, strict=True)
        )

    from scipy.optimize import minimize

    found = minimize(
        misfit, (*start, 0.01), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-14}
    ).x
    return ((0.0, 0.0), (float(found[0]), 0.0), (float(found[1]), float(found[2])))


def _triple_area(
    radii: tuple[float, float, float], centres: Sequence[tuple[float, float]], lines: int = 4_000
) -> float:
    """Area common to three circles, by summing the common chord over horizontal lines."""
    low = max(c[1] - r for c, r in zip(centres, radii, strict=True))
    high = min(c[1] + r for c, r in zip(centres, radii, strict=True))
    if high <= low:
        return 0.0
    step, area = (high - low) / lines, 0.0
    for k in range(lines):
        y = low + (k + 0.5) * step
        halves = [
            sqrt(max(r * r - (y - c[1]) ** 2, 0.0)) for c, r in zip(centres, radii, strict=True)
        ]
        left = max(c[0] - h for c, h in zip(centres, halves, strict=True))
        right = min(c[0] + h for c, h in zip(centres, halves, strict=True))
        area += max(0.0, right - left) * step
    return area
