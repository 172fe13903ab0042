"""Known answers of report.md 3 and 4: the geometry and the limits behind the pictures."""

import random

import pytest

from threecircles.core.charts import (
    centre_distance,
    circle_radius,
    funnel_limits,
    lens_area,
    three_circles,
    two_circles,
    xmr,
)


def test_circles_have_the_known_radii_and_distance():
    """A7: shares .24 and .10 with .06 in common."""
    drawn = two_circles(0.24, 0.10, 0.06)
    assert drawn.first == pytest.approx(0.276395, abs=1e-6)
    assert drawn.second == pytest.approx(0.178412, abs=1e-6)
    assert drawn.distance == pytest.approx(0.227773, abs=1e-6)


def test_any_unit_of_area_will_do():
    """A7: areas 24, 24 and 6."""
    assert two_circles(24, 24, 6).distance == pytest.approx(3.508587, abs=1e-6)


@pytest.mark.parametrize(("overlap", "distance"), [(0, 0.454808), (0.10, 0.097983)])
def test_touching_outside_and_inside(overlap, distance):
    """A7: no overlap touches, a full one lies inside."""
    assert two_circles(0.24, 0.10, overlap).distance == pytest.approx(distance, abs=1e-6)


def test_an_impossible_overlap_is_refused():
    with pytest.raises(ValueError, match="overlap"):
        centre_distance(circle_radius(0.1), circle_radius(0.2), 0.11)


def test_a_thousand_random_pairs_are_true_to_area():
    """A7: area error at most half a per cent."""
    rng = random.Random(7)
    for _ in range(1_000):
        a, b = rng.uniform(0.005, 0.6), rng.uniform(0.005, 0.6)
        both = rng.uniform(0.01, 0.99) * min(a, b)
        drawn = two_circles(a, b, both)
        assert lens_area(drawn.first, drawn.second, drawn.distance) == pytest.approx(
            both, rel=0.005
        )


def test_three_sets_that_fit_are_drawn():
    drawn = three_circles((0.3, 0.2, 0.2), (0.08, 0.08, 0.05), 0.02)
    assert drawn.error < 1e-6


def test_three_sets_that_do_not_fit_fall_back():
    """A7: an impossible triple is not drawn as three circles."""
    drawn = three_circles((0.3, 0.3, 0.3), (0.15, 0.15, 0.15), 0.0)
    assert not drawn.drawable


def test_distances_that_make_no_triangle_are_said_to_be_approximate():
    """A7: two sets apart that both lie inside a third smaller than they need."""
    drawn = three_circles((0.02, 0.3, 0.3), (0.02, 0.02, 0.0), 0.0)
    assert drawn.approximate


@pytest.mark.parametrize(
    ("n", "z", "low", "high"),
    [
        (100, 1.96, 0.156, 0.324),
        (100, 3.09, 0.108, 0.372),
        (400, 1.96, 0.198, 0.282),
        (400, 3.09, 0.174, 0.306),
    ],
)
def test_funnel_limits_are_known(n, z, low, high):
    """A8: target .24."""
    limits = funnel_limits(0.24, n, z)
    assert (round(limits.low, 3), round(limits.high, 3)) == (low, high)


def test_small_units_have_exact_limits():
    """A8: fewer than ten expected events use the binomial itself."""
    limits = funnel_limits(0.24, 20, 1.96)
    assert (limits.low, limits.high) == (0.05, 0.45)


def test_xmr_limits_are_known():
    """A8: the ten values of the page."""
    found = xmr([52, 48, 55, 50, 47, 53, 49, 51, 54, 46])
    assert found.centre == 50.5
    assert round(found.mean_moving_range, 3) == 4.667
    assert (round(found.low, 2), round(found.high, 2)) == (38.09, 62.91)
