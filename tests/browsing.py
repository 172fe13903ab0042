"""Chromium for every test that needs eyes: one start, one set of rules, one way of being skipped."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
PATIENCE = 60_000
"""Milliseconds a test waits for what it needs to see; a loaded machine is slow, not wrong."""


@contextmanager
def chromium():
    """Chromium, or a skip that CI counts as a failure."""
    if not CHROMIUM.exists() or not AXE.exists():
        message = "chromium or axe-core is absent: apt-get install chromium; python tools/assets.py --tests"
        if os.environ.get("THREECIRCLES_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=ARGUMENTS, timeout=2 * PATIENCE
        )
        yield started
        started.close()


def new_page(browser, **options):
    """A page of a reader of its own, 1280 by 900 pixels unless said, and a patient one.

    page.asked: every address it asked for. page.faults: errors of its scripts.
    """
    told = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
    context = browser.new_context(**told)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.asked, page.faults = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


def follow(page, choose):
    """Click what leads to another page (a link, a form's button), and wait until that page stands."""
    with page.expect_navigation():
        page.click(choose)


def until(page, holds):
    """Wait until something outside the page holds (a row in a store); fails when it never does."""
    for _ in range(PATIENCE // 100):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("what was waited for never came")


def violations(page):
    """What axe finds, as short sentences."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{v['id']}: {n['html'][:160]}" for v in found["violations"] for n in v["nodes"]]


STOPS = """() => { const names = new Set();
    return [...document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main select, main textarea, main summary, main [tabindex="0"]')]
    .filter(e => e.checkVisibility() && !(e.type === 'radio' && names.size === names.add(e.name).size)).length }"""
FOCUSED = """() => { const e = document.activeElement;
    if (e === document.body || !e.closest('main')) return null;
    const shown = e => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' || s.boxShadow !== 'none' };
    const next = e.nextElementSibling, s = next && getComputedStyle(next, '::before');
    return [e.id || e.name || e.textContent.trim(), shown(e) || !!s && (s.outlineStyle !== 'none' || s.boxShadow !== 'none')] }"""


def tab_through(page):
    """Stops of the page's main part that Tab must reach, and (name, focus is seen) of those it reaches.

    A group of radio buttons is one stop: the arrow keys reach the others.
    """
    wanted, reached = page.evaluate(STOPS), []
    for _ in range(wanted + 60):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is not None:
            reached.append(tuple(here))
        elif reached:
            break
    return wanted, reached


def fits(page):
    """Whether the page needs no sideways scroll."""
    wide, seen = page.evaluate(WIDTHS)
    return wide <= seen
