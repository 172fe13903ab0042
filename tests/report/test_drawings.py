"""Drawings: one image for a screen reader, nothing from elsewhere, equal bytes for equal input."""

import json
import re

import pytest

from threecircles.report.altair_charts import bars, columns, dots, funnel, multiples, svg_of
from threecircles.report.circles import CircleWords, Share, circles
from threecircles.report.hex_map import cells, hex_map
from threecircles.report.maps import areas_of, choropleth, class_of, classes_of
from threecircles.report.sankey import Flow, sankey
from threecircles.report.svg import Svg, label, tag
from threecircles.report.words import plain

ROWS = [
    {"label": n, "panel": "p", "value": v, "low": v * 0.9, "high": v * 1.1, "role": r, "text": "x", "n": 100 + 9 * v,
     "low95": 0.1, "high95": 0.3, "low998": 0.05, "high998": 0.4}
    for n, v, r in (("A <b>", 0.2, "self"), ("B", 0.3, "other"))
]  # fmt: skip
CHARTS = {
    "bars": lambda: bars(ROWS, "Share", True),
    "dots": lambda: dots(ROWS, "Rate"),
    "columns": lambda: columns(ROWS, "x", "y"),
    "multiples": lambda: multiples(ROWS, "Share", True),
    "funnel": lambda: funnel(ROWS, "Children", "Share"),
}
SAID = CircleWords(
    ("24 in 100", "need"), ("10 in 100", "contact"), ("6 in 100", "both"), ("100", "all")
)


def drawn_circles():
    return circles("c", Share(0.24, 0.22, 0.26), Share(0.10), 0.06, SAID, "Title", "Description")


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_is_one_image_with_title_and_description(kind):
    """A6 and section 3: no inner roles, no script, no outlines of text, ids with the figure's own."""
    text = svg_of(CHARTS[kind](), "fig", "Title", "Description").text
    assert text.count('role="') == 1
    assert text.count("aria-") == 1
    assert '<title id="fig-title">Title</title>' in text
    assert '<desc id="fig-desc">Description</desc>' in text
    for word in ("<script", "style=", "href=", "graphics-"):
        assert word not in text
    assert "<text" in text
    assert all(i.startswith("fig-") for i in re.findall(r' id="([^"]*)"', text))


@pytest.mark.parametrize("kind", CHARTS)
def test_equal_charts_have_equal_bytes(kind):
    """A7 and section 3"""
    assert svg_of(CHARTS[kind](), "f", "t", "d") == svg_of(CHARTS[kind](), "f", "t", "d")


def test_text_of_data_cannot_become_markup():
    text = svg_of(CHARTS["bars"](), "f", "a < b", "c & d").text
    assert "<b>" not in text
    assert "a &lt; b" in text
    assert tag("text", label(0, 0, "<script>")).count("<script") == 0


def test_circles_have_the_known_radii_on_one_scale():
    """A7: need, service and ground are drawn at r = sqrt(share / pi) of one scale."""
    text = drawn_circles().text
    ground = 226.0
    radii = {float(r) for r in re.findall(r' r="([\d.]+)"', text)}
    for share in (0.24, 0.10, 0.22, 0.26):
        assert any(r == pytest.approx(ground * share**0.5, abs=0.01) for r in radii), share
    assert drawn_circles() == drawn_circles()


def test_circles_are_told_apart_without_colour():
    """Section 4: hatched need, dotted service, dashed ends of intervals."""
    text = drawn_circles().text
    assert 'fill="url(#c-hatch)"' in text
    assert 'stroke-dasharray="0.1 7"' in text
    assert text.count('stroke-dasharray="5 4"') == 2


def test_a_flow_is_as_wide_as_its_number():
    flows = [Flow(0, "a", "a", 30), Flow(0, "a", "b", 10)]
    text = sankey("s", ["From", "To"], ["a", "b"], {}, flows, "t", "d").text
    widths = [float(w) for w in re.findall(r'stroke-width="([\d.]+)" stroke-opacity', text)]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.01)


def test_map_classes_come_from_values_and_say_their_ends():
    classes = classes_of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0], plain)
    assert len(classes) == 5
    assert classes[-1].words == "9 to 10"
    assert class_of(1.0, classes) == 0
    assert class_of(10.0, classes) == 4


def test_ends_of_classes_never_read_alike():
    words = [
        c.words for c in classes_of([0.221, 0.222, 0.223, 0.224, 0.225], lambda x, d: f"{x:.{d}f}")
    ]
    assert len(set(words)) == len(words)


def test_areas_without_a_value_are_crossed_out(tmp_path):
    square = [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]
    features = [
        {
            "type": "Feature",
            "properties": {"code": c},
            "geometry": {"type": "Polygon", "coordinates": square},
        }
        for c in ("A", "B")
    ]
    areas, height = areas_of(json.loads(json.dumps({"features": features})), "code")
    svg = choropleth("m", areas, height, {"A": 1.0, "B": None}, classes_of([1.0], plain), "t", "d")
    assert svg.text.count("url(#m-cross)") == 2  # the area and the key
    assert "Hidden" in svg.text


def test_england_has_one_hexagon_for_each_authority_and_each_letters_once():
    """Positions are a definition: 153 authorities, no two in one place."""
    assert len(cells()) == 153
    assert len({(c.column, c.row) for c in cells()}) == 153
    assert len({c.short for c in cells()}) == 153
    svg = hex_map("h", {c.area: 1.0 for c in cells()}, classes_of([1.0], plain), "t", "d")
    assert isinstance(svg, Svg)
    assert svg.text.count("<path") >= 153
