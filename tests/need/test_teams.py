"""A team's own work is counted as children, never as rows, workers or another team's."""

from datetime import date

import narwhals as nw
import polars as pl

from threecircles.definitions import HOME
from threecircles.need.teams import RecordingTeam, recording_teams, team_work
from threecircles.record.vocabulary import processes

LAST = date(2026, 3, 31)
TEAM = RecordingTeam(
    id="t", label="T", source="test", sources=["x"], processes=["cin", "cpp"], clocks=["assessment"], comes_back=True,
)  # fmt: skip


def lazy(rows, schema):
    return nw.from_native(pl.DataFrame(rows, schema=schema, orient="row").lazy())


def counted():
    episodes = lazy(
        [("a", "cin", date(2025, 1, 1), None), ("a", "cin", date(2025, 6, 1), None), ("b", "cpp", date(2025, 2, 1), date(2026, 1, 10)),
         ("b", "cla", date(2026, 1, 10), None), ("c", "cin", date(2024, 1, 1), date(2025, 9, 1))],
        {"person_id": pl.String, "process": pl.String, "valid_from": pl.Date, "valid_to": pl.Date},
    )  # fmt: skip
    clocks = lazy(
        [("a", "assessment", None, 42, 45, date(2026, 2, 1), "not_yet_due"), ("b", "assessment", None, 10, 45, date(2026, 3, 1), "not_yet_due"),
         ("c", "assessment", None, 50, 45, date(2026, 1, 1), "missed"), ("c", "assessment", date(2025, 12, 1), 60, 45, date(2025, 9, 1), "missed"), ("a", "assessment", date(2025, 8, 1), 30, 45, date(2025, 6, 1), "met"),
         ("a", "other", None, 50, 45, date(2026, 1, 1), "missed")],
        {"person_id": pl.String, "process": pl.String, "to_on": pl.Date, "taken": pl.Int64, "time_limit": pl.Int64,
         "from_on": pl.Date, "result": pl.String},
    )  # fmt: skip
    again = lazy(
        [
            ("a", date(2025, 6, 1), "yes"),
            ("c", date(2025, 5, 1), "no"),
            ("b", date(2024, 5, 1), "yes"),
        ],
        {"person_id": pl.String, "on_date": pl.Date, "re_referral": pl.String},
    )
    return team_work([TEAM], episodes, clocks, again, LAST)


def told(rows, part):
    return {(i, s): n for i, s, n in rows.filter(pl.col("part") == part).select("item", "state", "n").rows()}  # fmt: skip


def test_open_children_count_once_however_many_episodes():
    """report A22: two open episodes of one child are one child."""
    assert told(counted(), "open") == {("cin", ""): 1}
    assert told(counted(), "past")["2025-06-30", ""] == 3


def test_a_clock_is_met_due_soon_due_later_or_overdue():
    """report A22, section 5: states of clocks; another team's clock is not counted."""
    assert told(counted(), "clock") == {
        ("assessment", "met"): 1, ("assessment", "due within 5 working days"): 1,
        ("assessment", "due later"): 1, ("assessment", "overdue"): 1, ("assessment", "done late"): 1,
    }  # fmt: skip


def test_what_came_next_and_who_came_back_are_counted():
    """report A22, section 5: journeys of the team's children and repeated referrals of the year."""
    assert told(counted(), "next") == {("cin", ""): 1, ("cpp", "cla"): 1}
    assert told(counted(), "again") == {("", "no"): 1, ("", "yes"): 1}


def test_no_row_says_which_child_or_which_worker():
    """report A22: the table has no column that could name either."""
    assert counted().columns == ["team", "part", "item", "state", "n"]
    assert len(recording_teams()) == 8


def test_every_team_names_work_and_sources_that_exist():
    """report A22: a misspelt process would leave a team without its work, and nobody would see it."""
    known = {p.stem for p in (HOME / "sources").glob("*.yaml")}
    for team in recording_teams().values():
        assert {*team.processes, *team.clocks} <= set(processes()), team.id
        assert set(team.sources) <= known, team.id


def test_a_place_without_a_source_has_no_such_part():
    """report A18, A22: nothing received is no row, never nought children."""
    rows = team_work([TEAM], None, None, None, LAST)
    assert rows.is_empty()


def test_days_before_a_teams_first_record_are_not_counted_as_nought():
    """report A22: what is not known is left out."""
    assert [i for i, _ in told(counted(), "past")] == [
        "2026-03-31",
        "2025-12-31",
        "2025-09-30",
        "2025-06-30",
    ]
    late = lazy(
        [("a", "cin", date(2026, 1, 15), None)],
        {"person_id": pl.String, "process": pl.String, "valid_from": pl.Date, "valid_to": pl.Date},
    )
    assert told(team_work([TEAM], late, None, None, LAST), "past") == {("2026-03-31", ""): 1}
