"""The forecast to a deadline: a straight line, its known answers, and when none is given (spec/quality.md 4.2)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threecircles.quality.straight_line import line_through, to_deadline

START = date(2026, 5, 4)
DEADLINE = date(2026, 7, 31)


def by_day(*points):
    return [(START + timedelta(days=day), n) for day, n in points]


def test_a_list_that_falls_by_two_a_day_is_empty_when_it_must_be():
    """quality 4.2: 100, 80, 60 at days 0, 10, 20 is nought at day 50, 23 June."""
    told = to_deadline(by_day((0, 100), (10, 80), (20, 60)), DEADLINE)
    assert (told.nought, told.expected, told.checks) == (date(2026, 6, 23), 0, 3)
    assert told.sentence == (
        "A straight line through 3 checks, not a promise, reaches nought on 23/06/2026, before the deadline, 31/07/2026."
    )


@pytest.mark.parametrize(
    ("deadline", "ending"),
    [
        (date(2026, 6, 23), "on 23/06/2026, on the day of the deadline."),
        (date(2026, 6, 22), "on 23/06/2026, after the deadline: 2 would be open on 22/06/2026."),
        (date(2026, 5, 25), "on 23/06/2026, after the deadline: 58 would be open on 25/05/2026."),
    ],
)
def test_on_the_day_or_after_the_deadline_is_said(deadline, ending):
    """quality 4.2: before or after the deadline in one plain sentence."""
    told = to_deadline(by_day((0, 100), (10, 80), (20, 60)), deadline)
    assert told.sentence.endswith(ending)


def test_points_off_the_line_are_worked_by_hand():
    """quality 4.2: days 0, 3, 8, 21 with 8, 6, 4, 2: slope -34/129, nought 26.97 days on, so 31 May."""
    points = by_day((0, 8), (3, 6), (8, 4), (21, 2))
    line = line_through(points)
    assert (line.slope.numerator, line.slope.denominator) == (-34, 129)
    assert to_deadline(points, DEADLINE).nought == date(2026, 5, 31)
    assert to_deadline(points, date(2026, 5, 28)).expected == 1


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (((0, 10), (10, 20), (20, 30)), "rises and never reaches nought: 98 would be open"),
        (((0, 7), (1, 7), (33, 7)), "stays level and never reaches nought: 7 would be open"),
        (((0, 100), (1, 1), (2, 1), (60, 1)), "no day is told"),
        (((0, 9_999), (500, 9_998), (1_000, 9_998)), "not after the last check"),
        (((0, 10_001), (20, 10_000), (40, 10_000)), "within ten years"),
        (((0, 5), (10, 3), (20, 0)), "Nothing was open at the check of 24/05/2026"),
    ],
)
def test_where_no_day_can_be_told_the_sentence_says_why(points, said):
    """quality 4.2: rising, level, bent, past, endless and already empty lists."""
    told = to_deadline(by_day(*points), DEADLINE)
    assert told.nought is None and said in told.sentence


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 500)), max_size=6))
def test_fewer_than_three_days_give_no_forecast(points):
    """quality 4.2: never for fewer than three checks on different days, however many checks there were."""
    told = to_deadline(by_day(*points), DEADLINE)
    assert told.nought is None and told.expected is None
    assert told.sentence.startswith("No forecast: it takes 3 or more checks on different days")


@given(
    st.dictionaries(st.integers(0, 60), st.integers(0, 9_000), min_size=3, max_size=12),
    st.integers(61, 900),
)
def test_the_day_of_nought_and_the_deadline_agree(open_on, ahead):
    """quality 4.2: nought by the deadline exactly where nothing is expected on it."""
    deadline = START + timedelta(days=ahead)
    told = to_deadline(by_day(*sorted(open_on.items())), deadline)
    if told.nought is not None:
        line = line_through(by_day(*sorted(open_on.items())))
        assert (told.nought <= deadline) == (line.at(deadline) == 0)
        assert line.at(told.nought) == 0 < line.at(told.nought - timedelta(days=1))
