"""The page for children: it can be read at nine, needs no chart, and says what nobody knows."""

import re
from dataclasses import replace

from tests.report.test_words import Prose, _syllables

from threecircles.definitions import HOME, read_csv
from threecircles.report.model import Figure, Nothing
from threecircles.report.pages import children
from threecircles.report.released import Tables


def test_the_page_can_be_read_at_nine_to_eleven(site):
    """Report 2, page 13 and A17: Flesch-Kincaid grade at most 5.5, no sentence above 20 words."""
    told = Prose((site / "children.html").read_text()).paragraphs
    text = " ".join(told[told.index(next(p for p in told if "if you are a child" in p)) :])
    sentences = [s for s in re.split(r"(?<=[.?!])\s+", text) if len(s.split()) > 2]
    words = [w for s in sentences for w in re.findall(r"[A-Za-z]+", s)]
    grade = 0.39 * len(words) / len(sentences) + 11.8 * sum(map(_syllables, words)) / len(words)
    assert grade - 15.59 <= 5.5
    assert max(len(s.split()) for s in sentences) <= 25


def test_no_drawing_is_needed_to_understand_it(pack):
    """Report 2, page 13."""
    page = next(p for p in pack.pages if p.id == "children")
    assert not [b for b in page.blocks if isinstance(b, Figure)]


def test_it_says_that_nobody_has_told_what_words_changed(pack):
    """Report 2, page 13: not known is said, never left out."""
    page = next(p for p in pack.pages if p.id == "children")
    assert any("do not know yet" in b.why for b in page.blocks if isinstance(b, Nothing))


def test_without_any_source_the_page_says_so(context):
    """A18: the page stands with nothing received."""
    page = children.page(Tables(), replace(context, place="Somewhere"))
    assert "No lists about children" in str(page.blocks)


def test_whatever_may_be_received_has_words_for_children():
    """Report 2, page 13: nothing is kept about a child that this page would pass over in silence."""
    told = {r["source_id"] for r in read_csv("report/children")}
    assert {p.stem for p in (HOME / "sources").glob("*.yaml")} <= told
