"""Contacts, hand-offs, first signs, circle flags and activity."""

from datetime import date

import polars as pl

from threecircles.core.engines import collect
from threecircles.record.derive.activity import activity
from threecircles.record.derive.circle_flags import circle_flags
from threecircles.record.derive.contact_path import contact_path, contact_path_rule
from threecircles.record.derive.first_sign import first_sign, first_sign_rule, signs
from threecircles.record.derive.history import history_extract
from threecircles.record.derive.repeat_plan import repeat_plan, repeat_plan_rule
from threecircles.record.derived import first_help, told_signs

LAST = date(2026, 3, 31)


def test_days_run_from_the_first_contact_to_the_first_help(engine, table):
    episodes = table("""
        row_id | person_id | process               | body    | valid_from | valid_to
        a      | P         | early_help            | school  | 2025-05-01 | 2025-08-01
        b      | P         | cin                   | council | 2025-07-15 |
        c      | P         | early_help_assessment | school  | 2025-05-01 | 2025-05-20
        d      | P         | assessment            | council | 2025-07-16 | 2025-08-20
    """)
    events = table("""
        person_id | process    | on_date
        P         | early_help | 2025-04-21
        Q         | referral   | 2025-06-01
    """)
    found = collect(
        contact_path(
            engine.frame(episodes), engine.frame(events), ["early_help", "cin"], contact_path_rule()
        ),
        ["person_id"],
    )
    assert found.select(
        "person_id", "help_process", "days", "hand_offs", "duplicate_assessments", "most_at_once"
    ).rows() == [("P", "early_help", 10, 1, 1, 2), ("Q", None, None, 0, 0, 0)]


def test_the_first_help_after_a_sign_a_prior_help_and_none_at_all(engine, table):
    """A17 K7: 100 days; help before the sign; censored at 396 days to the end of 31 March 2026."""
    told = table("""
        person_id | sign_id    | sign_on
        P         | suspension | 2025-01-10
        Q         | suspension | 2025-01-10
        R         | suspension | 2025-03-01
    """)
    helps = table("""
        row_id | person_id | process    | valid_from
        a      | P         | early_help | 2025-04-20
        b      | Q         | cpp        | 2024-12-01
        c      | Q         | early_help | 2025-04-20
    """)
    found = collect(
        first_sign(
            engine.frame(told), engine.frame(helps), first_sign_rule(), LAST, date(2024, 9, 1)
        ),
        ["person_id"],
    )
    shown = found.select("person_id", "days", "censored", "prior_help", "first_help_statutory")
    assert shown.rows() == [
        ("P", 100, False, "no", False),
        ("Q", None, False, "yes", True),
        ("R", 396, True, "no", None),
    ]


def test_a_history_that_begins_later_makes_unknown_not_none(engine, table):
    """A17: history_from moved later turns children to unknown, none to "no sign"."""
    told = table("""
        person_id | sign_id    | sign_on
        P         | suspension | 2025-01-10
    """)
    helps = table("""
        row_id | person_id | process    | valid_from
        a      | P         | early_help | 2025-04-20
    """)
    found = first_sign(
        engine.frame(told), engine.frame(helps), first_sign_rule(), LAST, date(2025, 2, 1)
    )
    assert collect(found)["prior_help"].to_list() == ["unknown"]


def test_of_signs_and_of_helps_on_one_day_the_first_by_its_name_and_its_row_counts(engine, table):
    """A17: one row per child, whatever else happened on the day of its first sign and of its first help."""
    told = table("""
        person_id | sign_id                | sign_on
        P         | suspension             | 2025-01-10
        P         | police-notification    | 2025-01-10
        P         | absence-over-10        | 2025-04-10
        Q         | suspension             | 2025-01-10
        Q         | suspension             | 2025-01-10
    """)
    helps = table("""
        row_id | person_id | process    | valid_from
        b      | P         | early_help | 2025-01-20
        a      | P         | cpp        | 2025-01-20
        c      | P         | camhs      | 2025-03-01
        d      | R         | camhs      | 2025-03-01
    """)
    found = collect(
        first_sign(engine.frame(told), engine.frame(helps), first_sign_rule(), LAST, None),
        ["person_id"],
    )
    columns = ("person_id", "sign_id", "sign_on", "help_process", "days", "first_help_statutory")
    on = date(2025, 1, 10)
    assert found.select(columns).rows() == [
        ("P", "police-notification", on, "cpp", 10, True),
        ("Q", "suspension", on, None, 446, None),
    ]


def test_a_sign_of_nobody_known_is_nobodys_first_sign(engine, table):
    """A17: rows that no person is linked to show no child's sign, and join no help of theirs."""
    events = table("""
        person_id | process    | event | result_code | on_date
        P         | suspension | SUSP  |             | 2025-11-05
                  | suspension | SUSP  |             | 2025-11-05
    """).with_columns(pl.col("result_code").cast(pl.String))
    measures = table("""
        person_id | measure_id | item_or_scale | value | on_date
                  | sdq        | total         | 17    | 2026-03-31
    """).with_columns(pl.col("person_id").cast(pl.String), pl.col("value").cast(pl.Float64))
    helps = table("""
        row_id | person_id | process | valid_from
        a      |           | cin     | 2025-12-01
    """).with_columns(pl.col("person_id").cast(pl.String))
    told = told_signs(engine.frame(events), engine.frame(measures), engine)
    found = first_help(told, engine.frame(helps), LAST, None)
    assert found.select("person_id", "help_process").rows() == [("P", None)]


