"""England's authorities from published files alone: every authority has its page, none is lost by name."""

import pytest

from threecircles.disclosure.release import protect
from threecircles.need.england import england
from threecircles.report.england import england_pack
from threecircles.report.html import big, page_html
from threecircles.report.model import Keyfigures
from threecircles.report.released import released

pytestmark = [pytest.mark.reference, pytest.mark.slow]  # the whole comparison takes half a minute


@pytest.fixture(scope="module")
def whole(reference_data):
    """The pack of the comparison."""
    return england_pack(released(protect(england(reference_data()))))


def key_figures(page):
    return {k.words: k for b in page.blocks if isinstance(b, Keyfigures) for k in b.figures}


def test_england_shows_the_published_totals(whole):
    """S5: 402,400 children in need, 81,770 looked after, 15.1 billion pounds."""
    told = {
        words.partition(",")[0]: big(k.value) for words, k in key_figures(whole.pages[0]).items()
    }
    assert told["children in need"] == "402,400"
    assert told["children looked after"] == "81,770"
    assert told["net spend on children's social care"] == "£15.1 billion"


def test_each_of_153_authorities_has_a_page_with_its_ten_neighbours(whole):
    """S5: a page per authority with its ten neighbours."""
    pages = [p for p in whole.pages if p.slug.startswith("authority/")]
    assert len(pages) == 153
    for page in pages:
        neighbours = next(t for t in page.all_tables() if t.id.endswith("-neighbours"))
        assert len(neighbours.rows) == 10, page.title


def test_norfolk_pays_what_was_published(whole):
    """S5: 2,590 pounds for a week of care in 2024-25; and the page is light."""
    norfolk = next(p for p in whole.pages if p.title == "Norfolk")
    told = {words.partition(",")[0]: big(k.value) for words, k in key_figures(norfolk).items()}
    assert told["A week of care for a child looked after"] == "£2,590"
    assert told["Children in need at 31 March"] == "270.2"
    assert len(page_html(whole, norfolk).encode()) <= 120_000


def test_accounts_that_are_not_certified_are_unknown_never_nought(whole):
    """S5: three authorities are shown as such."""
    first = whole.pages[0]
    spend = next(t for t in first.all_tables() if t.id == "england-spend-per-child-areas")
    unknown = {row[0] for row in spend.rows if row[2].number is None}
    assert unknown == {"Birmingham", "Cumberland", "Slough"}
