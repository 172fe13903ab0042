"""Trust items over waves (survey A33)."""

import polars as pl
import pytest

from threecircles.survey.measures import measure
from threecircles.survey.trust import trust_trend


def test_trust_is_shown_item_by_item_with_interval_and_not_asked_where_it_was_not():
    "A33."
    told = trust_trend(
        {
            ("1", "pupil"): pl.DataFrame({"trs1": [5, 4, 2, None], "trs2": [1, 1, 4, 5]}),
            ("2", "parent"): pl.DataFrame(
                {"trs1": [3.0] * 12, "trs2": [5.0] * 12, "trs3": [4.0] * 12}
            ),
        }
    )
    rows = {(r["wave"], r["measure"]): r for r in told.frame.to_dicts()}
    assert rows["1", "trs1"]["value"] == pytest.approx(2 / 3) and rows["1", "trs1"]["n"] == 3
    assert rows["1", "trs3"]["value"] is None and rows["1", "trs3"]["reason"] == "not_asked"
    assert rows["2", "trs2"]["value"] == 1 and rows["2", "trs2"]["low"] < 1
    assert set(told.frame["measure"]) == {"trs1", "trs2", "trs3"} and measure("trust").scales == ()
    assert told.spec.id.startswith("survey-")
