"""Charts drawn by Altair on the server: without them a reader would compare numbers row by row.

No browser, no script: vl-convert turns the specification into SVG, and its inner `role` and `aria-*`
attributes are taken out, since they make a screen reader read each bar twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import altair as alt
from altair.utils import schemapi

from threecircles.report.palette import palette
from threecircles.report.svg import FONT, Svg

Row = Mapping[str, Any]
# Altair checks every part against a large schema as it is made; the tests do that, a reader need not wait for it.
schemapi.DEBUG_MODE = False
# For the same reason data are given to the whole drawing, not to a part (every step would copy them), and
# channels as objects, not as text (each text is looked up in the schema).

WIDTH = 600
"""Width of the drawing area, in pixels; labels come on top of it."""
INK = "#1d1d1d"
BLUE, TURQUOISE, PINK, ORANGE, GREY, PURPLE = range(6)


def colour(index: int) -> str:
    """A categorical colour."""
    return palette().categorical[index]


def svg_of(chart: alt.TopLevelMixin, figure_id: str, title: str, desc: str) -> Svg:
    """A chart as one image with a title and a description. Equal charts give equal bytes."""
    import vl_convert

    text = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    text = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", text)
    text = re.sub(r"\bclip(\d+)\b", rf"{figure_id}-clip\1", text)
    text = re.sub(r' (?:style|class)="[^"]*"', "", text)
    opening = re.match(r"<svg[^>]*>", text)
    box = re.search(r'viewBox="([^"]*)"', opening[0]) if opening else None
    if opening is None or box is None:
        raise ValueError("vl-convert gave no drawing")
    named = f"{figure_id}-title {figure_id}-desc"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box[1]}" width="{box[1].split()[2]}" role="img" '
        f'aria-labelledby="{named}" class="tc-drawing">'
        f'<title id="{figure_id}-title">{escape(title, quote=False)}</title>'
        f'<desc id="{figure_id}-desc">{escape(desc, quote=False)}</desc>'
    )
    return Svg(head + text[opening.end() :])


def dots(
    rows: Sequence[Row], x_title: str, percent: bool = False, zero: bool = False
) -> alt.TopLevelMixin:
    """Dot plot with intervals. rows: label, value, low, high, role (self, region, england, other).

    Sorted as given; self is a diamond in another colour and its label says so.
    """
    order = [r["label"] for r in rows]
    x = alt.X("value:Q", title=x_title, scale=alt.Scale(zero=zero, nice=True), axis=_axis(percent))
    own = next((str(r["label"]) for r in rows if r["role"] == "self"), "")
    y = alt.Y("label:N", sort=order, title=None, axis=_names(own))
    base = alt.Chart()
    bars = base.mark_rule(strokeWidth=2, color=palette().quiet).encode(
        x=alt.X("low:Q", title=x_title, axis=_axis(percent)), x2=alt.X2("high:Q"), y=y
    )
    roles = ["self", "region", "england", "other"]
    point = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=x,
        y=y,
        shape=alt.Shape(
            "role:N",
            scale=alt.Scale(domain=roles, range=["diamond", "square", "triangle-up", "circle"]),
            legend=None,
        ),
        color=alt.Color(
            "role:N",
            scale=alt.Scale(
                domain=roles, range=[colour(PINK), colour(TURQUOISE), colour(GREY), colour(BLUE)]
            ),
            legend=None,
        ),
    )
    layers = alt.layer(bars, point, _written(base, y), data=_data(rows))
    return _finish(layers, 26 * len(rows), order)


def bars(
    rows: Sequence[Row], x_title: str, percent: bool = False, colour_index: int = BLUE
) -> alt.TopLevelMixin:
    """Bars from nought with intervals. rows: label, value, low, high; order as given."""
    order = [r["label"] for r in rows]
    y = alt.Y("label:N", sort=order, title=None, axis=_names())
    base = alt.Chart()
    bar = base.mark_bar(color=colour(colour_index), height=18).encode(
        x=alt.X(
            "value:Q",
            title=x_title,
            scale=alt.Scale(zero=True, nice=True),
            axis=_money_axis(rows) if x_title.startswith("Pounds") else _axis(percent),
        ),
        y=y,
    )
    rule = _interval(base, y)
    layers = alt.layer(bar, rule, _written(base, y), data=_data(rows))
    return _finish(layers, 30 * len(rows), order)


def nested(rows: Sequence[Row], x_title: str) -> alt.TopLevelMixin:
    """Bars within bars from nought, each a part of the one around it. rows: label, layer (0 the widest), value, text
    (written at the end of layer 0); labels in the order given.
    """
    order = list(dict.fromkeys(r["label"] for r in rows))
    y = alt.Y("label:N", sort=order, title=None, axis=_names())
    x = alt.X("value:Q", title=x_title, scale=alt.Scale(zero=True, nice=True), axis=_axis(False))
    base = alt.Chart()
    all_, some, few = (base.transform_filter(f"datum.layer == {k}") for k in range(3))
    edge, pale = palette().ground_line, palette().ground
    layers = [
        all_.mark_bar(color=pale, stroke=edge, height=30).encode(x=x, y=y),
        some.mark_bar(color=colour(TURQUOISE), height=18).encode(x=x, y=y),
        few.mark_bar(color=colour(BLUE), height=7).encode(x=x, y=y),
    ]
    text = _written(all_, y)
    return _finish(alt.layer(*layers, text, data=_data(rows)), 44 * len(order), order)


def columns(
    rows: Sequence[Row], x_title: str, y_title: str, percent: bool = False
) -> alt.TopLevelMixin:
    """A distribution in equal steps. rows: label, value; order as given."""
    order = [r["label"] for r in rows]
    chart = (
        alt.Chart(_data(rows))
        .mark_bar(color=colour(BLUE))
        .encode(
            x=alt.X("label:N", sort=order, title=x_title, axis=alt.Axis(labelAngle=0, ticks=False)),
            y=alt.Y("value:Q", title=y_title, scale=alt.Scale(zero=True), axis=_axis(percent)),
        )
    )
    return _finish(chart, 220)


def multiples(rows: Sequence[Row], x_title: str, percent: bool = False) -> alt.TopLevelMixin:
    """Bars in panels side by side, on one scale. rows: panel, label, value, low, high; order as given."""
    labels = list(dict.fromkeys(r["label"] for r in rows))
    panels = list(dict.fromkeys(r["panel"] for r in rows))
    ends = [float(r["high"] if r.get("high") is not None else r["value"]) for r in rows]
    scale = alt.Scale(domain=[0, max(ends, default=1.0) * 1.05 or 1.0], nice=False)
    base = alt.Chart()
    y = alt.Y("label:N", sort=labels, title=None, axis=_names())
    bar = base.mark_bar(color=colour(BLUE), height=15).encode(
        x=alt.X("value:Q", title=x_title, scale=scale, axis=_axis(percent, 4)), y=y
    )
    rule = _interval(base, y)
    header = alt.Header(labelFontSize=14, labelFontWeight="bold", labelAnchor="start", title=None)
    chart = (
        alt.layer(bar, rule, data=_data(rows))
        .properties(
            width=(WIDTH - _taken(labels) - 24 * (len(panels) - 1)) // max(len(panels), 1),
            height=max(25 * len(labels), 50),
        )
        .facet(column=alt.Column("panel:N", sort=panels, header=header), spacing=24)
    )
    return _configured(chart)


def funnel(
    rows: Sequence[Row], x_title: str, y_title: str, percent: bool = True
) -> alt.TopLevelMixin:
    """Funnel plot. rows: label, n, value, low95, high95, low998, high998, role (self, other)."""
    data = _data(sorted(rows, key=lambda r: (r["n"], r["label"])))
    base = alt.Chart()
    x = alt.X("n:Q", title=x_title, scale=alt.Scale(zero=True))

    def line(column: str, dash: list[int]) -> alt.Chart:
        return base.mark_line(color=palette().quiet, strokeDash=dash, strokeWidth=1.5).encode(
            x=x, y=alt.Y(f"{column}:Q")
        )

    limits = [
        line("low95", [4, 3]),
        line("high95", [4, 3]),
        line("low998", [1, 0]),
        line("high998", [1, 0]),
    ]
    roles = ["self", "other"]
    point = base.mark_point(filled=True, opacity=0.9).encode(
        x=x,
        y=alt.Y("value:Q", title=y_title, axis=_axis(percent)),
        shape=alt.Shape(
            "role:N", scale=alt.Scale(domain=roles, range=["diamond", "circle"]), legend=None
        ),
        size=alt.Size("role:N", scale=alt.Scale(domain=roles, range=[160, 36]), legend=None),
        color=alt.Color(
            "role:N", scale=alt.Scale(domain=roles, range=[colour(PINK), colour(BLUE)]), legend=None
        ),
    )
    named = (
        base.transform_filter("datum.role == 'self'")
        .mark_text(dx=10, align="left", fontSize=14, fontWeight="bold", color=INK)
        .encode(x=x, y=alt.Y("value:Q"), text=alt.Text("label:N"))
    )
    return _finish(alt.layer(*limits, point, named, data=data), 320)


def direct_and_model(rows: Sequence[Row]) -> alt.TopLevelMixin:
    """Points of shares on equal axes with the line on which both agree. rows: label, direct, model, low, high."""
    ends = [float(r[c]) for r in rows for c in ("direct", "low", "high")]
    low, high = max(0.0, min(ends, default=0.0) - 0.02), min(1.0, max(ends, default=1.0) + 0.02)
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    base = alt.Chart(alt.InlineData(values=[dict(r) for r in rows]))
    x = alt.X("direct:Q", title="By the ward's own answers", scale=scale, axis=_axis(True))
    point = base.mark_point(filled=True, size=70, opacity=1, color=colour(BLUE)).encode(
        x=x, y=alt.Y("model:Q", title="By the model", scale=scale, axis=_axis(True))
    )
    rule = base.mark_rule(strokeWidth=1.5, color=palette().quiet).encode(
        x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
    )
    equal = alt.InlineData(values=[{"at": low}, {"at": high}])
    line = (
        alt.Chart(equal)
        .mark_line(strokeDash=[4, 3], color=colour(PINK))
        .encode(x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale))
    )
    return _configured(alt.layer(rule, line, point).properties(width=440, height=440))


def _written(base: alt.Chart, y: alt.Y) -> alt.Chart:
    """The figure in words after the end of its bar or interval; rows may carry it as `text`."""
    return base.mark_text(align="left", dx=8, fontSize=14, color=INK).encode(
        x=alt.X("end:Q"), y=y, text=alt.Text("text:N")
    )


def _interval(base: alt.Chart, y: alt.Y) -> alt.Chart:
    return base.mark_rule(strokeWidth=2, color=INK).encode(
        x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=y
    )


def _names(marked: str = "") -> alt.Axis:
    """An axis of names; the marked one in bold."""
    axis = alt.Axis(labelLimit=470, ticks=False, domain=False, labelPadding=8, grid=False)
    if marked:
        quoted = json.dumps(marked)
        axis.labelFontWeight = {
            "condition": {"test": f"datum.value === {quoted}", "value": "bold"},
            "value": "normal",
        }
    return axis


def _axis(percent: bool, ticks: int = 6) -> alt.Axis:
    return alt.Axis(format="%" if percent else ",~r", tickCount=ticks)


def _money_axis(rows: Sequence[Row]) -> alt.Axis:
    """Pounds, or millions of pounds where figures are that large: "£4m" and not 4,000,000."""
    largest = max((abs(float(r["value"] or 0.0)) for r in rows), default=0.0)
    told = "'£' + format(datum.value, ',~r')"
    if largest >= 1e6:
        told = "datum.value === 0 ? '£0' : '£' + format(datum.value / 1e6, ',~r') + 'm'"
    return alt.Axis(labelExpr=told, tickCount=6)


def _data(rows: Sequence[Row]) -> alt.InlineData:
    return alt.InlineData(values=[{"text": "", "end": _end(r), **r} for r in rows])


def _end(row: Row) -> float | None:
    return row["high"] if row.get("high") is not None else row.get("value")


def _finish(chart: Any, height: float, names: Sequence[str] = ()) -> alt.TopLevelMixin:
    return _configured(chart.properties(width=WIDTH - _taken(names), height=max(height, 60)))


def _taken(names: Sequence[str]) -> int:
    """What long names take from the drawing area, so that charts of one page are about equally wide."""
    return max(0, min(max((len(n) for n in names), default=0), 66) * 7 - 130)


def _configured(chart: Any) -> alt.TopLevelMixin:
    quiet = palette().rule
    return (
        chart.configure(font=FONT, background="white", padding=4)
        .configure_axis(
            labelFontSize=14, titleFontSize=14, labelColor=INK, titleColor=INK, titleFontWeight="normal",
            gridColor=quiet, domainColor=palette().quiet, tickColor=palette().quiet, titlePadding=10,
        )
        .configure_view(stroke=None)
    )  # fmt: skip
