"""Strips of many indicators: words above their own strip, readable on a narrow screen (report A3, spine S9)."""

import re

from threecircles.report.strips import LEFT, RIGHT, WIDTH, Strip, strips

LONG = "Children aged 0 to 15 living in England's poorest fifth of areas, told in more words than a line can hold"


def strip(words, unit="% of children, 2025", own=5.0):
    return Strip(
        words, unit, 0.0, 10.0, "0.0", "10.0", own, f"{own:.1f}", (1.0, 2.0, 9.0), 3.0, 4.0
    )


def tops(svg):
    return [float(y) for y in re.findall(r'transform="translate\(0 ([\d.]+)\)"', svg.text)]


def test_words_and_unit_share_a_line_where_they_fit_and_take_more_room_where_not():
    drawn = strips("x", [strip("Children in low-income families"), strip(LONG), strip("Suspensions")], "t", "d")  # fmt: skip
    first, second, third = tops(drawn)
    assert third - second > second - first, "the long one is taller"
    assert drawn.text.count("<tspan") == 3
    lines = [float(y) for y in re.findall(r'<text x="0" y="([\d.]+)"', drawn.text)]
    assert lines == [14, 14, 32, 50, 14]


def test_every_strip_begins_near_the_left_so_that_marks_stand_on_a_narrow_screen():
    """S9: at 320 pixels a drawing is 560 wide and scrolls; marks beside long words stood outside of it."""
    assert LEFT < 0.1 * WIDTH and RIGHT - LEFT > 0.75 * WIDTH
    drawn = strips("x", [strip("Suspensions", own=0.0)], "t", "d").text
    assert f"M{LEFT:.1f} 37.0" in drawn, "the lowest authority stands at the left end"
    sizes = {float(s) for s in re.findall(r'font-size="([\d.]+)"', drawn)}
    # Text of 13 units is drawn in 10.7 pixels where the drawing is at its narrowest.
    assert min(sizes) * 560 / WIDTH > 10
