"""Conditions held together, drawn as sets of dots under bars, and unknown apart (need 7, report 2)."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from threecircles.disclosure.release import protect
from threecircles.need.combine import combination_tables
from threecircles.need.conditions import combinations_definition
from threecircles.report.context import Context
from threecircles.report.html import page_html
from threecircles.report.model import Figure, Nothing, Pack, Table, Value
from threecircles.report.pack import make_pack
from threecircles.report.pages import need, several
from threecircles.report.released import released
from threecircles.report.upset import Meeting, upset

CONTEXT = Context(place="Made-up", la_code="E1", period="y", made_on=date(2026, 4, 1))
DEFINITION = combinations_definition()
IDS = [c.id for c in DEFINITION.conditions]
HELD = {
    (): 4000, ("sen",): 300, ("absent",): 210, ("sen", "absent"): 160, ("cin",): 90, ("cin", "sen", "absent"): 60,
    ("cin", "domestic_abuse"): 30, ("cla", "youth_justice"): 3, ("early_help",): 80,
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    """Every child's answers, unknown wherever the school tells nothing of the youngest."""
    rows = []
    for held, children in HELD.items():
        for k in range(children):
            row = {c: "yes" if c in held else "no" for c in IDS}
            row |= {"young_carer": "unknown"} if k % 4 == 0 and "young_carer" not in held else {}
            rows.append(row)
    made = combination_tables(pl.DataFrame(rows), DEFINITION, "y")
    return released(protect(made))


def test_the_largest_sets_are_drawn_with_a_dot_for_each_condition_and_no_hidden_set(tables):
    """need 7: an upset plot with its table; what disclosure hid is neither drawn nor named in it."""
    page = several.page(tables, CONTEXT)
    figure = next(b for b in page.blocks if isinstance(b, Figure) and b.id == "several-sets")
    shown = [v.number for _, v in figure.drawn]
    assert shown == sorted(shown, reverse=True) and shown[0] == 300
    below = {c.cell for row in figure.table.rows for c in row if isinstance(c, Value)}
    assert {v.cell for _, v in figure.drawn} <= below
    assert "Looked after" not in figure.desc and "Looked after" not in figure.svg.text
    assert not any("Looked after" in str(row[0]) for row in figure.table.rows)
    assert len(figure.desc.split()) <= 60
    hidden = [
        c for c in tables["combinations"].categories("set")
        if (v := tables["combinations"].value("children", set=c)) and not v.known
    ]  # fmt: skip
    assert "cla youth_justice" in hidden
    assert f"{len(hidden)} sets hold too few" in figure.caveats[0]


def test_dots_and_bars_stand_where_the_sets_say():
    rows = [("a", "First"), ("b", "Second"), ("c", "Third"), ("d", "In none")]
    drawn = upset(
        "x", "t", "d", rows, [Meeting(frozenset("ab"), 40, "40"), Meeting(frozenset("c"), 10, "10")]
    )
    text = drawn.text
    assert text.count('r="7"') == 3 and text.count('r="4"') == 3
    assert text.count("<line") == 1
    heights = [float(part.split('"')[0]) for part in text.split('height="')[1:]]
    bars = [h for h in heights if h not in (28.0,)]
    assert np.isclose(bars[0] / bars[1], 4)
    assert "Second" in text and "In none" not in text
    assert upset("x", "t", "d", rows, []).text == ""


def test_what_no_source_tells_is_a_range_and_is_never_called_an_interval(tables):
    """report 2: how many hold several at once, unknown apart: least and most stand beside the count."""
    for page in (several.page(tables, CONTEXT), need.page(tables, CONTEXT)):
        figure = next(
            b
            for b in page.blocks
            if isinstance(b, Figure) and b.id.endswith(("-number", "-several"))
        )
        assert "At least and at most" in figure.table.columns[2].label
        assert [k for k, _ in figure.drawn] == ["One", "Three or more"]
        three = figure.drawn[-1][1]
        assert (three.number, three.low) == (60, 60) and three.high > 60
        told = {row[0]: row for row in figure.table.rows}
        assert set(told) == {"None", "One", "Two", "Three or more"}
        # The three children of one set of two would come back from the sum of such sets.
        assert told["Two"][1].symbol == "[c]" and told["Two"][2] == "[c]"


def test_pairs_stand_beside_what_chance_would_bring(tables):
    page = several.page(tables, CONTEXT)
    table = next(b for b in page.blocks if isinstance(b, Table) and b.id == "several-pairs")
    ids = [c.id for c in table.columns]
    assert ids == ["first", "second", "children", "expected", "ratio", "ratio_interval"]
    row = next(
        r for r in table.rows if r[0].startswith("Support") and r[1] == "Persistently absent"
    )
    n = sum(HELD.values())
    sen = sum(k for held, k in HELD.items() if "sen" in held)
    absent = sum(k for held, k in HELD.items() if "absent" in held)
    both = sum(k for held, k in HELD.items() if {"sen", "absent"} <= set(held))
    assert row[2].number == both
    assert row[4].number == pytest.approx(both / (sen * absent / n))
    assert " to " in row[5]


def test_the_page_is_in_the_pack_and_without_sources_says_what_is_missing(tables):
    assert isinstance(several.page(released([]), CONTEXT).blocks[0], Nothing)
    pack = make_pack([t.safe for t in tables.values()], CONTEXT)
    assert isinstance(pack, Pack)
    page = next(p for p in pack.pages if p.slug == several.SLUG)
    html = page_html(pack, page)
    assert html.count('role="img"') == 2
