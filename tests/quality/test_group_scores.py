"""Scores by team, worker, provider and school (spec/quality.md 4.1), on tables small enough to count by hand."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.core.errors import UsageError
from threecircles.definitions import read_csv
from threecircles.quality import check_tables
from threecircles.quality.fields import form_of, source_tallies
from threecircles.quality.group_scores import group_scores, of_one, report_scores, team_scores
from threecircles.quality.groups import UNKNOWN, by_column, by_worker, kinds_of
from threecircles.quality.scores import scores
from threecircles.quality.stored import findings_table
from threecircles.quality.worklist import UNKNOWN_TEAM, Held


def header(n, **more):
    return {"CHILD": f"{n}", "SEX": "1", "DOB": "01/02/2014", "ETHNIC": "WBRI"} | more


def lines_of(table, kind):
    return {(g, d): (k, n, s) for g, d, k, n, s in table.select(kind, "dimension", "k", "n", "state").iter_rows()}  # fmt: skip


def plans(rows):
    return {"ChildProtectionPlans": [{"LAchildID": c, "CPPstartDate": s, "CPPendDate": e} for c, s, e in rows]}  # fmt: skip


def test_completeness_of_a_team_is_values_present_of_rows_where_the_field_applies():
    """quality A21, 4.1: 12 children of North with 2 ethnic groups not obtained; 3 of no team in their own row."""
    rows = [header(n, ETHNIC="NOBT" if n < 2 else "WBRI") for n in range(12)]
    rows += [header(n, ETHNIC=None) for n in range(12, 15)]
    told = check_tables("903", 2026, {"Header": rows})
    table = team_scores(told, findings_table(told), {f"{n}": Held("North") for n in range(12)})
    lines = lines_of(table, "team")
    # Four fields of a header apply to all: sex, birth date, ethnic group; pupil number was not sent.
    assert lines["North", "completeness"] == (34, 36, "scored")
    assert lines[UNKNOWN_TEAM, "completeness"] == (6, 9, "too few to score")
    assert table["team"].to_list()[-1] == UNKNOWN_TEAM


def test_rows_of_a_provider_are_scored_where_the_child_lives():
    """quality 4.1: a child in two homes counts in each for its own rows; the unknown home is a row of its own."""
    rows = [
        {"CHILD": str(n), "DECOM": "01/05/2025", "LS": "C2", "PLACE": "U1" if n % 2 else None, "URN": urn}
        for n in range(12)
        for urn in ("SC1", "SC2")
    ] + [{"CHILD": "x", "DECOM": "01/05/2025", "LS": "C2", "PLACE": "U1", "URN": None}]  # fmt: skip
    told = check_tables("903", 2026, {"Episodes": rows})
    table = report_scores(told, by_column("provider", "ssda903", told.tables))
    lines = lines_of(table, "provider")
    # DECOM and LS are there, PLACE for six of twelve.
    assert lines["SC1", "completeness"] == lines["SC2", "completeness"] == (30, 36, "scored")
    assert lines["Unknown provider", "completeness"] == (3, 3, "too few to score")
    homes = table["provider"].unique(maintain_order=True).to_list()
    assert homes == [*sorted(set(homes) - {"Unknown provider"}), "Unknown provider"]


def test_a_school_has_its_pupils_and_what_hangs_on_them():
    """quality 4.1: addresses belong to the school of their pupil."""
    pupils = pl.DataFrame({
        "pupilonrolltableid": [f"p{n}" for n in range(20)], "urn": ["900002"] * 12 + ["900001"] * 8,
        "upn": ["A1"] * 10 + [None] * 10,
    })  # fmt: skip
    homes = pl.DataFrame({"pupilonrolltableid": [f"p{n}" for n in range(20)] + ["gone"], "postcode": ["AA1 1AA"] * 21})  # fmt: skip
    tables = {"pupilonroll": pupils, "addressesonroll": homes}
    rows = source_tallies("school-census", tables, 2026, None)
    table = group_scores("school-census", 2026, rows, by_column("school", "school-census", tables))
    lines = lines_of(table.filter(dimension="completeness"), "school")
    # pupil number, school number and postcode
    assert lines["900002", "completeness"] == (10 + 12 + 12, 36, "scored")
    assert lines["900001", "completeness"] == (0 + 8 + 8, 24, "scored")
    assert lines["Unknown school", "completeness"] == (1, 1, "too few to score")


def test_a_workers_scores_are_of_the_one_who_is_named():
    """quality 4.2: worker figures go to that worker and their manager; the newest line tells the worker."""
    rows = [header(n) for n in range(24)]
    held = [
        {"CHILD": str(n), "DOB": "01/02/2014", "SW_ID": worker, "SW_DECOM": day}
        for n in range(24)
        for worker, day in (("OLD", "01/05/2020"), ("SW1" if n < 12 else "SW2", "02/04/2025"))
    ]
    told = check_tables("903", 2026, {"Header": rows, "SWEpisodes": held})
    grouping = by_worker(None, "ssda903", told.tables)
    assert set(grouping.of_child.values()) == {"SW1", "SW2"}
    table = report_scores(told, grouping)
    own = of_one(table, "worker", "SW1")
    assert own["worker"].unique().to_list() == ["SW1"]
    assert lines_of(own, "worker")["SW1", "completeness"][1] == 36
    with pytest.raises(UsageError, match="No worker of this name") as refused:
        of_one(table, "worker", "SW11")
    assert "SW2" not in str(refused.value)
    typed = by_worker({"0": Held("North", "Ann")}, "ssda903", told.tables)
    assert typed.of_child["0"] == "Ann" and typed.of_child["1"] == "SW1"


def test_each_place_that_tells_a_group_is_a_column_of_its_source():
    """What tells worker, provider and school is data, and every column of it exists."""
    for place in read_csv("rules/groups"):
        form = form_of(place["source"])
        assert place["kind"] in UNKNOWN and place["kind"] in kinds_of(place["source"])
        columns = form.table(place["table"]).columns
        assert place["column"] in columns and (not place["latest"] or place["latest"] in columns)
        if place["through"]:
            other, _, pair = place["through"].partition(".")
            assert set(pair.split(">")) <= set(form.table(other).columns)


ROWS = st.lists(st.sampled_from(["2025-06-01", "2025-06-03"]), min_size=1, max_size=30)


@settings(max_examples=15, deadline=None)
@given(ROWS)
def test_teams_add_up_to_the_whole_and_a_good_row_more_never_worsens(ends):
    """Property: no child is lost or counted twice; one sound plan more lowers no share."""
    rows = [(f"c{n}", "2025-06-02", end) for n, end in enumerate(ends)]
    holders = {f"c{n}": Held("North" if n % 2 else "South") for n in range(0, len(rows), 3)}

    def consistent(rows):
        told = check_tables("cin", 2026, plans(rows), codes=["8925"])
        table = team_scores(told, findings_table(told), holders).filter(dimension="consistency")
        whole = scores(told).filter(dimension="consistency").row(0, named=True)
        assert (table["k"].sum(), table["n"].sum()) == (whole["k"], whole["n"])
        return whole["share"]

    assert consistent([*rows, ("new", "2025-06-02", "2025-06-03")]) >= consistent(rows)


def test_a_rule_that_is_skipped_lowers_no_score():
    """Property: without the column that a rule needs its dimension is not tested, not bad."""
    rows = [(f"c{n}", "2025-06-02", "2025-06-01") for n in range(12)]
    broken = check_tables("cin", 2026, plans(rows), codes=["8925"])
    assert scores(broken).filter(dimension="consistency")["share"].to_list() == [0.0]
    skipped = {"ChildProtectionPlans": [{"LAchildID": c, "CPPstartDate": s} for c, s, _ in rows]}
    told = check_tables("cin", 2026, skipped, codes=["8925"])
    assert told.count("skipped") == 1
    (line,) = scores(told).filter(dimension="consistency").iter_rows(named=True)
    assert (line["k"], line["state"]) == (None, "not tested")
    own = team_scores(told, findings_table(told), {"c1": Held("North")})
    assert own.filter(dimension="consistency")["state"].unique().to_list() == ["not tested"]


def test_what_is_waived_does_not_count_against_a_team():
    rows = [(f"c{n}", "2025-06-02", "2025-06-01" if n == 0 else "2025-06-03") for n in range(12)]
    told = check_tables("cin", 2026, plans(rows), codes=["8925"])
    findings = findings_table(told)
    holders = {f"c{n}": Held("North") for n in range(12)}

    def k(table):
        return team_scores(told, table, holders).filter(dimension="consistency")["k"].to_list()

    assert k(findings) == [11]
    assert k(findings.with_columns(waived_by=pl.lit("A. Analyst"))) == [12]
