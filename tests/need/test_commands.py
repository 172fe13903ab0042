"""The commands of need as an analyst types them."""

import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli import need

PLAN = """
id: clubs-2026
label: Clubs
source: The made-up county
version: 1
question: Do clubs help children feel better?
service: youth club
eligible: pupils of 9 to 16
unit: school
design: did_area
assignment: {how: schools asked, by: the head of service}
comparison: schools that never had a club
outcome_primary: {measure: feelings, role: outcome, higher_is: worse}
starts: [{unit: s0, on: 2025-09-01}]
places: 8
"""


@pytest.fixture
def run():
    app = typer.Typer()
    need.register(app)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_definition_is_said_in_words(run):
    told = run("need", "define")
    assert told.exit_code == 0 and "2 or more of 4 impairments" in told.output


def test_areas_are_set_against_deprivation_without_a_ranking(run, tmp_path):
    rows = "\n".join(f"a{i},{30 + 5 * i},{100},{i / 10}" for i in range(8))
    (tmp_path / "a.csv").write_text(f"area,y,n,idaci\n{rows}\n")
    told = run("need", "areas", str(tmp_path / "a.csv"), "--covariates", "idaci")
    assert told.exit_code == 0, told.output
    assert [line.split("\t")[0] for line in told.output.splitlines()[1:9]] == [
        f"a{i}" for i in range(8)
    ]


def test_a_plan_is_checked_locked_and_changed_only_as_another(run, tmp_path):
    """need N20: check says the word at best; plan locks; a changed plan is refused."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    assert (
        "effect, if trends would have stayed alike"
        in run("need", "effect", "check", str(plan)).output
    )
    assert run("need", "effect", "plan", str(plan)).output.startswith("Locked on")
    plan.write_text(PLAN.replace("places: 8", "places: 9"))
    again = run("need", "effect", "plan", str(plan))
    assert again.exit_code != 0 and "locked" in str(again.exception)


def test_a_plan_without_comparison_is_told_so(run, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.replace("comparison: schools that never had a club\n", ""))
    told = run("need", "effect", "check", str(plan))
    assert told.exit_code == 1 and "No comparison is recorded" in told.output


def test_inequality_tells_slope_and_ratio_together(run, tmp_path):
    """need N12 from a file."""
    rows = "1,100,.10\n2,120,.14\n3,80,.18\n4,110,.22\n5,90,.30\n"
    (tmp_path / "g.csv").write_text("group,population,rate\n" + rows)
    told = run("need", "inequality", str(tmp_path / "g.csv")).output
    assert "+0.2360" in told and "4.5325" in told


def test_a_missing_column_is_named_with_what_was_found(run, tmp_path):
    (tmp_path / "g.csv").write_text("group,people,rate\n1,2,.3\n")
    told = run("need", "inequality", str(tmp_path / "g.csv"))
    assert "lacks the column population" in str(told.exception) and "people" in str(told.exception)
