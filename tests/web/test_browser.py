"""Every page in a browser: accessibility, keyboard, reflow, weight, and nothing from elsewhere.

Debian's chromium, driven by playwright; the accessibility rules are axe-core's, from npm.
"""

import os

import pytest
from tests.browsing import ROOT, fits, new_page, violations

pytestmark = pytest.mark.browser

PAGES = (
    "index", "need", "services", "spend", "places", "neighbours", "quality", "linkage", "gaps",
    "methods", "downloads", "a-to-z", "accessibility", "lineage/circles-place",
)  # fmt: skip
WORK = ("check", "status", "nowhere")
HEAVIEST = 200_000


@pytest.fixture
def open_page(browser, address):
    """Opens a path at a width; every request that leaves this machine fails the test."""
    opened = []

    def open_it(path, width=1280, height=900, **options):
        page = new_page(browser, viewport={"width": width, "height": height}, **options)
        opened.append(page)
        page.goto(f"{address}/{path}")
        return page

    yield open_it
    for page in opened:
        page.context.close()
        assert [u for u in page.asked if not u.startswith((address, "data:"))] == []


@pytest.mark.parametrize("path", [*(f"{p}.html" for p in PAGES), *WORK])
def test_every_page_has_no_accessibility_violation_and_reflows(open_page, path):
    """A1, A3, A5: zero violations of any impact; no sideways scroll of the page; nothing from elsewhere."""
    page = open_page(path)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == []
        assert fits(page)


@pytest.mark.parametrize("path", ["index.html", "need.html", "places.html", "services.html"])
def test_forced_colours_keep_every_page_free_of_violations(open_page, path):
    """A1: in forced-colours mode."""
    assert violations(open_page(path, forced_colors="active")) == []


@pytest.mark.parametrize("path", [f"{p}.html" for p in PAGES])
def test_every_page_is_light(open_page, address, path):
    """A15: at most 200 kB on the wire, ten requests and 3,000 elements."""
    page = open_page(path)
    sizes = page.evaluate(
        "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource')).map(e => e.transferSize)"
    )
    assert len(sizes) <= 10
    assert sum(sizes) <= HEAVIEST
    assert page.evaluate("document.querySelectorAll('*').length") <= 3_000


def test_the_first_stop_is_the_skip_link_and_every_stop_is_seen(open_page):
    """A2: Tab reaches every link and region in order, with a visible focus; nothing is a trap."""
    page = open_page("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], summary, button, input, select, [tabindex=\"0\"]')].filter(e => e.checkVisibility()).length"
    )
    seen = 0
    for _ in range(wanted + 5):
        shown = page.evaluate(
            """() => { const e = document.activeElement; if (e === document.body) return null;
            const s = getComputedStyle(e), b = e.getBoundingClientRect();
            return [s.outlineStyle !== 'none' || s.boxShadow !== 'none' || s.backgroundColor !== 'rgba(0, 0, 0, 0)',
                    b.width > 0 && b.height > 0, b.top >= 0 && b.bottom <= innerHeight + 1 || b.height > innerHeight] }"""
        )
        if shown is None:
            break
        assert shown == [True, True, True]
        seen += 1
        page.keyboard.press("Tab")
    assert seen == wanted


def test_the_skip_link_moves_to_the_main_content(open_page):
    """A2"""
    page = open_page("need.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")


def test_a_table_opens_by_keyboard_and_all_open_in_print(open_page):
    """A2, A3: Enter opens the table below a figure; print shows every table."""
    page = open_page("need.html")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details table").first.is_visible()
    page.emulate_media(media="print")
    heights = page.evaluate(
        "[...document.querySelectorAll('details table')].map(t => t.getBoundingClientRect().height)"
    )
    assert heights and all(h > 0 for h in heights)


def test_pages_are_the_same_without_javascript(open_page):
    """A4: the same cells with scripts off."""
    cells = "[...document.querySelectorAll('td, th')].map(c => c.textContent.trim())"
    with_scripts = open_page("need.html").evaluate(cells)
    without = open_page("need.html", java_script_enabled=False)
    told = without.locator("td, th").all_text_contents()
    assert [t.strip() for t in told] == with_scripts


def test_text_at_twice_the_size_is_not_cut(open_page):
    """A3: 200% text leaves no clipped text in the page's own parts."""
    page = open_page("index.html")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert fits(page)


def test_the_first_screen_shows_circles_figures_and_what_is_not_known(open_page):
    """A21: at 1280 x 900 without scrolling."""
    page = open_page("index.html")
    for chosen in (".tc-lead .tc-drawing", ".tc-lead .tc-key >> nth=2", ".tc-unknown"):
        box = page.locator(chosen).bounding_box()
        assert box["y"] + box["height"] <= 900, (chosen, box)


def test_a_reader_finds_the_figure_of_their_ward_in_four_clicks(open_page):
    """A20: from the overview, by links and tables alone."""
    page, clicks = open_page("index.html"), 0
    for chosen in (".tc-nav >> text=Places", "summary >> nth=0"):
        page.click(chosen)
        clicks += 1
    row = page.locator("details[open] tbody tr", has_text="Ward").first
    row.wait_for(state="visible")
    assert clicks <= 4 and any(c.isdigit() for c in row.locator("td").first.inner_text())


def test_targets_are_large_enough(open_page):
    """WCAG 2.5.8: 24 by 24 pixels for each link of the navigation and below figures."""
    page = open_page("need.html")
    small = page.evaluate(
        """() => [...document.querySelectorAll('.tc-source a, .tc-nav a, summary')]
        .map(e => e.getBoundingClientRect()).filter(b => b.height < 24 || b.width < 24).length"""
    )
    assert small == 0


def test_the_navigation_stands_on_one_line_of_a_wide_screen(open_page):
    page = open_page("index.html")
    tops = page.locator(".tc-nav li").evaluate_all("es => es.map(e => e.offsetTop)")
    assert len(tops) > 10 and len(set(tops)) == 1


@pytest.mark.parametrize("path", ["index", "need", "services", "neighbours", "places"])
def test_pictures_of_the_manual_are_made_here(open_page, path):
    """The pictures in docs/images come from this test, so they cannot lie."""
    target = ROOT / "docs" / "images" / f"{path.replace('index', 'overview')}.png"
    if os.environ.get("THREECIRCLES_PICTURES") != "1" and target.exists():
        pytest.skip("pictures are made anew with THREECIRCLES_PICTURES=1")
    target.parent.mkdir(parents=True, exist_ok=True)
    open_page(f"{path}.html").screenshot(path=target)
    assert target.stat().st_size > 10_000
