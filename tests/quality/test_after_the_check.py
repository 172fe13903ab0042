"""What comes after a check: stored tables, waivers, history, worklist, scores, files."""

import json
from datetime import date

import openpyxl
import polars as pl
import pytest

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.quality import check_tables
from threecircles.quality.group_scores import team_scores
from threecircles.quality.history import counts, forecast, history
from threecircles.quality.outputs import write_outputs
from threecircles.quality.outputs_html import report_html
from threecircles.quality.outputs_json import json_schema, report_json
from threecircles.quality.outputs_tables import inert, write_workbook
from threecircles.quality.scores import Count, scored, scores
from threecircles.quality.stored import FINDINGS, findings_table, rules_table
from threecircles.quality.summary import exit_code, summarise, summary_text
from threecircles.quality.waivers import apply_waivers, load_waivers
from threecircles.quality.worklist import UNKNOWN_TEAM, WORKLIST, Held, burden, worklist

PLANS = "ChildProtectionPlans"


def plans(*rows):
    return {PLANS: [{"LAchildID": c, "CPPstartDate": s, "CPPendDate": e} for c, s, e in rows]}


def report(*rows, codes=("8925", "8840")):
    return check_tables("cin", 2026, plans(*rows), codes=codes)


def test_findings_have_one_line_for_each_column_and_the_table_in_the_key(cin):
    told = check_tables("cin", 2026, cin)
    table = findings_table(told)
    assert table.columns == list(FINDINGS)
    assert table.select("rule", "table", "row", "column").is_unique().all()
    line = table.filter((pl.col("rule") == "8925") & (pl.col("column") == "CPPendDate")).row(
        0, named=True
    )
    assert (line["child"], line["value"], line["row"], line["return"]) == (
        "a",
        "2025-06-01",
        0,
        "cin",
    )
    rules = rules_table(told)
    assert rules.height == 109 and set(rules["state"]) == {"ran", "skipped"}
    assert (
        rules.filter(pl.col("state") != "ran")["places"].null_count()
        == rules.filter(pl.col("state") != "ran").height
    )


def test_a_finding_is_known_by_its_record_and_not_by_its_row():
    one = findings_table(
        report(("a", "2025-06-02", "2025-06-01"), ("b", "2025-06-02", "2025-06-01"))
    )
    two = findings_table(
        report(("b", "2025-06-02", "2025-06-01"), ("a", "2025-06-02", "2025-06-01"))
    )
    assert set(one["finding_id"]) == set(two["finding_id"]) and one["finding_id"].n_unique() == 4


def test_history_says_exactly_what_was_mended_new_and_gone():
    """quality A22: rows reordered, 10 mended, 4 new, 3 records removed, one rule made to skip."""
    bad = [(f"c{n}", "2025-06-02", "2025-06-01") for n in range(20)]
    same_day = [("s", "2025-07-01", "2025-07-01")]
    before = findings_table(report(*bad, *same_day))
    mended = [(c, s, "2025-06-03") for c, s, _ in bad[:10]]
    new = [(f"n{n}", "2025-06-02", "2025-06-01") for n in range(4)]
    after = report(*reversed([*mended, *bad[13:], *new, *same_day]), codes=["8925"])
    told = history(before, after)
    by_record = told.unique(["state", "child"])
    assert counts(by_record.filter(pl.col("rule") == "8925")) == {
        "new": 4, "still open": 7, "changed": 0, "mended": 10, "record gone": 3, "not re-tested": 0,
    }  # fmt: skip


def test_a_rule_that_did_not_run_again_mends_nothing():
    before = findings_table(report(("s", "2025-07-01", "2025-07-01")))
    after = check_tables(
        "cin", 2026, {PLANS: [{"LAchildID": "s", "CPPstartDate": "2025-07-01"}]}, codes=["8840"]
    )
    told = history(before, after)
    assert set(told["state"]) == {"not re-tested"}
    assert "needs column CPPendDate" in told["reason"][0]


def test_a_value_that_changed_and_is_still_wrong_is_changed():
    before = findings_table(report(("a", "2025-06-05", "2025-06-01")))
    told = history(before, report(("a", "2025-06-05", "2025-06-02")))
    states = dict(told.select("column", "state").iter_rows())
    assert states == {"CPPendDate": "changed", "CPPstartDate": "still open"}


def test_the_forecast_is_a_straight_line():
    days = [(date(2026, 5, 1), 100), (date(2026, 5, 11), 80)]
    assert forecast(days, date(2026, 5, 21)) == pytest.approx(60)
    assert forecast(days, date(2026, 12, 31)) == 0
    assert forecast(days[:1], date(2026, 5, 21)) is None


WAIVER = """
waivers:
  - {rule: "8925", child: a, reason: the court dated it so, by: A. Analyst, date: 2026-05-01, expiry: 2026-06-01}
  - {rule: "8925", child: zz, reason: not there, by: A. Analyst, date: 2026-05-01, expiry: 2026-06-01}
  - {rule: "8840", reason: whole rule, by: A. Analyst, date: 2026-05-01, expiry: 2026-05-02}
"""


