"""Verdicts and trend on the page and in the workbook of a check, and the parts of a worklist (spec/quality.md 4.1, 4.2)."""

from datetime import date

import openpyxl
import polars as pl
import pytest
from tests.browsing import WIDTHS, new_page, violations
from tests.quality.conftest import tiny_cin

from threecircles.catalogue import demands
from threecircles.core.errors import UsageError
from threecircles.quality import check_tables
from threecircles.quality.field_kinds import kinds_table
from threecircles.quality.fitness import AtHand, judge_all
from threecircles.quality.outputs import write_outputs
from threecircles.quality.outputs_use import Use, page_parts, rows_of
from threecircles.quality.runs import earlier_trend, open_run, store_run
from threecircles.quality.scores import scores, tallies
from threecircles.quality.stored import findings_table, rules_table
from threecircles.quality.trend import TREND, checks, joined, of_check
from threecircles.quality.trend_chart import trend_chart
from threecircles.quality.worklist import Held, worklist
from threecircles.quality.worklist_filters import Wanted, of_holder, select


def many():
    tables = tiny_cin()
    tables["ChildCharacteristics"] = [
        {"LAchildID": f"c{n}", "Ethnicity": None if n < 3 else "WBRI"} for n in range(20)
    ]
    return check_tables("cin", 2026, tables)


@pytest.fixture(scope="module")
def told():
    return many()


@pytest.fixture(scope="module")
def use(told):
    table = scores(told)
    held = AtHand(table.select(pl.lit("cin-census").alias("source"), pl.all()), ["cin-census"])
    verdicts = judge_all([d for d in demands() if "cin-census" in d.sources], held)
    now = of_check(table, verdicts, "cin", 2026, date(2026, 5, 20))
    before = now.with_columns(day=date(2025, 5, 20), year=pl.lit(2025, pl.Int64), share=pl.col("share") - 0.05, low=pl.col("low") - 0.05, high=pl.col("high") - 0.05)  # fmt: skip
    kinds = kinds_table("cin-census", 2026, tallies(told))
    return Use(verdicts, joined(before, now.select(*TREND)), kinds)


def test_the_trend_goes_over_years_and_of_two_checks_on_a_day_the_later_stands(told, use):
    assert checks(use.trend) == [(2025, date(2025, 5, 20)), (2026, date(2026, 5, 20))]
    again = use.trend.filter(pl.col("year") == 2026).with_columns(k=pl.lit(0, pl.Int64))
    both = joined(use.trend, again)
    assert both.height == use.trend.height
    assert both.filter(pl.col("year") == 2026)["k"].sum() == 0
    lines = use.trend.filter((pl.col("name") == "completeness") & (pl.col("year") == 2026))
    assert lines["n"].to_list() == [scores(told).filter(dimension="completeness")["n"].sum()]
    assert use.trend.filter(kind="verdict", year=2026)["k"].sum() == len(use.verdicts)


def test_a_chart_needs_two_checks_and_says_itself_in_words(use):
    assert trend_chart(use.trend.filter(pl.col("year") == 2026)) == ""
    drawn = trend_chart(use.trend)
    assert drawn.count('role="img"') == use.trend.filter(kind="score")["name"].n_unique()
    assert "Completeness at 2 checks:" in drawn and "script" not in drawn


def test_a_run_keeps_its_trend_for_the_next_check(told, use, tmp_path):
    """quality 4.1: scores and verdicts are stored beside each run, whichever year it is of."""
    written = write_outputs(told, tmp_path / "cin-2026", ("csv",), use=use)
    store_run(told, written, tmp_path / "cin-2026", {}, date(2026, 5, 20), use.trend)
    kept = earlier_trend(tmp_path, "cin")
    assert kept.height == use.trend.height and earlier_trend(tmp_path, "903").is_empty()
    assert earlier_trend(tmp_path / "cin-2026", "cin").height == use.trend.height
    assert earlier_trend(None, "cin").columns == list(TREND)
    assert open_run(tmp_path / "cin-2026").day == date(2026, 5, 20)


