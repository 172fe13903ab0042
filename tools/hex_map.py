"""Place one hexagon for each authority of England: without it large counties would drown small boroughs.

Run by hand when authorities change: python tools/hex_map.py BOUNDARIES.geojson > .../hex_map.csv
Positions are the assignment of authorities to cells with the least sum of squared distances from
their centroids, so that equal boundaries give equal positions.
"""

from __future__ import annotations

import csv
import json
import sys
from math import cos, radians, sqrt
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

SPACING = 27.0
"""Kilometres between the centres of two cells: 153 of them cover about England's land."""
SOURCE = "Office for National Statistics, counties and unitary authorities 2023; positions by tools/hex_map.py"


def centroid(geometry: dict) -> tuple[float, float]:
    """Centre of the largest ring, in kilometres east and north of 53 N, 2 W."""
    rings = (
        geometry["coordinates"]
        if geometry["type"] == "Polygon"
        else [r for p in geometry["coordinates"] for r in p]
    )
    best, area = (0.0, 0.0), 0.0
    for ring in rings:
        x = [(p[0] + 2) * 111.32 * cos(radians(53)) for p in ring]
        y = [(p[1] - 53) * 111.32 for p in ring]
        cross = [a * d - b * c for a, b, c, d in zip(x, x[1:], y, y[1:], strict=False)]
        size = sum(cross) / 2
        if abs(size) > area:
            area = abs(size)
            pairs = list(zip(x, x[1:], y, y[1:], cross, strict=False))
            best = (
                sum((a + b) * k for a, b, _, _, k in pairs) / (6 * size),
                sum((c + d) * k for _, _, c, d, k in pairs) / (6 * size),
            )
    return best


def cells(points: np.ndarray) -> list[tuple[int, int, float, float]]:
    """Column, row and place of every cell of the grid around the points; odd rows are shifted by half."""
    high = SPACING * sqrt(3) / 2
    low, top = points.min(axis=0) - 4 * SPACING, points.max(axis=0) + 4 * SPACING
    rows = range(int((top[1] - low[1]) / high))
    columns = range(int((top[0] - low[0]) / SPACING))
    return [
        (c, r, low[0] + (c + 0.5 * (r % 2)) * SPACING, top[1] - r * high)
        for r in rows
        for c in columns
    ]


def short_names(names: list[str]) -> list[str]:
    """Three letters for each name, each once: its first letter and the earliest two that are still free."""
    given: list[str] = []
    for name in names:
        letters = [c for c in name.upper() if c.isalpha()]
        pairs = [(i, j) for i in range(1, len(letters)) for j in range(i + 1, len(letters))]
        tries = (letters[0] + letters[i] + letters[j] for i, j in pairs)
        given.append(next(t for t in tries if t not in given))
    return given


def main() -> None:
    """Write area, name, short, column and row as CSV to standard output."""
    features = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["features"]
    features = sorted(features, key=lambda f: f["properties"]["CTYUA23CD"])
    points = np.array([centroid(f["geometry"]) for f in features])
    grid = cells(points)
    places = np.array([(x, y) for _, _, x, y in grid])
    cost = ((points[:, None, :] - places[None, :, :]) ** 2).sum(axis=2).round(6)
    _, chosen = linear_sum_assignment(cost)
    left = min(grid[k][0] for k in chosen)
    top = min(grid[k][1] for k in chosen)
    top -= top % 2  # keeps odd rows odd
    names = [f["properties"]["CTYUA23NM"] for f in features]
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["area", "name", "short", "column", "row", "source"])
    for feature, name, short, k in zip(features, names, short_names(names), chosen, strict=True):
        out.writerow(
            [
                feature["properties"]["CTYUA23CD"],
                name,
                short,
                grid[k][0] - left,
                grid[k][1] - top,
                SOURCE,
            ]
        )


if __name__ == "__main__":
    main()
