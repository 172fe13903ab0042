"""A series over months with its median and the limits of chance: without them every wobble would be news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from threecircles.report.altair_charts import BLUE, INK, Row, _axis, _data, _finish, colour
from threecircles.report.palette import palette

EVERY = 3
"""Months between two written on the axis."""


def run_chart(rows: Sequence[Row], y_title: str, lines: Mapping[str, float]) -> alt.TopLevelMixin:
    """A line of months with level lines across it.

    rows: label (the month), value; order as given, a month whose value is hidden left out by the caller.
    lines: name -> level, of the median (drawn whole) and the limits (dashed); empty where there are none.
    """
    months = [str(r["label"]) for r in rows]
    x = alt.X(
        "label:O", sort=months, title=None,
        axis=alt.Axis(labelAngle=0, values=months[::EVERY], ticks=False, labelOverlap=False),
    )  # fmt: skip
    y = alt.Y("value:Q", title=y_title, scale=alt.Scale(zero=True, nice=True), axis=_axis(False))
    base = alt.Chart()
    line = base.mark_line(color=colour(BLUE), strokeWidth=2.5).encode(x=x, y=y)
    points = base.mark_point(filled=True, size=40, color=colour(BLUE), opacity=1).encode(x=x, y=y)
    levels = [_level(name, level, y_title) for name, level in lines.items()]
    return _finish(alt.layer(*levels, line, points, data=_data(rows)), 220)


def _level(name: str, level: float, y_title: str) -> alt.LayerChart | alt.FacetChart:
    data = alt.InlineData(values=[{"level": level, "name": name}])
    dash = [1, 0] if name == "Median" else [5, 4]
    y = alt.Y("level:Q", title=y_title)
    rule = alt.Chart(data).mark_rule(color=palette().quiet, strokeDash=dash, strokeWidth=1.5)
    text = alt.Chart(data).mark_text(align="left", dx=6, fontSize=13, color=INK)
    return alt.layer(
        rule.encode(y=y), text.encode(y=y, x=alt.value("width"), text=alt.Text("name:N"))
    )