def test_a_waived_finding_stays_and_an_expired_waiver_counts(tmp_path):
    """quality A16, 2.5"""
    (tmp_path / "waivers.yaml").write_text(WAIVER)
    waivers = load_waivers(tmp_path / "waivers.yaml")
    table = findings_table(
        report(("a", "2025-06-02", "2025-06-01"), ("b", "2025-06-02", "2025-06-01"))
    )
    waived = apply_waivers(table, waivers, date(2026, 5, 20))
    assert waived.findings.height == table.height
    assert set(waived.findings.filter(pl.col("waived_by").is_not_null())["child"]) == {"a"}
    assert [w.child for w in waived.unmatched] == ["zz"] and [w.rule for w in waived.expired] == [
        "8840"
    ]


@pytest.mark.parametrize("wrong", ["expiry: 2027-06-01", "", "expiry: 2026-04-01"])
def test_a_waiver_without_a_near_expiry_is_refused(tmp_path, wrong):
    text = WAIVER.replace("expiry: 2026-06-01", wrong).replace(", }", "}")
    (tmp_path / "waivers.yaml").write_text(text)
    with pytest.raises(DefinitionError):
        load_waivers(tmp_path / "waivers.yaml")


def test_the_worklist_has_one_line_for_what_one_look_settles(cin):
    told = check_tables("cin", 2026, cin)
    lines = worklist(findings_table(told), told, {"a": Held("North", "W1")}, today=date(2026, 5, 1))
    assert lines.columns == list(WORKLIST)
    assert set(lines["team"]) == {"North", UNKNOWN_TEAM}
    assert lines["severity"].to_list() == sorted(lines["severity"].to_list())
    assert lines["findings"].sum() == findings_table(told).height


def test_burden_says_what_is_assumed():
    told = report(("a", "2025-06-02", "2025-06-01"))
    table = burden(findings_table(told), told, {"8925": 30})
    assert table.row(0, named=True) == {
        "rule": "8925", "short": "Plan ends before it starts.", "findings": 1, "minutes_each": 30.0,
        "assumed": False, "hours": 0.5,
    }  # fmt: skip
    assert table.filter(pl.col("rule") == "8840")["findings"].to_list() == [0]


def test_scores_equal_the_hand_worked_table():
    """quality A21: Wilson 8 of 10 is .490 to .943, 0 of 20 is 0 to .161; under 10 is too few."""
    eight, none = (
        scored(Count("t", "c", "", "validity", 8, 10)),
        scored(Count("t", "c", "", "validity", 0, 20)),
    )
    assert (round(eight["low"], 3), round(eight["high"], 3)) == (0.49, 0.943)
    assert (none["low"], round(none["high"], 3)) == (0, 0.161)
    assert scored(Count("t", "c", "", "validity", 9, 9))["state"] == "too few to score"
    rows = [
        {
            "CHILD": str(n),
            "ETHNIC": "NOBT" if n < 2 else None if n < 3 else "XX" if n < 4 else "WBRI",
        }
        for n in range(12)
    ]
    told = check_tables("903", 2026, {"Header": [*rows, {"CHILD": "0", "ETHNIC": "WBRI"}]})
    found = {
        (c, d): (k, n)
        for c, d, k, n in scores(told).select("column", "dimension", "k", "n").iter_rows()
    }
    assert found["ETHNIC", "completeness"] == (10, 13)
    assert found["ETHNIC", "validity"] == (11, 12)
    assert found["", "uniqueness"] == (11, 13)


def test_timeliness_is_what_was_told_in_the_year_it_began():
    """quality A21, 4.1: late data is the share of X26; last year's return left out, nothing is tested."""
    held = [{"LAchildID": f"c{n}", "CINreferralDate": "2025-01-10"} for n in range(11)]
    new = [{"LAchildID": "new", "CINreferralDate": "2025-06-01"}]
    late = [{"LAchildID": "late", "CINreferralDate": "2025-03-31"}]
    tables = {"cin.CINdetails": [*held, *new, *late]}
    told = scores(check_tables("cross", 2026, tables | {"cin.CINdetails_last": held}))
    (line,) = told.filter(pl.col("dimension") == "timeliness").iter_rows(named=True)
    assert (line["k"], line["n"], line["state"]) == (11, 12, "scored")
    assert round(line["low"], 3) == 0.646 and round(line["high"], 3) == 0.985
    alone = scores(check_tables("cross", 2026, tables))
    assert alone.filter(pl.col("dimension") == "timeliness")["state"].to_list() == ["not tested"]


def test_the_first_screen_names_what_did_not_run(cin):
    told = check_tables("cin", 2026, cin)
    text = summary_text(summarise(told, findings_table(told)), [])
    assert told.headline() in text and "needs table Assessments" in text and "Skipped" in text
    assert exit_code(told) == 1 and exit_code(told, rejected_rows=1) == 3
    assert exit_code(report(("a", "2025-06-01", "2025-06-02"))) == 0


