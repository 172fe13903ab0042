"""Children outside the linked data, and how shares stand for them (spec/funding.md 3.5.2)."""

import json

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli import funding
from threecircles.core.errors import UsageError
from threecircles.funding.coverage import read_coverage, scaled_need, weighted

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


FORMULA = """id: f
label: F.
source: test
kind: logistic_child
status: fictitious
effect_rule: at_zero
outcomes:
  - {id: need, label: need, link: logit, intercept: -2, terms: [{name: age, estimate: 0.05}]}
"""


def test_predict_counts_children_nobody_covers(tmp_path):
    (tmp_path / "f.yaml").write_text(FORMULA)
    CELLS.write_csv(tmp_path / "cells.csv")
    WHOLE.write_csv(tmp_path / "whole.csv")
    app = typer.Typer()
    funding.register(app)
    asked = ["formula", "predict", str(tmp_path / "f.yaml"), "--inputs", str(tmp_path / "cells.csv"), "--budget", "1000"]  # fmt: skip
    plain = json.loads(CliRunner().invoke(app, [*asked, "--json", "-"]).stdout)
    done = CliRunner().invoke(app, [*asked, "--population", str(tmp_path / "whole.csv"), "--json", "-"])  # fmt: skip
    told = json.loads(done.stdout)
    assert told[0]["covered_part"] == pytest.approx(90 / 160)
    # Authority a has 56% of its children in the data: counted whole, its share rises.
    assert told[0]["share_covered"] > plain[0]["share_need"] + 0.05
    assert sum(r["pence"] for r in told) == 100_000
    assert told[0]["pence"] > plain[0]["pence"]
    wrong = CliRunner().invoke(app, [*asked, "--population", str(tmp_path / "whole.csv"), "--strata", "la,parish"])  # fmt: skip
    assert "parish" in str(wrong.exception)


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ([0.0] * 5, None),
        ([1.0, 1.0, 0.0, 0.0, 0.0], None),
        ([0.0, None, 0.0, 0.0, 0.0], "row 3, column rate"),
        ([0.0, -0.5, 0.0, 0.0, 0.0], "events a child, 0 or more"),
    ],
)
def test_uncovered_children_may_have_rates_of_the_users_own(tmp_path, rates, said):
    """funding 3.5.2: the switch user_rates, by command; a rate that is none is refused by row."""
    (tmp_path / "f.yaml").write_text(FORMULA)
    CELLS.write_csv(tmp_path / "cells.csv")
    WHOLE.with_columns(rate=pl.Series(rates, dtype=pl.Float64)).write_csv(tmp_path / "own.csv")
    app = typer.Typer()
    funding.register(app)
    asked = ["formula", "predict", str(tmp_path / "f.yaml"), "--inputs", str(tmp_path / "cells.csv"), "--budget", "1000"]  # fmt: skip
    more = ["--population", str(tmp_path / "own.csv"), "--uncovered", "user_rates", "--json", "-"]
    done = CliRunner().invoke(app, [*asked, *more])
    if said:
        assert said in str(done.exception)
        return
    assert done.exit_code == 0, done.exception
    told, plain = json.loads(done.stdout), json.loads(CliRunner().invoke(app, [*asked, "--json", "-"]).stdout)  # fmt: skip
    need = np.array([row["expected_at_zero"] for row in plain])
    outside = np.array([(100 - 80) * rates[0] + (60 - 10) * rates[1], 20 * rates[4]])
    share = (need + outside) / (need + outside).sum()
    assert [row["share_covered"] for row in told] == pytest.approx(share.tolist())


def test_a_stratum_with_two_rates_is_refused(tmp_path):
    twice = pl.concat([WHOLE, WHOLE.head(1)]).with_columns(rate=0.1)
    twice.write_csv(tmp_path / "own.csv")
    with pytest.raises(UsageError, match="each stratum once"):
        read_coverage(tmp_path / "own.csv", "la,age,sex", "user_rates")
    with pytest.raises(UsageError, match="user_rates"):
        read_coverage(tmp_path / "own.csv", "la,age,sex", "user_rate")