def test_the_workbook_has_a_sheet_of_questions(told, use, tmp_path):
    write_outputs(told, tmp_path, ("xlsx",), use=use)
    book = openpyxl.load_workbook(tmp_path / "worklist.xlsx")
    assert book.sheetnames[-1] == "What stands in each field"
    assert book["What stands in each field"].max_row == 1 + use.kinds.height > 1
    sheet = book["Questions it can answer"]
    assert [c.value for c in sheet[1]] == ["Which questions this data can answer", "Verdict", "What decides it", "What would make it fit"]  # fmt: skip
    assert sheet.max_row == 1 + len(use.verdicts) and sheet.freeze_panes == "B2"
    assert [r[1] for r in rows_of(use.verdicts)] == [sheet.cell(n, 2).value for n in range(2, sheet.max_row + 1)]  # fmt: skip


def test_what_works_is_seen_first_and_every_row_says_why(use):
    parts = page_parts(use)
    order = ["fit", "fit with care", "cannot tell", "not fit"]
    states = [row[1] for row in parts["rows"]]
    assert states == sorted(states, key=order.index)
    assert all(found and (mend or state == "fit") for _, state, found, mend in parts["rows"])


@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_with_verdicts_has_no_barrier(browser, told, use, tmp_path, width):
    """quality section 5: chart and tables can be read on a telephone and by a screen reader."""
    write_outputs(told, tmp_path, ("html",), use=use)
    page = new_page(browser, viewport={"width": width, "height": 900})
    page.goto((tmp_path / "report.html").as_uri())
    assert violations(page) == []
    whole, seen = page.evaluate(WIDTHS)
    assert whole <= seen
    assert page.get_by_role("img").count() >= 3
    assert page.get_by_role("heading", name="Which questions this data can answer").count() == 1


@pytest.fixture(scope="module")
def lines(told):
    return worklist(findings_table(told), told, {"a": Held("North", "W1")})


def test_a_question_keeps_the_problems_of_the_fields_it_needs(told, lines):
    """quality 4.2: filters by team, worker, rule, dimension, severity and demand."""
    rules = rules_table(told)
    kept = select(lines, rules, Wanted(demand="d29"))
    assert 0 < kept.height < lines.height
    needed = {"CINreferralDate", "PersonBirthDate", "Ethnicity", "ReferralSource"}
    assert {place.split(", ")[1] for place in kept["where"]} <= needed
    assert select(lines, rules, Wanted()).height == lines.height
    assert set(select(lines, rules, Wanted(team="North", worker="W1"))["child"]) == {"a"}
    one = lines["rules"][0].split(", ")[0]
    assert all(one in codes.split(", ") for codes in select(lines, rules, Wanted(rule=one))["rules"])  # fmt: skip
    both = select(lines, rules, Wanted(severity="error", dimension="consistency"))
    assert set(both["severity"]) == {"error"}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(team="Norht"), "team Norht.*\n.*did you mean North"),
        (Wanted(worker="W9"), "worker W9"),
        (Wanted(rule="892"), "There is no rule 892 in this check"),
        (Wanted(severity="eror"), "Allowed: error, query.*\n.*did you mean error"),
        (Wanted(dimension="consistancy"), "did you mean consistency"),
        (Wanted(demand="d02"), "d02 needs no field of this return(.|\n)*survey-pupils"),
        (Wanted(demand="d99"), "There is no question d99"),
    ],
)
def test_a_word_that_is_not_known_is_answered_with_the_nearest(told, lines, wanted, words):
    with pytest.raises(UsageError, match=words):
        select(lines, rules_table(told), wanted)


def test_progress_of_one_team_is_of_its_children(lines):
    history = pl.DataFrame({"child": ["a", "b", None], "state": ["mended", "new", "new"]})
    assert of_holder(history, [lines, lines], Wanted(team="North"))["child"].to_list() == ["a"]
    with pytest.raises(UsageError, match="No line of this check is of the worker"):
        of_holder(history, [lines, lines], Wanted(worker="W2"))
