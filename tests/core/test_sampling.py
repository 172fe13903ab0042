"""Sizes, allocations and draws: the sampling of parents and of audit cases stands on these."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threecircles.core import sample_size
from threecircles.core.sampling import allocate, numbers


def test_the_sizes_of_the_parent_survey_are_reached_to_the_unit():
    """survey A24: p .24, h .04, N 40,000, deff 1.3: 562 completed, 1,249 asked at 45%."""
    assert sample_size.completed(0.24, 0.04, 1.3, 40_000) == 562
    assert sample_size.to_ask(562, 0.45) == 1249


@pytest.mark.parametrize(
    ("n", "deff", "points"),
    [(750, 1.0, 3.1), (750, 1.3, 3.5), (110, 1.0, 8.0), (700, 1.0, 3.2), (140, 1.0, 7.1)],
)
def test_the_half_widths_are_those_of_the_field(n, deff, points):
    """survey A24; the last two are the audit's of need 10: n 700 and 140 an agency."""
    assert round(100 * sample_size.half_width(n, 0.24, deff), 1) == points


def test_a_small_area_is_asked_whole_and_never_more():
    assert sample_size.completed(0.5, 0.001, population=40) == 40


sizes = st.lists(st.integers(0, 500), min_size=1, max_size=12).filter(lambda s: sum(s) > 0)


@given(
    sizes=sizes,
    share=st.floats(0, 1),
    how=st.sampled_from(["equal", "proportional", "neyman"]),
    floor=st.integers(0, 20),
)
def test_an_allocation_sums_to_its_total_within_floors_and_sizes(sizes, share, how, floor):
    """need N14: chances sum to the sample."""
    floors = [min(floor, s) for s in sizes]
    total = sum(floors) + round(share * (sum(sizes) - sum(floors)))
    parts = allocate(sizes, total, how, [1.0 + i for i in range(len(sizes))], floor)
    assert sum(parts) == total
    assert all(f <= p <= s for f, p, s in zip(floors, parts, sizes, strict=True))


def test_proportional_equal_and_neyman_say_what_they_do():
    assert allocate([100, 300], 40) == [10, 30]
    assert allocate([100, 300], 40, "equal") == [20, 20]
    assert allocate([100, 300], 40, "neyman", [3, 1]) == [20, 20]
    assert allocate([100, 300], 40, floor=15) == [15, 25]


def test_more_than_there_is_cannot_be_drawn():
    with pytest.raises(ValueError, match="strata hold 3"):
        allocate([1, 2], 4)


def test_a_code_keeps_its_number_whatever_the_order_of_the_frame():
    """need N14: same seed, same list on any machine and engine."""
    codes = pl.Series("code", ["a", "b", "c"])
    assert (
        numbers(codes, 7, "draw").to_list() == numbers(codes.reverse(), 7, "draw").to_list()[::-1]
    )
    assert numbers(codes, 7, "draw").round(12).to_list() == [
        0.271268680595,
        0.287788398558,
        0.916401047825,
    ]