def test_absence_over_a_tenth_of_a_term_is_a_sign(engine, table, rows):
    measures = table(
        """
        person_id | measure_id | item_or_scale     | value | on_date
        P         | attendance | sessions_possible | 100   | 2026-01-15
        P         | attendance | I                 | 8     | 2026-01-15
        P         | attendance | O                 | 3     | 2026-01-15
        Q         | attendance | sessions_possible | 100   | 2026-01-15
        Q         | attendance | I                 | 10    | 2026-01-15
        Q         | attendance | Z                 | 50    | 2026-01-15
        """,
    ).with_columns(pl.col("value").cast(pl.Float64))
    events = table("""
        person_id | process    | event  | result_code | on_date
        Q         | suspension | SUSP   |             | 2025-11-05
        Q         | offence    | proven |             | 2025-11-05
    """).with_columns(pl.col("result_code").cast(pl.String))
    found = signs(engine.frame(events), engine.frame(measures), first_sign_rule())
    assert rows(found, "person_id", "sign_id") == [("P", "absence-over-10"), ("Q", "suspension")]


def test_scores_past_their_cut_and_visits_for_a_named_cause_are_signs(engine, table, rows):
    """A17: below the cut at two, no good level at five, the highest band, a cause on the list."""
    measures = table("""
        person_id | measure_id | item_or_scale | value | on_date
        P         | asq_3      | communication | 25    | 2025-06-01
        Q         | asq_3      | communication | 30    | 2025-06-01
        R         | eyfsp      | gld           | 0     | 2025-06-30
        S         | eyfsp      | gld           | 1     | 2025-06-30
        T         | sdq        | total         | 17    | 2026-03-31
        U         | sdq        | total         | 16    | 2026-03-31
    """).with_columns(pl.col("value").cast(pl.Float64))
    events = table("""
        person_id | process | event    | result_code | on_date
        V         | a_and_e | attended | self_harm   | 2025-11-05
        W         | a_and_e | attended | illness     | 2025-11-05
    """)
    found = signs(engine.frame(events), engine.frame(measures), first_sign_rule())
    assert rows(found, "person_id", "sign_id") == [
        ("P", "talking-below-cut"),
        ("R", "good-level-not-reached"),
        ("T", "sdq-highest-band"),
        ("V", "accident-and-emergency"),
    ]


def test_a_service_touching_the_window_puts_a_child_in_the_circle(engine, table):
    episodes = table("""
        person_id | process     | valid_from | valid_to
        a         | cin         | 2025-01-01 | 2025-04-02
        a         | early_help  | 2026-03-31 |
        b         | cin         | 2024-01-01 | 2025-03-31
        c         | sen_support | 2025-06-01 |
    """)
    found = collect(
        circle_flags(engine.frame(episodes), ["cin", "early_help"], date(2025, 4, 1), LAST),
        ["person_id"],
    )
    assert found.select("person_id", "first_day", "last_day", "n_services").rows() == [
        ("a", date(2025, 4, 1), LAST, 2)
    ]


def test_activity_counts_days_weeks_starts_and_events(engine, table):
    episodes = table("""
        person_id | process | valid_from | valid_to
        a         | cin     | 2025-04-01 | 2025-04-15
        b         | cin     | 2026-03-25 |
    """)
    events = table("""
        person_id | process | on_date
        a         | cin     | 2025-04-03
    """)
    found = collect(
        activity(engine.frame(episodes), engine.frame(events), date(2025, 4, 1), LAST), ["unit"]
    )
    assert dict(found.select("unit", "quantity").iter_rows()) == {
        "child_day": 21.0,
        "child_week": 3.0,
        "episode": 2.0,
        "event": 1.0,
    }


def test_a_second_plan_is_told_in_three_ways(engine, table):
    plans = table("""
        row_id | person_id | valid_from | valid_to   | previous_plans
        a      | P         | 2020-01-01 | 2020-06-01 | 0
        b      | P         | 2022-06-01 | 2022-12-01 | 1
        c      | P         | 2025-01-01 |            | 3
    """)
    found = collect(repeat_plan(engine.frame(plans), repeat_plan_rule()), ["row_id"])
    shown = found.select("plans_held", "earlier_plan", "within_months", "by_count")
    assert shown.rows() == [
        (0, False, False, False),
        (1, True, True, False),
        (2, True, False, True),
    ]


def test_a_research_history_holds_no_date(engine, table):
    journeys = table("""
        person_id | n | state | valid_from | days | all_states | censored
        P         | 1 | cin   | 2025-04-01 | 61   | cin        | none
    """)
    persons = pl.DataFrame({"person_id": ["P"], "birth_month": [date(2015, 3, 1)]})
    found = collect(history_extract(engine.frame(journeys), engine.frame(persons)))
    assert found.select("months", "age_years").rows() == [(2.0, 10)]
    assert pl.Date not in found.dtypes


def test_work_for_nobody_known_is_work_and_no_child(engine, table, rows):
    """Each row counts for itself, each child once; a row that no person is linked to counts no child."""
    episodes = table("""
        person_id | process | valid_from | valid_to
        a         | cin     | 2025-03-01 | 2025-04-03
        a         | cin     | 2025-06-01 | 2025-06-02
        b         | cin     | 2025-06-01 | 2025-06-01
                  | cin     | 2025-07-01 | 2025-07-11
        b         | cpp     | 2020-01-01 | 2025-03-31
    """)
    events = table("""
        person_id | process  | on_date
        a         | referral | 2025-04-01
        a         | referral | 2026-03-31
                  | referral | 2025-05-01
        b         | referral | 2026-04-01
    """)
    found = activity(engine.frame(episodes), engine.frame(events), date(2025, 4, 1), LAST)
    assert rows(found, "process", "unit", "quantity", "children") == [
        ("cin", "child_day", 13.0, 1),
        ("cin", "child_week", 13 / 7, 1),
        ("cin", "episode", 3.0, 2),
        ("referral", "event", 3.0, 1),
    ]
