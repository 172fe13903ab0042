"""The director's way through the pack by keyboard alone: need, circles, locality, neighbours, a table to keep (need N17)."""

import csv
import re

import pytest
from tests.browsing import fits, new_page, violations

pytestmark = pytest.mark.browser
GRADE = 9.5
"""Reading level of the pages' own words: about 14 years (report A17)."""
FOCUSED = """() => { const e = document.activeElement; if (e === document.body) return null;
    const s = getComputedStyle(e); return [e.textContent.trim().replace(/\\s+/g, ' '),
    s.outlineStyle !== 'none' || s.boxShadow !== 'none' || s.backgroundColor !== 'rgba(0, 0, 0, 0)'] }"""


def tab_to(page, words):
    """Tab until the focus stands on what begins with these words; every stop on the way shows where it is."""
    begun = False
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        # A page that has just been looked at by axe takes a press to come back to its first stop.
        assert here is not None or not begun, f"Tab left the page before: {words}"
        if here is None:
            continue
        begun = True
        assert here[1], f"no focus is seen on: {here[0]}"
        if here[0].startswith(words):
            return
    raise AssertionError(f"Tab does not reach: {words}")


def turn_to(page, words):
    """Follow a link by Enter."""
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def well_made(page):
    """No violation, no sideways scroll, and words that a person of fourteen can read."""
    assert violations(page) == [] and fits(page), page.url
    told = page.evaluate(
        "[...document.querySelectorAll('main p, main h1, main h2, main h3')].filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    sentences = [s for text in told for s in re.split(r"(?<=[.!?])\s+", text) if len(s.split()) > 3]
    words = [w for s in sentences for w in re.findall(r"[A-Za-z]+", s)]
    sounds = sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e\b", "", w.lower())))) for w in words
    )
    assert len(sentences) > 2
    grade = 0.39 * len(words) / len(sentences) + 11.8 * sounds / len(words) - 15.59
    assert grade <= GRADE, (page.url, round(grade, 1))


def test_a_director_goes_from_need_to_a_table_by_keyboard_alone(browser, address, tmp_path):
    """need N17: need -> circles -> locality -> neighbours -> table, by Tab and Enter; axe finds nothing on the way."""
    page = new_page(browser, accept_downloads=True)
    page.goto(f"{address}/index.html")
    turn_to(page, "Need")
    well_made(page)
    # The circles: the overview is named first in the list of pages.
    turn_to(page, "Overview")
    well_made(page)
    assert page.locator("svg[role=img]").first.is_visible()
    # The locality: its map, and the table behind it, opened by the keyboard.
    turn_to(page, "Places")
    well_made(page)
    tab_to(page, "The figures as a table")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    # The neighbours, and their table to keep.
    # The way on stands at the end of the page; the list at its head lies behind.
    turn_to(page, "Next Neighbours")
    assert page.url.endswith("neighbours.html")
    well_made(page)
    turn_to(page, "Downloads")
    assert violations(page) == [] and fits(page)
    tab_to(page, "Children in need")
    name = page.evaluate("document.activeElement.getAttribute('href')").split("/")[-1]
    shown = page.request.get(page.evaluate("document.activeElement.href"))
    kept = tmp_path / name
    kept.write_bytes(shown.body())
    with kept.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # The own authority, ten neighbours, the region and England.
    assert name == "neighbours-cin.csv" and len(rows) == 13
    assert {"measure", "value", "symbol"} <= set(rows[0])
    assert [u for u in page.asked if not u.startswith((address, "data:"))] == []
    page.context.close()
