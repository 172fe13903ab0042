"""What a change of definition touches, and the circles drawn true to area."""

import numpy as np
import pytest

from threecircles.core.charts import centre_distance, circle_radius, lens_area
from threecircles.definitions import HOME
from threecircles.need import steps as need


def test_changing_the_rule_for_high_need_runs_again_only_what_hangs_on_it(hamlet_place):
    """need N6: of this room's steps only the circles name the folder high_need; tables name id and version."""
    named = [
        s.name
        for s in need.steps(hamlet_place)
        if any(d.startswith("high_need") for d in s.definitions)
    ]
    assert named == ["need.circles"]
    assert (HOME / "high_need").is_dir()


def test_circles_have_the_known_radii_and_distance():
    """need N1: N .24, S .10, both .06 give radii .2763953 and .1784124, distance .2277731."""
    r, s = circle_radius(0.24), circle_radius(0.10)
    assert (r, s) == pytest.approx((0.2763953, 0.1784124), abs=1e-7)
    assert centre_distance(r, s, 0.06) == pytest.approx(0.2277731, abs=1e-6)


def test_ten_thousand_circles_overlap_as_much_as_they_should():
    """need N1: 10,000 random feasible triples: lens area within 1e-6."""
    g = np.random.default_rng(1)
    for need_share, service, part in g.random((10_000, 3)):
        first, second = 0.01 + 0.9 * need_share, 0.01 + 0.9 * service
        both = part * min(first, second)
        r, s = circle_radius(first), circle_radius(second)
        assert lens_area(r, s, centre_distance(r, s, both)) == pytest.approx(both, abs=1e-6)
