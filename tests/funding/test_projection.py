"""What spend may come to (spec/funding.md 1.4): rates, prices, what-ifs, cliffs."""

import json

import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli import funding
from threecircles.core.errors import UsageError
from threecircles.funding.projection_file import project_file

PLAN = """year: 2025
years: 3
unit: Child-years in care
rates: {0-9: 0.004, 10-17: 0.01}
children: {0-9: 10000, 10-17: 8000}
kinds: {foster: {share: 0.75, cost: 40000}, home: {share: 0.25, cost: 200000}}
growth: {none: 0.0, two: 0.02}
what_if:
  - {label: half the homes, mix: {foster: 0.875, home: 0.125}}
  - {label: a tenth fewer, rates: {all: 0.9}}
lines: lines.csv
pays_for: {hub: the family hub in the north}
notice: {hub: 2026-06-30}
"""
LINES = """spend_id,line_label,net_pence,year,term,ends_on
core,Core grant,100000,2025,recurrent,
hub,Hub grant,36500,2025,ends,2026-09-30
odd,Old fund,500,2025,unknown,
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "lines.csv").write_text(LINES)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path / "plan.yaml"


def pounds(found, what_if, assumption, year):
    rows = found.table.filter(what_if=what_if, assumption=assumption, year=year)
    return rows["pounds"].item()


def test_activity_times_price_under_each_assumption(plan):
    found = project_file(plan)
    activity = 10000 * 0.004 + 8000 * 0.01
    assert pounds(found, "as it is", "none", 2026) == pytest.approx(activity * 80_000)
    assert pounds(found, "as it is", "two", 2028) == pytest.approx(activity * 80_000 * 1.02**3)
    assert pounds(found, "half the homes", "none", 2026) == pytest.approx(activity * 60_000)
    assert pounds(found, "a tenth fewer", "none", 2026) == pytest.approx(0.9 * activity * 80_000)
    assert found.flat


def test_a_projected_population_is_used_and_a_missing_year_is_refused(plan):
    table = plan.parent / "people.csv"
    table.write_text("year,age_band,children\n2026,0-9,5000\n2026,10-17,8000\n")
    plan.write_text(PLAN + "population: people.csv\n")
    with pytest.raises(UsageError, match="2027 lacks children"):
        project_file(plan)
    plan.write_text(PLAN.replace("years: 3", "years: 1") + "population: people.csv\n")
    assert pounds(project_file(plan), "as it is", "none", 2026) == pytest.approx(100 * 80_000)


def test_the_command_names_cliffs_and_hatches_what_is_unknown(plan):
    """funding A27: a cliff has its name, its day, what it pays for and its notice; an unknown term stands apart."""
    app = typer.Typer()
    funding.register(app)
    done = CliRunner().invoke(app, ["spend", "project", str(plan), "--json", "-"])
    money = {(r["spend_id"], r["year"]): r["pence"] for r in json.loads(done.output)["money"]}
    assert money["hub", 2026] == 36500 and money["hub", 2028] == 0
    assert money["hub", 2027] == round(36500 * 183 / 365)
    said = CliRunner().invoke(app, ["spend", "project", str(plan)]).output
    assert "Cliff: Hub grant" in said and "family hub in the north" in said and "2026-06-30" in said
    assert "whose term is unknown (hatched)" in said and "No backtest" in said
    renewed = CliRunner().invoke(app, ["spend", "project", str(plan), "--renew", "hub"]).output
    assert "Cliff" not in renewed


def test_faults_of_a_plan_are_named(plan):
    for fault, said in (
        (PLAN.replace("home: {share: 0.25", "home: {share: 0.5"), "add up to 1.25"),
        (PLAN.replace("years: 3", "years: 9"), "1 to 5"),
        (PLAN.replace("10-17: 8000", "11-17: 8000"), "same age bands"),
    ):
        plan.write_text(fault)
        with pytest.raises(UsageError, match=said):
            project_file(plan)
