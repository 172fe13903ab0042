"""The trend drawn: without it a reader would have to see a line in a table of numbers."""

from __future__ import annotations

from datetime import date
from math import floor

import polars as pl
from markupsafe import Markup, escape

from threecircles.quality.fit_words import percent
from threecircles.quality.trend import checks

WIDE, HIGH, LEFT, TOP = 230, 120, 44, 26
STEP = 20
"""The scale begins at a twentieth below the lowest end of an interval, so that what is near all can be told apart."""


def trend_chart(trend: pl.DataFrame) -> Markup:
    """One panel a dimension: a dot a check with its 95% interval, joined by a line; empty for a single check.

    All panels share one scale, so that they may be compared. The same figures stand in a table beside it.
    """
    scored = trend.filter(pl.col("kind") == "score")
    at = {check: place for place, check in enumerate(checks(scored))}
    if len(at) < 2:
        return Markup("")
    least = floor(float(scored["low"].min() or 0) * STEP) / STEP  # type: ignore[arg-type]
    panels = [
        _panel(scored.filter(pl.col("name") == name), name, at, least)
        for name in sorted(scored["name"].unique().to_list())
    ]
    return Markup('<div style="display:flex;flex-wrap:wrap;gap:.5rem">{}</div>').format(
        Markup("").join(panels)
    )


def _panel(lines: pl.DataFrame, name: str, at: dict[tuple[int, date], int], least: float) -> Markup:
    across, down = WIDE - LEFT - 20, HIGH - TOP - 16

    def x(place: int) -> float:
        return LEFT + across * place / (len(at) - 1)

    def y(share: float) -> float:
        return TOP + down * (1 - (share - least) / (1 - least or 1))

    points = [
        (x(at[row["year"], row["day"]]), row["share"], row["low"], row["high"])
        for row in lines.iter_rows(named=True)
    ]
    drawn = [f'<text x="{LEFT}" y="14" font-weight="bold">{escape(name.capitalize())}</text>']
    for share in (least, 1.0):
        drawn.append(
            f'<line x1="{LEFT}" x2="{LEFT + across}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#b1b4b6"/>'
            f'<text x="{LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{percent(share)}</text>'
        )
    path = " ".join(f"{px:.1f},{y(share):.1f}" for px, share, _, _ in points)
    drawn.append(f'<polyline points="{path}" fill="none" stroke="#1d70b8" stroke-width="2"/>')
    for px, share, low, high in points:
        drawn.append(
            f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}" stroke="#0b0c0c"/>'
            f'<circle cx="{px:.1f}" cy="{y(share):.1f}" r="3.5" fill="#1d70b8"/>'
        )
    first, last = points[0][1], points[-1][1]
    told = f"{name.capitalize()} at {len(points)} checks: {percent(first)} at the first, {percent(last)} at the last."
    return Markup(
        f'<svg role="img" aria-label="{escape(told)}" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" '
        f'font-family="Arial, sans-serif" font-size="12">{"".join(drawn)}</svg>'
    )
