"""Where the money goes: agency, level, outcome (spec/funding.md 1.4)."""

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.definitions import load_text
from threecircles.funding.flow import flow, flow_text
from threecircles.funding.share_rules import ShareRules, shared
from threecircles.funding.spend_views import read_amounts, to_draw
from threecircles.report.pages.money_flow import flow_svg

RULES = """id: r
label: R
source: test
rules:
  - {id: level, version: 1, lines: ["3"], kind: fixed, reason: r, author: a, on: "2026-01-01", confidence: assumed, dimension: prevention_level, shares: {universal: 0.3, treatment: 0.6}}
  - {id: aim, version: 1, lines: ["3.1"], kind: fixed, reason: r, author: a, on: "2026-01-01", confidence: agreed, dimension: outcome_area, shares: {safety: 1}}
  - {id: place, version: 2, lines: ["3"], kind: area, reason: r, author: a, on: "2026-01-01", confidence: measured, dimension: area_code, activity: children, period: "2025"}
"""
LINES = pl.DataFrame(
    {
        "spend_id": ["a", "b", "c"],
        "agency": ["local authority", "local authority", "health"],
        "budget_line": ["3.1.1", "3.5", "9"],
        "net_pence": [100_001, 33, 7],
    }
)


@pytest.fixture
def rules():
    return load_text(RULES, ShareRules, where="rules.yaml")


def test_the_parts_of_the_flow_are_the_whole_and_unallocated_is_shown(rules):
    table = flow(LINES, rules)
    assert table["pence"].sum() == 100_041
    by_agency = dict(table.group_by("agency").agg(pl.col("pence").sum()).iter_rows())
    assert by_agency == {"local authority": 100_034, "health": 7}
    health = table.filter(agency="health").row(0, named=True)
    assert (health["prevention_level"], health["outcome_area"]) == ("unallocated", "unallocated")
    assert not health["assumed"]
    assert (
        table.filter(prevention_level="universal", outcome_area="safety")["pence"].item() == 30_000
    )
    text = flow_text(table)
    assert "1,000.41" in text and "Unallocated" in text


def test_the_drawing_says_everything_and_hatches_what_was_assumed(rules):
    drawing = flow_svg(flow(LINES, rules))
    assert drawing.startswith("<svg") and drawing.count("url(#money-hatch)") > 0
    for word in ("Local authority", "Treatment", "Safety", "Not allocated", "<title", "<desc"):
        assert word in drawing


def test_money_goes_to_areas_by_what_was_measured(rules, tmp_path):
    (tmp_path / "amounts.csv").write_text("activity,part,amount\nchildren,E1,30\nchildren,E2,10\n")
    table = shared(LINES, rules, "area_code", read_amounts(tmp_path / "amounts.csv"))
    by_area = dict(table.group_by("part").agg(pl.col("pence").sum()).iter_rows())
    assert by_area == {"E1": 75_001 + 25, "E2": 25_000 + 8, "unallocated": 7}


def test_a_drawing_needs_rules_and_a_name_that_fits(tmp_path):
    with pytest.raises(UsageError, match="share rules"):
        to_draw(LINES, None, None, tmp_path / "x.svg")
    with pytest.raises(UsageError, match="cannot be written"):
        to_draw(LINES, "demo", None, tmp_path / "x.png")
    table, _ = to_draw(LINES, "demo", None, tmp_path / "x.svg")
    assert table["pence"].sum() == 100_041
