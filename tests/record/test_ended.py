"""A row whose end cannot be right has ended: begun, and open on no day (record 6 and 7)."""

from datetime import date, timedelta

import narwhals as nw
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.derive.activity import activity
from threecircles.record.derive.care import care_rules, period_of_care, placement_spell
from threecircles.record.derive.ended import ended
from threecircles.record.derive.journey import journey_definition, journey_state
from threecircles.record.derive.spell import spell
from threecircles.record.derive.stock import flows

FIRST, LAST = date(2025, 4, 1), date(2026, 3, 31)
ROWS = """
    row_id | person_id | process | valid_from | valid_to   | end_basis
    open   | P         | cin     | 2025-05-01 |            |
    lost   | Q         | cin     | 2025-06-01 |            | unknown
    before | Q         | cin     | 2025-04-10 | 2025-05-10 | stated
"""


def test_a_lost_end_is_begun_and_is_not_open(engine, table):
    """A4: it counts among starts and ends, in no stock but that of the row that is truly open."""
    counted = collect(flows(ended(engine.frame(table(ROWS))), "cin", FIRST, LAST))
    assert dict(counted.select("figure", "rows").iter_rows()) == {
        "stock_before": 0, "starts": 3, "ends": 2, "stock_after": 1, "any_point": 3,
    }  # fmt: skip


def test_a_lost_end_has_no_days_and_is_a_spell_of_its_own(engine, table, rows):
    frame = ended(engine.frame(table(ROWS)))
    told = rows(spell(frame), "person_id", "spell", "valid_from", "valid_to")
    assert told == [
        ("P", 1, date(2025, 5, 1), None),
        ("Q", 1, date(2025, 4, 10), date(2025, 5, 10)),
        ("Q", 2, date(2025, 6, 1), date(2025, 6, 1)),
    ]
    events = engine.frame(
        pl.DataFrame({"person_id": ["P"], "process": ["cin"], "on_date": [date(2020, 1, 1)]})
    )
    done = rows(activity(frame, events, FIRST, LAST), "unit", "quantity", "children")
    assert done == [("child_day", 365.0, 2), ("child_week", 365.0 / 7, 2), ("episode", 3.0, 2)]


def test_a_journey_ends_with_the_last_day_that_is_known(engine, table, rows):
    frame = ended(engine.frame(table(ROWS))).with_columns(start_unknown=nw.lit(False))
    told = rows(journey_state(frame, journey_definition(), LAST), "person_id", "n", "state", "days")
    assert told == [("P", 1, "cin", 335), ("Q", 1, "cin", 30)]


def test_care_goes_on_over_a_lost_end_and_stops_at_one(engine, table, rows):
    """K2: a row before with an end that cannot be right makes no break; a last one ends the period."""
    cared = engine.frame(
        table("""
            row_id | person_id | valid_from | reason_in | ls | place | valid_to   | end_basis | reason_out
            c1     | Q         | 2025-04-01 | S         | C2 | U6    |            | unknown   | X1
            c2     | Q         | 2025-06-01 | P         | C2 | U6    | 2025-09-01 | stated    | E4A
            c3     | R         | 2025-04-01 | S         | C2 | U6    | 2025-06-01 | stated    | X1
            c4     | R         | 2025-06-01 | P         | C2 | U6    |            | unknown   | E4A
        """)
    )
    periods = period_of_care(cared, care_rules())
    assert rows(periods, "person_id", "period", "valid_from", "valid_to", "n_rows") == [
        ("Q", 1, date(2025, 4, 1), date(2025, 9, 1), 2),
        ("R", 1, date(2025, 4, 1), date(2025, 6, 1), 2),
    ]
    placed = rows(placement_spell(cared, care_rules()), "person_id", "spell", "valid_to")
    assert placed == [
        ("Q", 1, date(2025, 4, 1)),
        ("Q", 2, date(2025, 9, 1)),
        ("R", 1, date(2025, 6, 1)),
        ("R", 2, date(2025, 6, 1)),
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(0, 60),
            st.one_of(st.none(), st.just("unknown"), st.integers(0, 30)),
        ),
        max_size=25,
    ),
    st.integers(0, 60),
    st.integers(0, 40),
)
@settings(max_examples=300, deadline=None)
def test_stocks_and_flows_add_up_with_ends_that_are_lost(cells, first, length):
    """A4: stock(b) = stock(a - 1) + starts - ends and any point = stock(a - 1) + starts, row for row."""
    zero = date(2024, 1, 1)
    made = [
        (
            str(i), f"p{person}", "cin", zero + timedelta(start),
            zero + timedelta(start + end) if isinstance(end, int) else None,
            end if end == "unknown" else None,
        )
        for i, (person, start, end) in enumerate(cells)
    ]  # fmt: skip
    dates = {"valid_from": pl.Date, "valid_to": pl.Date}
    names = {"row_id": pl.String, "person_id": pl.String, "process": pl.String}
    table = pl.DataFrame(made, schema={**names, **dates, "end_basis": pl.String}, orient="row")
    frame = ended(make("polars").frame(table))
    a, b = zero + timedelta(first), zero + timedelta(first + length)
    told = dict(collect(flows(frame, "cin", a, b)).select("figure", "rows").iter_rows())
    assert told["stock_after"] == told["stock_before"] + told["starts"] - told["ends"]
    assert told["any_point"] == told["stock_before"] + told["starts"]
    open_ = sum(end is None and zero + timedelta(start) <= b for _, start, end in cells)
    later = sum(
        isinstance(end, int) and start <= first + length < start + end for _, start, end in cells
    )
    assert told["stock_after"] == open_ + later
