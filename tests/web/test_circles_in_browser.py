"""The circles as a browser draws them are true to area (need N1, report A7)."""

import pytest
from tests.browsing import new_page

pytestmark = pytest.mark.browser

MEASURED = """() => {
  const svg = document.querySelector('svg[role=img]');
  const all = [...svg.querySelectorAll('circle')];
  const ground = all.reduce((a, b) => (b.r.baseVal.value > a.r.baseVal.value ? b : a));
  const need = all.find(c => c.getAttribute('fill-opacity') === '0.6');
  const service = all.find(c => (c.getAttribute('stroke-dasharray') || '').startsWith('0.1'));
  const box = ground.getBBox(), told = {ground: 0, need: 0, service: 0, both: 0}, step = 0.6;
  for (let x = box.x; x <= box.x + box.width; x += step)
    for (let y = box.y; y <= box.y + box.height; y += step) {
      const at = new DOMPoint(x, y), inside = c => c.isPointInFill(at);
      if (!inside(ground)) continue;
      const n = inside(need), s = inside(service);
      told.ground++; told.need += n; told.service += s; told.both += n && s;
    }
  return told;
}"""


def test_areas_in_the_browser_are_the_shares_within_half_a_percent(browser, address):
    """need N1: need .24, service .10, both .06 of all, counted point by point in what Chromium drew."""
    page = new_page(browser)
    page.goto(f"{address}/index.html")
    told = page.evaluate(MEASURED)
    assert told["ground"] > 100_000
    for name, share in (("need", 0.24), ("service", 0.10), ("both", 0.06)):
        assert told[name] / told["ground"] == pytest.approx(share, rel=0.005), name
    page.context.close()
