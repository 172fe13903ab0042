"""England's working days, against days that were published."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threecircles.core.calendar import (
    add_working_days,
    bank_holidays,
    easter,
    is_working,
    minus_working_days,
    working_days_between,
)

days = st.dates(date(2001, 1, 1), date(2039, 12, 31))


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (2000, (4, 23)),
        (2019, (4, 21)),
        (2024, (3, 31)),
        (2025, (4, 20)),
        (2026, (4, 5)),
        (2038, (4, 25)),
    ],
)
def test_easter_is_the_published_sunday(year, sunday):
    assert easter(year) == date(year, *sunday)


def test_the_bank_holidays_of_2020_to_2023_are_those_proclaimed():
    """gov.uk bank holidays: the early May day of 2020 moved to the 8th; jubilee, funeral and coronation days."""
    assert sorted(bank_holidays(2020, 2020)) == [
        date(2020, 1, 1), date(2020, 4, 10), date(2020, 4, 13), date(2020, 5, 8), date(2020, 5, 25),
        date(2020, 8, 31), date(2020, 12, 25), date(2020, 12, 28),
    ]  # fmt: skip
    assert sorted(bank_holidays(2022, 2022)) == [
        date(2022, 1, 3), date(2022, 4, 15), date(2022, 4, 18), date(2022, 5, 2), date(2022, 6, 2),
        date(2022, 6, 3), date(2022, 8, 29), date(2022, 9, 19), date(2022, 12, 26), date(2022, 12, 27),
    ]  # fmt: skip
    assert date(2023, 5, 8) in bank_holidays()
    assert {d for d in bank_holidays() if d.year == 2021 and d.month == 12} == {
        date(2021, 12, 27),
        date(2021, 12, 28),
    }


def test_45_working_days_from_31_march_2026_backwards():
    """notes.md: 15 working days back as coded (day itself counted) is 11 March 2026, 45 is 28 January."""
    assert minus_working_days(date(2026, 3, 31), 14) == date(2026, 3, 11)
    assert minus_working_days(date(2026, 3, 31), 44) == date(2026, 1, 28)


@given(days, st.integers(0, 60))
def test_going_forward_and_counting_agree(day, n):
    later = add_working_days(day, n)
    assert working_days_between(day, later) == n
    assert n == 0 or is_working(later)


@given(days, days)
def test_counting_backwards_is_the_negative(one, two):
    assert working_days_between(one, two) == -working_days_between(two, one)
