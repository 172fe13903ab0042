"""Known answers K1 to K4 of the record's page, on every engine."""

from datetime import date

import narwhals as nw
import polars as pl
import pytest

from threecircles.core.engines import collect
from threecircles.record.derive.care import (
    care_rules,
    carer_spell,
    days_in_care,
    legal_spell,
    period_of_care,
    placement_spell,
)
from threecircles.record.derive.journey import journey_definition, journey_state
from threecircles.record.derive.re_referral import re_referral, re_referral_rule
from threecircles.record.derive.school import phase, school_year
from threecircles.record.derive.stock import any_point, count, flows, stock

START, END = date(2025, 4, 1), date(2026, 3, 31)

CIN = """
    row_id | person_id | process | valid_from | valid_to
    r1     | P1        | cin     | 2025-04-10 | 2025-07-01
    r2     | P2        | cin     | 2024-05-01 |
    r3     | P3        | cin     | 2026-03-31 | 2026-03-31
    r4     | P4        | cin     | 2025-01-05 | 2026-03-31
"""
REFERRALS = """
    row_id | person_id | on_date
    e1     | P1        | 2025-04-10
    e2     | P1        | 2025-11-20
    e3     | P3        | 2026-03-31
"""
CARE = """
    row_id | person_id | valid_from | reason_in | ls | place | provider | valid_to   | end_basis | reason_out
    c1     | Q         | 2024-06-10 | S         | V2 | U6    | PR1      | 2024-09-01 | stated    | X1
    c2     | Q         | 2024-09-01 | P         | V2 | U6    | PR4      | 2025-01-15 | stated    | X1
    c3     | Q         | 2025-01-15 | L         | C1 | U6    | PR4      | 2025-08-20 | stated    | X1
    c4     | Q         | 2025-08-20 | B         | C2 | K2    | PR4      | 2026-02-10 | stated    | E4A
    c5     | Q         | 2026-03-01 | S         | V2 | U6    | PR1      |            |           |
"""


def days(frame):
    """Lengths of closed rows in order of start; None for an open one."""
    table = collect(frame, ["valid_from"])
    return [
        (to - start).days if to else None
        for start, to in zip(table["valid_from"], table["valid_to"], strict=True)
    ]


def test_a_closure_dated_31_march_is_not_open_on_31_march(engine, table):
    """K1: stock, starts, ends and any point of the year to 31 March 2026."""
    cin = engine.frame(table(CIN))
    counted = collect(flows(cin, "cin", START, END), ["figure"])
    assert dict(zip(counted["figure"], counted["persons"], strict=True)) == {
        "stock_before": 2,
        "starts": 2,
        "ends": 3,
        "stock_after": 1,
        "any_point": 4,
    }
    assert collect(stock(cin, "cin", END)).rows() == [(1, 1)]


def test_a_row_of_nobody_known_is_counted_as_a_row_only(engine, table, rows):
    """K1: stock counts rows and distinct persons; a record that was linked to nobody is no person."""
    held = engine.frame(
        table(CIN + "    r5 | | cin | 2025-06-01 | \n    r6 | P2 | cin | 2025-06-01 |")
    )
    assert collect(stock(held, "cin", END)).rows() == [(3, 1)]
    assert rows(stock(held, "cin", END, ["process"]), "process", "rows", "persons") == [
        ("cin", 3, 1)
    ]
    assert collect(stock(held, "cpp", END)).rows() == [(0, 0)]
    assert collect(stock(held, "cpp", END, ["process"])).rows() == []


def test_a_referral_within_twelve_months_of_another_is_a_repeat(engine, table, rows):
    """K1: three referrals in the year, one of them a repeat."""
    told = re_referral(engine.frame(table(REFERRALS)), re_referral_rule(), None)
    assert rows(told, "row_id", "re_referral") == [("e1", "no"), ("e2", "yes"), ("e3", "no")]


@pytest.mark.parametrize(("day", "repeat"), [("2026-11-20", "yes"), ("2026-11-21", "no")])
def test_twelve_months_to_the_day_still_counts(engine, table, rows, day, repeat):
    """K1: a P1 referral on 20 November 2026 is a repeat, on 21 November not."""
    told = re_referral(
        engine.frame(table(REFERRALS + f"    e4 | P1 | {day}")), re_referral_rule(), None
    )
    assert ("e4", repeat) in rows(told, "row_id", "re_referral")


