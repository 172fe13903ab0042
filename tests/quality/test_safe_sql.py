"""Local rules run like national ones and reach nothing outside the return."""

import pytest

from threecircles.core.errors import DefinitionError
from threecircles.quality import check_tables
from threecircles.quality.binding import bind
from threecircles.quality.database import database, lock
from threecircles.quality.rulebook import load_local

GOOD = """
code: L-01
return: cin
title: Plan has no end
severity: query
dimension: completeness
unit: row
needs: {ChildProtectionPlans: [CPPendDate]}
broken_when: CPPendDate__date is null
reports: [{table: ChildProtectionPlans, columns: [CPPendDate]}]
message: The plan has no end date.
short: Plan has no end.
hint: Enter it when the plan ends.
reference: Made-up authority, local check list
"""


def local(folder, text, name="L-01.yaml"):
    (folder / name).write_text(text)
    return folder


def test_a_good_local_rule_runs_like_a_national_one(tmp_path):
    """quality A16"""
    tables = {"ChildProtectionPlans": [{"CPPendDate": None}]}
    report = check_tables("cin", 2026, tables, local=local(tmp_path, GOOD))
    assert report.status["L-01"] == "ran"
    assert ("L-01", "ChildProtectionPlans", 0) in report.places()


def test_a_local_rule_may_not_redefine_a_national_code(tmp_path):
    with pytest.raises(DefinitionError, match="national rule cannot be redefined"):
        load_local(local(tmp_path, GOOD.replace("L-01", '"8925"'), "8925.yaml"), "cin")


@pytest.mark.parametrize(
    "sql",
    [
        "select 1; select 2",
        "copy ChildProtectionPlans to 'x.csv'",
        "attach 'x.db'",
        "pragma database_list",
        "select _row as grp, _row as row_ChildProtectionPlans from read_csv('x.csv')",
        "select _row as grp, _row as row_ChildProtectionPlans from 'x.parquet'",
        "select _row as grp, _row as row_ChildProtectionPlans from ChildProtectionPlans where CPPstartDate is null",
    ],
)
def test_a_local_rule_that_reaches_out_is_refused_at_load(tmp_path, sql):
    """quality A16: COPY, ATTACH, read_csv, two statements, PRAGMA, an undeclared column."""
    text = GOOD.replace("broken_when: CPPendDate__date is null", f"query: |\n  {sql}")
    with pytest.raises(DefinitionError):
        load_local(local(tmp_path, text), "cin")


@pytest.mark.parametrize(
    "text", ["strptime(CPPendDate, '%Y')", "cast(CPPendDate as date)", "CPPendDate::date"]
)
def test_a_rule_that_parses_by_itself_is_refused(tmp_path, text):
    bad = GOOD.replace("CPPendDate__date is null", f'"{text} is null"')
    with pytest.raises(DefinitionError, match="typed columns"):
        load_local(local(tmp_path, bad), "cin")


def test_a_locked_database_reads_no_file(tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with database() as connection:
        lock(connection)
        for sql in (
            f"select * from read_csv('{tmp_path}/x.csv')",
            "set enable_external_access=true",
            "install httpfs",
        ):
            with pytest.raises(Exception, match=r"(?i)disabled|locked|permission"):
                connection.execute(sql)


def test_a_good_rule_binds_to_what_it_declares(tmp_path):
    (rule,) = load_local(local(tmp_path, GOOD), "cin")
    with database() as connection:
        bind(rule, connection)
