"""The toolkit as a practitioner meets it: a page without a violation, a tagged A4 paper, plain words."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pypdf
import pytest
from tests.browsing import fits, new_page, violations

from threecircles.definitions import load
from threecircles.disclosure.document import Items, Paragraph
from threecircles.disclosure.toolkit import AUDIENCES, StudyWords, toolkit, toolkit_document
from threecircles.report.document import write_html, write_pdf

EVERY = [None, *AUDIENCES]


@pytest.fixture(scope="module")
def words():
    return load("ethics/demonstration_study", StudyWords)


@pytest.mark.browser
def test_the_page_of_each_audience_has_no_violation_and_reflows(browser, words, tmp_path):
    """disclosure A18: the page that the command writes, axe 0 at 1280 and 320 pixels."""
    page = new_page(browser)
    for audience in EVERY:
        path = tmp_path / f"{audience}.html"
        path.write_text(write_html(toolkit_document(words, audience)), encoding="utf-8")
        page.goto(path.as_uri())
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert violations(page) == [], audience
            assert fits(page), (audience, width)
    page.context.close()


def tags(node, found):
    "Structure types of a tagged document, in reading order."
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for child in node:
            tags(child, found)
    elif isinstance(node, dict):
        if "/S" in node:
            found.append(str(node["/S"]))
        if "/K" in node:
            tags(node["/K"], found)
    return found


@pytest.mark.parametrize("audience", EVERY)
def test_the_paper_of_each_audience_is_tagged_as_pdf_ua_asks(words, tmp_path, audience):
    """disclosure A18: PDF/UA-1 (ISO 14289-1): marked, language, title shown, tab order, headings, tables, fonts.

    Typst is told to hold the standard and refuses a document that breaks it; what is read here is the file.
    """
    paper = pypdf.PdfReader(write_pdf(toolkit_document(words, audience), tmp_path / "t.pdf"))
    root = paper.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] and paper.metadata.title
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    order = tags(root["/StructTreeRoot"], [])
    counts = Counter(order)
    levels = [int(t[2:]) for t in order if re.fullmatch(r"/H\d", t)]
    assert counts["/H1"] == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert counts["/TH"] and counts["/L"] and counts["/LI"] == counts["/LBody"]
    for page in paper.pages:
        assert page["/Tabs"] == "/S" and [round(x) for x in page.mediabox[2:]] == [595, 842]
        for font in page["/Resources"]["/Font"].values():
            inner = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert "/ToUnicode" in font and any(k.startswith("/FontFile") for k in inner)


def syllables(word):
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    return max(1, groups - (word.lower().endswith("e") and groups > 1))


@pytest.mark.parametrize("audience", EVERY)
def test_it_can_be_read_at_fourteen(words, audience):
    """disclosure A18, section 2: Flesch-Kincaid grade at most 9.5, about 14 years."""
    parts = toolkit_document(words, audience).parts
    texts = [t for p in parts if isinstance(p, Paragraph) for t in (p.text,)]
    texts += [t for p in parts if isinstance(p, Items) for t in p.items]
    said = [s for t in texts for s in re.split(r"(?<=[.?!:])\s+", t) if len(s.split()) > 3]
    every = [w for s in said for w in re.findall(r"[A-Za-z]+", s)]
    grade = 0.39 * len(every) / len(said) + 11.8 * sum(map(syllables, every)) / len(every) - 15.59
    assert len(said) > 40 and grade <= 9.5, round(grade, 1)
    assert max(len(s.split()) for s in said) <= 30


def test_each_question_stands_on_the_paper_of_those_it_is_for(words):
    """disclosure A18: five moments, each audience its own questions."""
    for audience in AUDIENCES:
        text = toolkit_document(words, audience).text()
        for question in toolkit().questions:
            assert (question.question in text) is (audience in question.for_), question.id
