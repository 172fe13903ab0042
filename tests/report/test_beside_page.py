"""Answers and records side by side on the page Need: drawn, in words, and hidden where few (report 2)."""

import re
from datetime import date

import pytest
from tests.need.made_up import many
from tests.need.test_beside import told, with_records

from threecircles.disclosure.release import protect
from threecircles.report.beside_bars import Pair, beside_bars
from threecircles.report.context import Context
from threecircles.report.model import Figure, Findings, Table, Text, Value
from threecircles.report.pages import need
from threecircles.report.pages.beside import TABLE, beside_blocks
from threecircles.report.released import released

CONTEXT = Context(place="Made-up", la_code="E1", period="y", made_on=date(2026, 4, 1))


@pytest.fixture(scope="module")
def tables():
    return released(protect(list(told(with_records(many(1500))).values())))


def share(number, **more):
    return Value(number=number, kind="percent", n=2000, **more)


def boxes(svg):
    return [
        (float(x), float(w), fill)
        for x, w, fill in re.findall(
            r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="18" fill="(#\w+)"', svg.text
        )
    ]


def test_bars_overlap_by_the_pupils_in_both():
    """report 2: side by side, and where they disagree: 20 say so, 12 are on record, 5 both."""
    svg = beside_bars("x", "t", "d", [Pair("Learning", share(0.20), share(0.12), share(0.05))])
    said, both, held, again = boxes(svg)
    per = said[1] / 0.20
    assert held[1] == pytest.approx(0.12 * per, abs=0.1)
    assert both[1] == again[1] == pytest.approx(0.05 * per, abs=0.1)
    assert both[0] == again[0] == held[0]
    assert both[0] + both[1] == pytest.approx(said[0] + said[1], abs=0.1)


def test_a_hidden_overlap_is_not_drawn_and_both_bars_begin_at_nought():
    hidden = Value(number=None, symbol="[c]", kind="percent")
    svg = beside_bars("x", "t", "d", [Pair("Learning", share(0.20), share(0.12), hidden)])
    assert len(boxes(svg)) == 2 and len({x for x, _, _ in boxes(svg)}) == 1
    gone = beside_bars("x", "t", "d", [Pair("Learning", share(0.20), hidden, hidden)])
    assert len(boxes(gone)) == 1 and "[c] on record" in gone.text
    assert beside_bars("x", "t", "d", [Pair("Learning", hidden, hidden, hidden)]).text == ""


def test_the_page_says_what_is_on_record_of_those_who_say_so_and_what_no_record_tells(tables):
    """report 2."""
    blocks = beside_blocks(tables)
    findings = next(b for b in blocks if isinstance(b, Findings))
    first = findings.findings[0]
    there = tables[TABLE].value("recorded_of_answers", construct="cognitive")
    assert any(f"of 100 pupils who say so, {round(100 * there.number)} have this on record" in f.sentence
               for f in findings.findings)  # fmt: skip
    assert first.values[0].cell[0] == TABLE
    words = " ".join(next(b for b in blocks if isinstance(b, Text)).paragraphs)
    assert "No record tells of these" in words and "no friends to turn to" in words


def test_drawn_and_listed_are_the_same_figures(tables):
    """report A6."""
    figure = next(b for b in beside_blocks(tables) if isinstance(b, Figure))
    listed = {c.cell for row in figure.table.rows for c in row if isinstance(c, Value)}
    assert figure.drawn and {v.cell for _, v in figure.drawn} <= listed
    assert len(figure.desc.split()) <= 60


def test_the_need_page_holds_the_two_beside_each_other_only_where_they_were_measured(tables):
    page = need.page(tables, CONTEXT)
    assert any(isinstance(b, Figure) and b.id == TABLE for b in page.blocks)
    assert any(isinstance(b, Table) and b.id == "need-beside-apart" for b in page.blocks)
    assert beside_blocks(released([])) == []


def test_an_anonymous_survey_has_no_bar_of_both_and_no_finding():
    """need N3."""
    pupils = [p | {"consent": 0} for p in with_records(many(900))]
    blocks = beside_blocks(released(protect(list(told(pupils).values()))))
    assert not any(isinstance(b, Findings) for b in blocks)
    figure = next(b for b in blocks if isinstance(b, Figure))
    assert "Both" not in figure.svg.text
    assert [c.id for c in figure.table.columns if not c.id.endswith("interval")] == [
        "construct", "share", "recorded_on_roll", "n",
    ]  # fmt: skip
