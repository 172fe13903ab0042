"""Column arithmetic gives one answer on all engines, and the same as the functions for single values."""

from datetime import date, timedelta

import narwhals as nw
import polars as pl

from threecircles.core import expr
from threecircles.core.bands import Bands
from threecircles.core.dates import add_months, age_on, days_between
from threecircles.core.engines import collect
from threecircles.core.rounding import round_half_away

DAYS = [date(2007, 12, 30) + timedelta(days=37 * i) for i in range(180)] + [
    date(2008, 2, 29), date(2026, 2, 27), date(2026, 2, 28), date(2024, 2, 29), date(2026, 3, 31),
]  # fmt: skip


def column(engine, table, expression):
    frame = engine.frame(table.with_row_index("i"))
    return collect(frame.select("i", out=expression), ["i"])["out"].to_list()


def test_ages_count_completed_birthdays_on_every_engine(engine):
    births = [d for d in DAYS if d < date(2020, 1, 1)]
    pairs = [(b, d) for b in births[::7] + [date(2008, 2, 29)] for d in DAYS if d >= b]
    table = pl.DataFrame(pairs, schema=["birth", "day"], orient="row")
    assert column(engine, table, expr.age(nw.col("birth"), nw.col("day"))) == [
        age_on(*p) for p in pairs
    ]


def test_a_child_born_on_29_february_is_18_on_28_february():
    """record K4: born 2008-02-29: 17 on 2026-02-27, 18 on 2026-02-28."""
    assert [age_on(date(2008, 2, 29), date(2026, 2, d)) for d in (27, 28)] == [17, 18]


def test_months_end_where_the_month_ends_on_every_engine(engine):
    table = pl.DataFrame({"day": DAYS})
    for months in (12, 1, -1, -13, 24):
        assert column(engine, table, expr.add_months(nw.col("day"), months)) == [
            add_months(d, months) for d in DAYS
        ]


def test_days_between_are_equal_on_every_engine(engine):
    pairs = list(zip(DAYS, reversed(DAYS), strict=True))
    table = pl.DataFrame(pairs, schema=["a", "b"], orient="row")
    assert column(engine, table, expr.days_between(nw.col("a"), nw.col("b"))) == [
        days_between(*p) for p in pairs
    ]


def test_a_day_has_one_number_over_four_centuries_on_every_engine(engine):
    """Every day from 1600 to 2400: the calendar repeats itself after 400 years."""
    first, last = date(1600, 1, 1), date(2400, 12, 31)
    table = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    numbers = column(engine, table, expr.day_number(nw.col("day")))
    before = (date(1970, 1, 1) - first).days
    assert numbers == list(range(-before, len(table) - before))
    unknown = pl.DataFrame({"day": [None]}, schema={"day": pl.Date})
    assert column(engine, unknown, expr.day_number(nw.col("day"))) == [None]


def test_halves_go_away_from_zero_on_every_engine(engine):
    values = [0.5, 1.5, 2.5, -0.5, -2.5, 2.675, 1.005, 10.25, -10.25, 3.14159, 0.0]
    table = pl.DataFrame({"x": values})
    for decimals in (0, 1, 2):
        got = column(engine, table, expr.round_half_away(nw.col("x"), decimals))
        assert [round(g, 6) for g in got] == [round_half_away(v, decimals) for v in values]


def test_bands_and_rates_are_equal_on_every_engine(engine):
    bands = Bands.parse("0-4,5-9,10-15,16+")
    table = pl.DataFrame({"n": [0, 4, 5, 15, 16, 90, None], "d": [10, 0, 4, None, 8, 9, 3]})
    assert column(engine, table, expr.band(nw.col("n"), bands)) == [
        bands.label(n) for n in table["n"]
    ]
    assert column(engine, table, expr.rate(nw.col("n"), nw.col("d"), 100)) == [
        0,
        None,
        125,
        None,
        200,
        1000,
        None,
    ]