def test_each_team_is_scored_alone_and_the_unknown_one_too(tmp_path):
    """quality 4.1: k, n and interval by team; a child without a team is never spread; workers are not listed."""
    plans = [(f"c{n}", "2025-06-02", "2025-06-01" if n < 3 else "2025-06-03") for n in range(14)]
    told = report(*plans)
    holders = {f"C{n}": Held("North", "W1") for n in range(11)}
    table = team_scores(told, findings_table(told), holders)
    lines = {(t, d): (k, n, s) for t, d, k, n, s in table.select("team", "dimension", "k", "n", "state").iter_rows()}  # fmt: skip
    assert lines["North", "consistency"] == (8, 11, "scored")
    assert lines[UNKNOWN_TEAM, "consistency"] == (3, 3, "too few to score")
    whole = check_tables("cin", 2026, {"ChildProtectionPlans": [{"LAchildID": "c0"}]})
    late = team_scores(whole, findings_table(whole), holders).filter(dimension="timeliness")
    assert late.select("team", "k", "state").rows() == [("North", None, "not tested")]
    (low, high) = table.filter((pl.col("team") == "North") & (pl.col("dimension") == "consistency")).select("low", "high").row(0)  # fmt: skip
    assert (round(low, 3), round(high, 3)) == (0.434, 0.903)
    written = write_outputs(
        told, tmp_path / "out", ("csv", "html"), holders=holders, today=date(2026, 5, 1)
    )
    assert "scores_by_team.csv" in {p.name for p in written.paths}
    assert "W1" not in (tmp_path / "out" / "scores_by_team.csv").read_text("utf-8-sig")
    assert "scores_by_team.csv" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_what_last_years_files_do_not_hold_is_named_when_there_are_some():
    """quality A28: who gave --previous is not told to give it, but what it lacks."""
    header = [{"CHILD": "1", "UPN": "UN1", "SEX": "F", "DOB": "01/05/2015"}]
    tables = {"Header": header, "Episodes": [{"CHILD": "1", "DECOM": "01/05/2025"}]}
    without = summary_text(summarise(r := check_tables("903", 2026, tables), findings_table(r)))
    assert "they need last year's return. Give it with --previous" in without
    some = tables | {"Episodes_last": [{"CHILD": "1"}]}
    told = summary_text(summarise(r := check_tables("903", 2026, some), findings_table(r)))
    assert "--previous" not in told
    assert "which the files of last year do not hold" in told and "_last)" in told


def test_every_format_is_written_and_says_that_it_is_personal(cin, tmp_path):
    told = check_tables("cin", 2026, cin)
    written = write_outputs(
        told, tmp_path / "out", ("html", "xlsx", "csv", "json", "parquet"), today=date(2026, 5, 1)
    )
    names = {path.name for path in written.paths}
    assert {
        "report.html",
        "worklist.xlsx",
        "findings.csv",
        "findings.parquet",
        "report.json",
    } <= names
    assert "holds personal data" in (tmp_path / "out" / "report.html").read_text()
    held = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (
        set(json_schema()["required"]) <= set(held)
        and held["counts"] == report_json(told, written.findings)["counts"]
    )
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="html"):
        write_outputs(told, tmp_path, ("pdf",))


def test_the_page_shows_values_as_text_and_runs_nothing():
    told = report(("<script>x</script>", "2025-06-02", "2025-06-01"))
    table = findings_table(told)
    page = report_html(told, table, summarise(told, table))
    assert "<script" not in page and "&lt;script&gt;" in page and '<html lang="en-GB">' in page


def test_formulas_in_values_are_inert(tmp_path):
    """quality A25: formulas inert, sheet per team, split stated."""
    row = dict.fromkeys(WORKLIST, None) | {
        "child": "=1+1",
        "team": "North",
        "what": "@x",
        "findings": 1,
    }
    lines = pl.DataFrame([row, row | {"team": "A/B: [x]"}], schema=WORKLIST)
    path = write_workbook(lines, tmp_path / "w.xlsx", "2 of 2 rules ran.")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Read me", "A B   x", "North"]
    cell = book["North"]["A2"]
    assert cell.value == "=1+1" and cell.data_type == "s"
    assert inert(lines)["child"][0] == "'=1+1"


def test_a_sheet_never_holds_more_than_its_share(tmp_path, monkeypatch):
    from threecircles.quality import outputs_tables

    monkeypatch.setattr(outputs_tables, "MOST_ROWS", 2)
    row = dict.fromkeys(WORKLIST, None) | {"team": "North"}
    path = write_workbook(pl.DataFrame([row] * 5, schema=WORKLIST), tmp_path / "w.xlsx", "")
    assert openpyxl.load_workbook(path).sheetnames == [
        "Read me",
        "North 1 of 3",
        "North 2 of 3",
        "North 3 of 3",
    ]
