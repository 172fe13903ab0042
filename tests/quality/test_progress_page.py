"""The page, the screen and the JSON of progress over all checks (spec/quality.md 4.2 and 5)."""

import json
import re
from datetime import date

import polars as pl
import pytest
from tests.browsing import WIDTHS, new_page, violations
from tests.quality.four_checks import store_check, store_four

from threecircles.quality.chain import chain_of, open_in_order, part_of
from threecircles.quality.way import way_of
from threecircles.quality.way_chart import open_chart
from threecircles.quality.way_page import way_html, write_way
from threecircles.quality.way_words import json_of, screen_of
from threecircles.quality.worklist_filters import Wanted

DEADLINE = date(2026, 7, 31)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    return chain_of(open_in_order(store_four(tmp_path_factory.mktemp("checks"))))


@pytest.fixture(scope="module")
def way(chain):
    return way_of(chain, DEADLINE)


@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_of_progress_has_no_barrier(browser, way, tmp_path, width):
    """quality 4.2, section 5: charts and tables can be read on a telephone and by a screen reader."""
    write_way(way, Wanted(), tmp_path, DEADLINE)
    page = new_page(browser, viewport={"width": width, "height": 900})
    page.goto((tmp_path / "progress.html").as_uri())
    assert violations(page) == []
    whole, seen = page.evaluate(WIDTHS)
    assert whole <= seen
    assert page.get_by_role("img").count() == 5 and page.get_by_role("table").count() == 4
    assert page.get_by_role("heading", name="Week by week").count() == 1
    assert len(page.asked) == 1


def test_the_page_holds_all_it_needs_and_no_child_and_no_worker(way, tmp_path):
    """quality 4.2: no script, no outside file, no league table of workers, no row of a child."""
    paths = write_way(way, Wanted(), tmp_path, DEADLINE)
    page = paths[0].read_text(encoding="utf-8")
    assert "<script" not in page and not re.findall(r"https?://", page)
    assert "A straight line through 4 checks, not a promise" in page
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert "W. One" not in text and "W. Two" not in text and ">c1<" not in text
    weeks = pl.read_csv(tmp_path / "progress_by_week.csv")
    assert weeks["open"].to_list() == [8, 4, 2]
    assert {p.name for p in paths} == {"progress.html", "progress_by_week.csv", "progress_by_team.csv", "progress_by_rule.csv"}  # fmt: skip


def test_one_workers_page_says_whose_it_is_and_for_whom(chain):
    """quality 4.2: worker figures go to that worker and their manager."""
    wanted = Wanted(worker="W. One")
    own = way_of(part_of(chain, wanted))
    for told in (way_html(own, wanted), screen_of(own, wanted)):
        assert "worker W. One" in told and "for that worker and their manager only" in told
        assert "W. Two" not in told and "South" not in told


def test_the_screen_tells_weeks_teams_rules_and_what_was_not_looked_at(way):
    """quality 4.2: the first screen."""
    told = screen_of(way, Wanted())
    assert "Progress of Children in Need census, 2025-26" in told
    assert "4 checks from 04/05/2026 to 25/05/2026. Findings open: 10 at the first, 2 at the last. In between: 2 new, 8 mended, 2 gone" in told  # fmt: skip
    assert re.search(r"2026-W20 \(11/05/2026\) +4 +2 +2 +2 +2\n", told)
    assert re.search(r"team not known +2 +0 +0 +0 +2 +0\n", told)
    assert "8840 did not run on 12/05/2026" in told and "never called mended" in told
    assert told.endswith("before the deadline, 31/07/2026.") and "Waived" not in told


def test_the_json_holds_the_same_figures(way):
    told = json.loads(json_of(way, Wanted()))
    assert told["checks"] == ["2026-05-04", "2026-05-07", "2026-05-12", "2026-05-25"]
    assert [week["mended"] for week in told["weeks"]] == [2, 2, 4]
    assert told["forecast"]["nought"] == "2026-05-31" and told["forecast"]["checks"] == 4
    assert told["rules_not_run"][0]["rule"] == "8840" and told["worker"] is None


def test_a_chart_says_itself_in_words_and_needs_two_checks():
    days = [(date(2026, 5, 4), 8), (date(2026, 5, 7), 0)]
    drawn = open_chart("A & B", days, 8)
    assert 'aria-label="A &amp; B, open findings at 2 checks: 8 on 04/05/2026, 0 on 07/05/2026."' in drawn  # fmt: skip
    stem = open_chart("A", days, 8, untested=[(days[0][0], 0), (days[1][0], 3)])
    assert "Not re-tested on 07/05/2026: 3." in stem and "04/05/2026: 0" not in stem
    assert stem.count("<line") == drawn.count("<line") + 2
    assert drawn.count("<circle") == 2 and open_chart("A", days[:1], 8) == ""


def test_two_checks_without_a_finding_make_a_page_too(tmp_path):
    """quality 4.2: nothing found is said, not an empty table."""
    plan = {"c1": ("2025-06-02", "2025-06-03")}
    two = [store_check(tmp_path / f"{n}" / "cin-2026", plan, ["8925"], date(2026, 5, n)) for n in (4, 5)]  # fmt: skip
    way = way_of(chain_of(open_in_order(two)), DEADLINE)
    assert "No finding at any of these checks" in way_html(way, Wanted(), DEADLINE)
    assert "No forecast: it takes 3 or more checks" in screen_of(way, Wanted())
