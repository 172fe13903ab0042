"""Clocks: met, missed, not yet due, cannot tell."""

from datetime import date

import polars as pl

from threecircles.core.engines import collect
from threecircles.record.derive.clocks import clocked
from threecircles.record.derive.timeliness import timeliness, working_days
from threecircles.record.vocabulary import process


def test_an_unfinished_assessment_inside_its_limit_is_not_missed(engine, table, rows):
    cases = table("""
        row_id | person_id | from_on    | to_on
        met    | a         | 2026-01-05 | 2026-03-06
        missed | b         | 2025-10-01 | 2026-01-30
        due    | c         | 2026-03-02 |
        over   | d         | 2025-10-01 |
        back   | e         | 2026-03-02 | 2026-03-01
        blank  | f         |            | 2026-03-01
        lost   | g         | 2026-03-02 |
    """)
    clocked = cases.with_columns(
        time_limit=pl.lit(45),
        unit=pl.lit("working_days"),
        end_lost=pl.col("row_id") == "lost",
    )
    told = timeliness(engine.frame(clocked), engine.frame(working_days()), date(2026, 3, 31))
    assert dict(rows(told, "row_id", "result")) == {
        "met": "met",
        "missed": "missed",
        "due": "not_yet_due",
        "over": "missed",
        "back": "cannot_tell",
        "blank": "cannot_tell",
        "lost": "cannot_tell",
    }


def test_the_first_assessment_counts_from_the_referral_and_a_later_one_from_its_start(
    engine, table
):
    episodes = table("""
        row_id | person_id | process    | parent_row_id | valid_from | valid_to   | end_basis
        cin    | P         | cin        |               | 2025-04-01 |            |
        one    | P         | assessment | cin           | 2025-04-07 | 2025-05-20 | stated
        two    | P         | assessment | cin           | 2025-11-03 |            | unknown
    """)
    events = table("""
        row_id | person_id | process | event | episode_row_id | on_date
        x      | P         | icpc    | held  | none           | 2025-04-01
    """)
    assessment = process("assessment")
    found = clocked(engine.frame(episodes), engine.frame(events), assessment, assessment.clocks[0])
    assert collect(found, ["row_id"]).select("row_id", "from_on", "to_on", "end_lost").rows() == [
        ("one", date(2025, 4, 1), date(2025, 5, 20), False),
        ("two", date(2025, 11, 3), None, True),
    ]


def test_a_conference_is_awaited_while_the_enquiry_is_open(engine, table):
    episodes = table("""
        row_id | person_id | process   | parent_row_id | valid_from | valid_to   | end_basis
        held   | P         | section47 |               | 2025-04-01 | 2025-04-14 | stated
        waits  | Q         | section47 |               | 2026-03-20 |            |
        none   | R         | section47 |               | 2025-06-02 | 2025-06-02 | stated
        lost   | S         | section47 |               | 2025-07-01 |            | unknown
    """)
    events = table("""
        row_id | person_id | process | event | episode_row_id | on_date
        x      | P         | icpc    | held  | held           | 2025-04-14
    """)
    icpc = process("icpc")
    found = clocked(engine.frame(episodes), engine.frame(events), icpc, icpc.clocks[0])
    assert collect(found, ["row_id"]).select("row_id", "from_on", "to_on").rows() == [
        ("held", date(2025, 4, 1), date(2025, 4, 14)),
        ("waits", date(2026, 3, 20), None),
    ]
