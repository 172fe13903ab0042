"""The page of a check as people open it: on a wide screen, on a narrow one, with the keyboard, read aloud."""

import pytest
from tests.browsing import WIDTHS, new_page, violations

from threecircles.quality import check_tables
from threecircles.quality.outputs_html import report_html
from threecircles.quality.stored import findings_table
from threecircles.quality.summary import summarise


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    from tests.quality.conftest import tiny_cin

    told = check_tables("cin", 2026, tiny_cin())
    table = findings_table(told)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_html(told, table, summarise(told, table)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1280, 320])
def test_the_report_has_no_barrier_and_every_word_fits_the_screen(browser, page_file, width):
    """quality section 5: accessible tables; the first screen can be read on a telephone without sideways scrolling."""
    page = new_page(browser, viewport={"width": width, "height": 900})
    page.goto(page_file.as_uri())
    assert violations(page) == []
    whole, seen = page.evaluate(WIDTHS)
    assert whole <= seen
    tables = page.locator("table.words")
    assert tables.count() == 2
    for n in range(tables.count()):
        box = tables.nth(n).bounding_box()
        assert box["x"] + box["width"] <= width
        assert tables.nth(n).evaluate("t => t.scrollWidth <= t.clientWidth + 1")
    assert page.get_by_role("columnheader", name="What to do").count() == 1
