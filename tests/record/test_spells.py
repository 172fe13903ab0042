"""Spells against a count of days one by one (record A9), and what stocks and days must add up to (A4)."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.core.engines import collect
from threecircles.core.engines import engine as make
from threecircles.record.derive.activity import child_days
from threecircles.record.derive.spell import spell
from threecircles.record.derive.stock import flows

ZERO = date(2024, 1, 1)
SPAN = 60


def random_rows(persons, seed):
    """One to five intervals a person; one in ten open; some of no length."""
    rng = np.random.default_rng(seed)
    cells, number = [], 0
    for person in range(persons):
        for _ in range(int(rng.integers(1, 6))):
            start = int(rng.integers(0, SPAN))
            end = None if rng.random() < 0.1 else start + int(rng.integers(0, 15))
            cells.append((f"r{number:06}", f"p{person:05}", ZERO + timedelta(start),
                          None if end is None else ZERO + timedelta(end)))  # fmt: skip
            number += 1
    schema = {
        "row_id": pl.String,
        "person_id": pl.String,
        "valid_from": pl.Date,
        "valid_to": pl.Date,
    }
    return pl.DataFrame(cells, schema=schema, orient="row")


def days_one_by_one(rows):
    """(person, day) on which any of a person's intervals holds, up to a horizon."""
    held = set()
    columns = rows.select("row_id", "person_id", "valid_from", "valid_to")
    for _, person, start, end in columns.iter_rows():
        last = (end or ZERO + timedelta(SPAN + 40)) - timedelta(1)
        for i in range((last - start).days + 1):
            held.add((person, start + timedelta(i)))
    return held


def spells(rows, engine=None, **more):
    frame = (engine or make("polars")).frame(rows)
    found = collect(spell(frame, **more), ["person_id", "valid_from"])
    return found.select("person_id", "valid_from", "valid_to").rows()


def check(persons, seed, engine):
    rows = random_rows(persons, seed)
    found = spells(rows, engine)
    as_rows = pl.DataFrame(
        [(str(i), *s) for i, s in enumerate(found)],
        schema=["row_id", "person_id", "valid_from", "valid_to"],
        orient="row",
    )
    assert days_one_by_one(as_rows) == days_one_by_one(rows)
    before = {}
    for person, start, end in found:
        assert person not in before or (before[person] is not None and start > before[person])
        before[person] = end


def test_spells_hold_on_the_days_that_rows_hold_and_never_touch(engine):
    """A9 on 300 persons."""
    check(300, 1, engine)


@pytest.mark.slow
def test_spells_of_ten_thousand_persons(engine):
    """A9 on 10,000 persons."""
    check(10_000, 2, engine)


def test_spells_do_not_depend_on_order_duplicates_or_how_an_interval_is_cut():
    """A9: invariant to row order, duplicate rows, and splitting an interval in two."""
    rows = random_rows(200, 3)
    expected = spells(rows)
    assert spells(rows.sample(fraction=1.0, shuffle=True, seed=1)) == expected
    assert spells(pl.concat([rows, rows.with_columns(row_id=pl.col("row_id") + "x")])) == expected
    long = (pl.col("valid_to") - pl.col("valid_from")).dt.total_days() > 1
    cut = pl.col("valid_from") + pl.duration(days=1)
    first = rows.filter(long).with_columns(valid_to=cut.cast(pl.Date))
    second = rows.filter(long).with_columns(
        valid_from=cut.cast(pl.Date), row_id=pl.col("row_id") + "b"
    )
    whole = rows.filter(~long.fill_null(False))
    assert spells(pl.concat([whole, first, second])) == expected


def test_a_gap_within_the_bridge_is_no_break(engine, table):
    rows = table("""
        row_id | person_id | valid_from | valid_to
        a      | P         | 2025-01-01 | 2025-01-10
        b      | P         | 2025-01-15 | 2025-02-01
        c      | P         | 2025-03-01 |
    """)
    found = collect(spell(engine.frame(rows), bridge_days=5), ["valid_from"])
    assert found.select("valid_from", "valid_to", "n_rows", "n_bridged").rows() == [
        (date(2025, 1, 1), date(2025, 2, 1), 2, 1),
        (date(2025, 3, 1), None, 1, 0),
    ]
    assert found.select("first_row_id", "last_row_id").rows() == [("a", "b"), ("c", "c")]


intervals = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 50), st.one_of(st.none(), st.integers(0, 20))),
    min_size=1,
    max_size=20,
)


@settings(max_examples=50, deadline=None)
@given(intervals, st.integers(0, 50), st.integers(0, 30))
def test_stock_after_is_stock_before_plus_starts_less_ends(cells, first, length):
    """A4: after any edit of intervals the identities of stocks and flows hold, row for row."""
    rows = pl.DataFrame(
        [
            (str(i), f"p{p}", "cin", ZERO + timedelta(a), None if n is None else ZERO + timedelta(a + n))
            for i, (p, a, n) in enumerate(cells)
        ],
        schema={"row_id": pl.String, "person_id": pl.String, "process": pl.String,
                "valid_from": pl.Date, "valid_to": pl.Date},
        orient="row",
    )  # fmt: skip
    frame, a, b = (
        make("polars").frame(rows),
        ZERO + timedelta(first),
        ZERO + timedelta(first + length),
    )
    told = dict(collect(flows(frame, "cin", a, b)).select("figure", "rows").iter_rows())
    assert told["stock_after"] == told["stock_before"] + told["starts"] - told["ends"]
    assert told["any_point"] == told["stock_before"] + told["starts"]


def test_child_days_add_up_over_any_split_of_a_period(engine):
    """A4: any split of a period conserves child-days."""
    rows = random_rows(100, 4).with_columns(process=pl.lit("cin"))
    frame = engine.frame(rows)

    def days(first, last):
        found = collect(child_days(frame, first, last))
        return found["quantity"].sum()

    last = ZERO + timedelta(SPAN)
    whole = days(ZERO, last)
    for cut in (1, 17, 44):
        middle = ZERO + timedelta(cut)
        assert days(ZERO, middle) + days(middle + timedelta(1), last) == whole
    held = days_one_by_one(rows)
    assert whole >= len({d for d in held if d[1] <= last})
