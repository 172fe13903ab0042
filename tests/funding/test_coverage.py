"""Children outside the linked data, and how shares stand for them (spec/funding.md 3.5.2)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.funding.coverage import scaled_need, weighted

CELLS = pl.DataFrame(
    {"la": ["a", "a", "b", "b"], "age": [5, 16, 5, 16], "sex": ["f"] * 4, "n": [80, 10, 100, 50]}
)
WHOLE = pl.DataFrame(
    {
        "la": ["a", "a", "b", "b", "b"],
        "age": [5, 16, 5, 16, 1],
        "sex": ["f"] * 5,
        "children": [100, 60, 100, 50, 20],
    }
)
CHANCE = np.array([0.10, 0.20, 0.10, 0.20])


def test_covered_children_stand_for_their_stratum():
    made = weighted(CELLS, WHOLE)
    assert made.cells["n_weighted"].to_list() == pytest.approx([100, 60, 100, 50])
    assert made.uncovered == 20
    assert any("a: 56%" in w for w in made.warnings)
    assert any("a/16/f" in w and "6.0" in w for w in made.warnings)


def test_the_switch_moves_what_uncovered_children_are_taken_to_need():
    same = dict(scaled_need(CELLS, CHANCE, WHOLE).select("la", "expected").iter_rows())
    own_b = (100 * 0.1 + 50 * 0.2) / 150
    assert same == pytest.approx({"a": 100 * 0.1 + 60 * 0.2, "b": 20 + 20 * own_b})
    rate = pl.DataFrame({"la": ["a", "b"], "rate": [0.0, 0.05]})
    area = scaled_need(CELLS, CHANCE, WHOLE, uncovered="area_only", area_rates=rate)
    assert dict(area.select("la", "expected").iter_rows()) == pytest.approx({"a": 10.0, "b": 21.0})
    rates = WHOLE.select("la", "age", "sex", rate=pl.lit(1.0))
    user = scaled_need(CELLS, CHANCE, WHOLE, uncovered="user_rates", user_rates=rates)
    assert user["expected"].to_list() == pytest.approx([10 + 70, 20 + 20])


def test_children_where_the_estimate_has_none_are_refused():
    with pytest.raises(UsageError, match="estimate has none"):
        weighted(CELLS, WHOLE.filter(pl.col("age") != 16))
