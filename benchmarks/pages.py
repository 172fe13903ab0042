"""Opens every page of a released pack in Chromium, wide and narrow, and says what does not hold (S9).

    python benchmarks/pages.py --workspace WORKSPACE [--pictures FOLDER] [--browsers 2]

Of each page: what axe-core finds (WCAG 2.2 AA) at 1280 and 320 pixels and in forced colours, whether it
scrolls sideways, whether Tab reaches every stop with a visible focus, requests that leave the folder,
bytes on the wire (compressed, with its assets), elements. Exit code 1 when any page fails. Pages are shared out
over browsers that work at once, each of which keeps one page open; axe is nearly all of the time.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# Nothing of what passes is asked for, and style sheets need not be fetched again: both took a third of the time.
RUN = "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false})"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HEAVIEST, HEAVIEST_WITH_MAP = 200_000, 450_000
MOST_ELEMENTS = 3_000
STOPS = "a[href], summary, button, input, select, [tabindex='0']"
FOCUS = """() => { const e = document.activeElement; if (e === document.body) return null;
 const s = getComputedStyle(e), b = e.getBoundingClientRect();
 return (s.outlineStyle !== 'none' || s.boxShadow !== 'none') && b.width > 0 && b.height > 0 }"""


@dataclass
class Page:
    """What was measured of one page, and what of it fails."""

    name: str
    bytes: int = 0
    elements: int = 0
    requests: int = 0
    faults: list[str] = field(default_factory=list)


def main() -> int:
    """Print a line a page and every fault; exit code 1 when there is one."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--workspace", type=Path, required=True)
    asked.add_argument(
        "--pictures", type=Path, help="folder for a picture of each page, wide and narrow"
    )
    asked.add_argument("--only", nargs="*", help="names of pages, without .html")
    asked.add_argument("--browsers", type=int, default=2, help="browsers that work at once")
    given = asked.parse_args()
    began = time.monotonic()
    site = given.workspace / "release" / "site"
    names = given.only or [
        p.relative_to(site).with_suffix("").as_posix() for p in sorted(site.rglob("*.html"))
    ]
    shares = [
        names[i :: given.browsers] for i in range(given.browsers) if names[i :: given.browsers]
    ]
    with ProcessPoolExecutor(len(shares)) as pool:
        looks = [pool.submit(look, site, share, given.pictures) for share in shares]
        pages = [page for share in looks for page in share.result()]
    for page in sorted(pages, key=lambda p: -p.bytes):
        print(
            f"{page.name}: {page.bytes:,} bytes, {page.elements:,} elements, {page.requests} requests"
        )
        for fault in page.faults:
            print(f"    {fault}")
    bad = sum(bool(p.faults) for p in pages)
    print(f"{len(pages)} pages; {bad} with faults; {time.monotonic() - began:.0f} s.")
    return 1 if bad else 0


def look(site: Path, names: Sequence[str], pictures: Path | None = None) -> list[Page]:
    """Every page of a site, measured; pictures are written where a folder is given."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(reduced_motion="reduce")
        page = context.new_page()
        for number, name in enumerate(names, 1):
            found.append(_look_at(page, site, name, pictures))
            print(f"{number} of {len(names)}: {name}", file=sys.stderr, flush=True)
        browser.close()
    return found


def _look_at(page: Any, site: Path, name: str, pictures: Path | None) -> Page:
    found = Page(name)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(forced_colors="none")
    asked: list[str] = []

    def note(request: Any) -> None:
        asked.append(request.url)

    page.on("request", note)
    address = (site / f"{name}.html").as_uri()
    page.goto(address)
    inside = site.as_uri()
    found.faults += [f"asks for {u}" for u in asked if not u.startswith((inside, "data:"))]
    files = [
        site / u.removeprefix(inside + "/").split("#")[0] for u in asked if u.startswith(inside)
    ]
    found.bytes = sum(len(gzip.compress(f.read_bytes())) for f in files if f.is_file())
    found.requests = len(asked)
    found.elements = page.evaluate("document.querySelectorAll('*').length")
    maps = page.locator("[id^='map-']").count() > 0
    if found.bytes > (HEAVIEST_WITH_MAP if maps else HEAVIEST):
        found.faults.append(f"{found.bytes:,} bytes on the wire")
    if found.elements > MOST_ELEMENTS and not maps:
        found.faults.append(f"{found.elements:,} elements")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        found.faults += [f"{width} px: {v}" for v in _violations(page)]
        wide, seen = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if wide > seen:
            found.faults.append(f"{width} px: scrolls sideways ({wide} over {seen})")
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=pictures / f"{name.replace('/', '_')}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    found.faults += _by_keyboard(page)
    page.emulate_media(forced_colors="active")
    found.faults += [f"forced colours: {v}" for v in _violations(page)]
    page.remove_listener("request", note)
    return found


def _violations(page: Any) -> list[str]:
    found = page.evaluate(RUN, RULES)
    return [f"{v['id']}: {n['html'][:120]}" for v in found["violations"] for n in v["nodes"]]


def _by_keyboard(page: Any) -> list[str]:
    """Whether Tab goes through every stop once, each with a focus that can be seen."""
    wanted = page.evaluate(
        f'[...document.querySelectorAll("{STOPS}")].filter(e => e.checkVisibility()).length'
    )
    page.evaluate("document.body.focus()")
    reached = 0
    for _ in range(min(wanted, 400) + 1):
        page.keyboard.press("Tab")
        shown = page.evaluate(FOCUS)
        if shown is None:
            break
        if not shown:
            return [f"stop {reached + 1} shows no focus"]
        reached += 1
    return [] if reached >= min(wanted, 400) else [f"Tab reaches {reached} of {wanted} stops"]


if __name__ == "__main__":
    sys.exit(main())