def test_referrals_of_one_day_do_not_repeat_each_other(engine, table, rows):
    told = re_referral(
        engine.frame(
            table("""
                row_id | person_id | on_date
                a      | P         | 2025-05-01
                b      | P         | 2025-05-01
            """)
        ),
        re_referral_rule(),
        date(2020, 4, 1),
    )
    assert rows(told, "row_id", "re_referral") == [("a", "no"), ("b", "no")]


def test_a_look_back_before_the_history_is_unknown_not_no(engine, table, rows):
    told = re_referral(engine.frame(table(REFERRALS)), re_referral_rule(), date(2025, 1, 1))
    assert rows(told, "row_id", "re_referral") == [("e1", "unknown"), ("e2", "yes"), ("e3", "no")]


def test_a_gap_ends_a_period_of_care(engine, table):
    """K2: periods of 610 days and an open one; the gap between them is 19 days."""
    periods = collect(
        period_of_care(engine.frame(table(CARE)), care_rules()), ["person_id", "period"]
    )
    assert periods.select("valid_from", "valid_to", "reason_out", "n_rows").rows() == [
        (date(2024, 6, 10), date(2026, 2, 10), "E4A", 4),
        (date(2026, 3, 1), None, None, 1),
    ]
    first, second = periods.rows(named=True)
    assert (first["valid_to"] - first["valid_from"]).days == 610
    assert (second["valid_from"] - first["valid_to"]).days == 19
    assert (date(2026, 4, 1) - second["valid_from"]).days == 31
    assert periods["starts_disagree"].to_list() == [False, False]


def test_a_change_of_legal_status_is_not_a_new_placement(engine, table):
    """K2: placement spells of 83, 353 and 174 days and an open one; three touch the year."""
    spells = placement_spell(engine.frame(table(CARE)), care_rules())
    assert days(spells) == [83, 353, 174, None]
    assert collect(count(any_point(spells, START, END)))["rows"].to_list() == [3]


def test_a_legal_status_lasts_over_changes_of_placement(engine, table):
    """K2: legal spells of 219, 217 and 174 days and an open one."""
    assert days(legal_spell(engine.frame(table(CARE)), care_rules())) == [219, 217, 174, None]


def test_a_carer_changes_with_the_placement_and_carer(engine, table):
    spells = carer_spell(engine.frame(table(CARE)), care_rules())
    assert days(spells) == [83, 353, 174, None]


def test_days_in_care_count_the_first_day_and_not_the_last(engine, table):
    """K2: 346 days in care in the year to 31 March 2026."""
    periods = period_of_care(engine.frame(table(CARE)), care_rules())
    assert collect(days_in_care(periods, START, END)).rows() == [("Q", 346)]


def test_the_highest_state_of_each_day_makes_the_journey(engine, table):
    """K3: early help 90, child in need 276, protection plan 303, child in need 121 days."""
    episodes = table(
        """
        row_id | person_id | process    | valid_from | valid_to   | start_unknown
        a      | P         | early_help | 2024-02-01 | 2024-05-01 |
        b      | P         | cin        | 2024-05-01 |            |
        c      | P         | cpp        | 2025-02-01 | 2025-12-01 |
    """,
        start_unknown=pl.Boolean,
    )
    found = collect(
        journey_state(engine.frame(episodes), journey_definition(), END), ["person_id", "n"]
    )
    told = found.select("state", "days", "all_states", "entered_by", "censored").rows()
    assert told == [
        ("early_help", 90, "early_help", "a", "none"),
        ("cin", 276, "cin", "b", "none"),
        ("cpp", 303, "cpp cin", "c", "none"),
        ("cin", 121, "cin", None, "right"),
    ]
    assert sum(found["days"]) == 790 == (date(2026, 4, 1) - date(2024, 2, 1)).days


def test_school_years_change_between_august_and_september(engine):
    """K4: born August 2014 is in Year 7 in 2025/26, born September 2014 in Year 6."""
    births = pl.DataFrame({"born": [date(2014, 8, 1), date(2014, 9, 1), date(2024, 9, 1)]})
    found = collect(
        engine.frame(births)
        .with_columns(year=school_year(nw.col("born"), 2026))
        .with_columns(phase=phase(nw.col("year"))),
        ["born"],
    )
    assert found["year"].to_list() == [7, 6, None]
    assert found["phase"].to_list() == ["secondary", "primary", None]
