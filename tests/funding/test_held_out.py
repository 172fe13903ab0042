"""A formula judged by what it has not seen (spec/funding.md 5.4, 5.5, 5.7)."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli import funding
from threecircles.core.seeds import rng
from threecircles.funding.held_out import auc, calibration
from threecircles.funding.trial import try_areas


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    draw = rng(8, "held out test")
    area = np.repeat(np.arange(100), 4)
    x = draw.normal(size=100)[area]
    fsm = np.tile([0, 1, 0, 1], 100)
    heard = np.tile(["a", "a", "b", "b"], 100)
    n = draw.integers(40, 80, 400)
    local = (0.3 * draw.normal(size=20))[area // 5]
    more = np.where(heard == "b", 0.8, 0.0)
    y = draw.binomial(n, 1 / (1 + np.exp(-(-2.5 + 0.6 * x + 1.0 * fsm + local + more))))
    here = tmp_path_factory.mktemp("held")
    pl.DataFrame({"area": area, "la": area // 5, "x": x, "fsm": fsm, "ethnicity": heard, "n": n, "y": y}).write_parquet(here / "cells.parquet")  # fmt: skip
    (here / "spec.yaml").write_text("file: cells.parquet\noutcome: y\ntrials: n\nnumeric: [x, fsm]\ngroups: [area, la]\n")  # fmt: skip
    return here


def test_a_test_judges_children_and_places_not_seen(folder):
    app = typer.Typer()
    funding.register(app)
    asked = ["formula", "test", str(folder / "spec.yaml"), "--by", "ethnicity"]
    told = json.loads(CliRunner().invoke(app, [*asked, "--json", "-"]).stdout)
    for part in ("held_out_children", "held_out_authorities"):
        seen = told[part]
        assert 0.6 < seen["auc"] < 0.9 and 0 < seen["person_r2"] < 0.3 and 0 < seen["brier"] < 0.25
    ratios = {r["value"]: r for r in told["calibration"] if r["group"] == "ethnicity"}
    # Ethnicity is no predictor, so what it leaves out must show.
    assert ratios["a"]["high"] < 1 < ratios["b"]["low"]
    assert len([r for r in told["calibration"] if r["group"].startswith("tenth")]) == 10
    lost = told["log_likelihood_lost_without"]
    assert lost["x"] > 20 and lost["fsm"] > 20


def test_auc_counts_ties_half():
    assert auc(np.array([0.1, 0.9]), np.array([0.0, 1.0]), np.array([1.0, 0.0])) == 1
    assert auc(np.array([0.5, 0.5]), np.array([0.0, 1.0]), np.array([1.0, 0.0])) == 0.5


def test_calibration_adds_up():
    cells = pl.DataFrame({"_n": [10.0] * 20, "_y": [2.0] * 20})
    table = calibration(cells, np.linspace(0.1, 0.3, 20), ())
    assert table["observed"].sum() == 40 and table["expected"].sum() == pytest.approx(40)
    assert table["children"].to_list() == [20.0] * 10


def test_persons_and_areas_are_set_beside_each_other(folder):
    """The same totals: shares nearly agree, and a coefficient that flips is named (spec/funding.md 5.6)."""
    found = try_areas(folder / "spec.yaml")
    assert found.coefficients["term"].to_list() == ["fsm", "x"]
    x = found.coefficients.filter(term="x").row(0, named=True)
    assert x["persons"] > 0 and x["areas"] > 0 and not x["flipped"]
    assert found.shares["persons"].sum() == pytest.approx(1) == found.shares["areas"].sum()
    assert found.shares["change"].abs().max() < 0.5
    flipped = replace(found, coefficients=found.coefficients.with_columns(flipped=pl.lit(True)))
    assert "the sign flips" in flipped.text() and "the sign flips" not in found.text()
