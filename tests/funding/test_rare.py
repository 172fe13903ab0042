"""Rare services and relative costs: chance and own prices kept out of shares (spec/funding.md 2.4, 3.4)."""

import numpy as np
import polars as pl
import pytest
import typer
from openpyxl import load_workbook
from typer.testing import CliRunner

from threecircles.cli import funding
from threecircles.core.errors import UsageError
from threecircles.core.seeds import rng
from threecircles.funding.rare import combined, pooled_shares
from threecircles.funding.relative_cost import own_price, relative_costs, scores
from threecircles.funding.shares import Shares

AREAS, LAS, YEARS = 300, 150, 5


def country(number, events=40):
    """150 authorities, 300 areas, five years of about 40 events, two covariates; true shares beside."""
    draw = rng(number, "rare")
    la = np.sort(np.arange(AREAS) % LAS)
    x1, x2 = draw.normal(size=(2, AREAS)).round(3)
    children = draw.integers(800, 3000, AREAS)
    risk = np.exp(0.5 * x1 + 0.3 * x2)
    rate = events * risk / (children * risk).sum()
    parts = []
    for year in range(YEARS):
        practice = np.exp(0.2 * draw.normal(size=LAS))[la]
        y = draw.binomial(children, np.minimum(rate * practice, 1))
        care = draw.binomial(children, np.minimum(60 * rate, 0.5))
        parts.append(
            pl.DataFrame(
                {"year": year, "la": [f"L{i:03}" for i in la], "area": np.arange(AREAS), "x1": x1, "x2": x2,
                 "n": children, "y": y, "care": care}
            )
        )  # fmt: skip
    true = np.bincount(la, children * risk)
    return pl.concat(parts), true / true.sum()


TERMS = {"outcome": "y", "trials": "n", "numeric": ["x1", "x2"], "groups": ["area", "la"]}


@pytest.mark.slow
def test_five_years_together_beat_single_years_threefold():
    """funding A30: pooled shares' squared error is at most a third of single years'; single years wander more."""
    pooled = single = 0.0
    wander = []
    for number in range(8):
        table, true = country(number)
        found = pooled_shares(table, **TERMS, intervals=number < 2)
        pooled += ((found.shares.share - true) ** 2).mean()
        years = [
            pooled_shares(table.filter(pl.col("year") == y), **TERMS, intervals=False)
            for y in range(YEARS)
        ]
        single += np.mean([((s.shares.share - true) ** 2).mean() for s in years])
        if number < 2:
            wander.append(np.median(found.yearly_sd / found.error))
    assert pooled < single / 3
    assert np.mean(wander) > 1


def test_too_few_events_take_a_road_that_is_said():
    """funding A30: fewer terms, then shrinkage towards the parent, then the parent's shares."""
    table, true = country(9)
    fewer = pooled_shares(table.filter(pl.col("year") == 0), **TERMS)
    assert (fewer.road, fewer.terms) in [("all terms", ("x1", "x2")), ("fewer terms", ("x1",))]
    assert "needed for each term" in fewer.said
    few, _ = country(9, events=5)
    shrunk = pooled_shares(few, **TERMS, parent="care")
    assert shrunk.road == "shrunk towards the parent"
    none, _ = country(9, events=0.4)
    parent = pooled_shares(none, **TERMS, parent="care")
    assert parent.road == "the parent's shares"
    for found in (shrunk, parent):
        assert np.corrcoef(found.shares.share, true)[0, 1] > 0.95
    with pytest.raises(UsageError, match="Pool more years"):
        pooled_shares(none, **TERMS)


def test_shares_with_and_without_the_rare_outcome():
    """funding A30: both are to be had, with the cost weight."""
    common = Shares(("a", "b"), np.array([30.0, 70.0]), np.array([0.3, 0.7]))
    rare = Shares(("b", "a"), np.array([1.0, 3.0]), np.array([0.25, 0.75]))
    assert combined(common, rare, 0.0).share == pytest.approx([0.3, 0.7])
    assert combined(common, rare, 0.1).share == pytest.approx([0.345, 0.655])


NEED = pl.DataFrame(
    {
        "la": ["a", "a", "b", "b", "c", "c"],
        "outcome": ["cin", "cla"] * 3,
        "expected": [9.0, 1, 8, 2, 12, 4],
    }
)
PRICES = NEED.select("la", "outcome", pounds=pl.Series([90.0, 100, 64, 220, 108, 440]), activity=pl.Series([9.0, 1, 8, 2, 12, 4]))  # fmt: skip


@pytest.mark.parametrize("la", ["a", "b", "c"])
def test_doubling_its_own_prices_leaves_a_raw_score_alone(la):
    """funding A21: in published and exclude_own; pooled prices let it through, and the tool says how much."""
    weights = {"cin": 170.0, "cla": 2100.0}
    assert own_price(NEED, PRICES, "published", la, weights)[0] == pytest.approx(0, abs=1e-12)
    assert own_price(NEED, PRICES, "exclude_own", la)[0] == pytest.approx(0, abs=1e-12)
    assert own_price(NEED, PRICES, "pooled", la)[0] > 0


def test_shares_by_relative_cost_add_to_one():
    for mode in ("pooled", "median", "exclude_own"):
        assert scores(NEED, relative_costs(PRICES, mode)).share.sum() == pytest.approx(1)
    with pytest.raises(UsageError, match="no cost weight"):
        relative_costs(PRICES, "published", {"cin": 1.0})


def test_the_workbook_holds_shares_with_and_without(tmp_path):
    """funding A30: both are in the workbook, each with its interval; the weight in the sheet is live."""
    table, _ = country(3, events=200)
    table.filter(pl.col("la") < "L040").write_parquet(tmp_path / "rare.parquet")
    spec = tmp_path / "rare.yaml"
    spec.write_text(
        "file: rare.parquet\noutcome: y\ntrials: n\nnumeric: [x1, x2]\ngroups: [area, la]\n"
    )
    app = typer.Typer()
    funding.register(app)
    done = CliRunner().invoke(
        app, ["formula", "rare", str(spec), "--parent", "care", "--weight", "0.2", "--out", str(tmp_path / "r.xlsx")]
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "needed for each term" in done.output
    live = load_workbook(tmp_path / "r.xlsx")["With and without"]
    seen = load_workbook(tmp_path / "r.xlsx", data_only=True)["With and without"]
    names = [c.value for c in seen[4]]
    rows = [dict(zip(names, r, strict=True)) for r in seen.iter_rows(min_row=5, max_row=44, max_col=len(names), values_only=True)]  # fmt: skip
    assert len(rows) == 40 and live["B2"].value == 0.2
    assert sum(r["share_with"] for r in rows) == pytest.approx(1)
    assert sum(r["share_without"] for r in rows) == pytest.approx(1)
    assert all(r["low_with"] < r["share_with"] < r["high_with"] for r in rows)
    assert all(r["low_without"] < r["share_without"] < r["high_without"] for r in rows)
    first = rows[0]
    assert first["share_with"] == pytest.approx(
        0.8 * first["share_without"] + 0.2 * first["share_rare"]
    )
    assert str(live.cell(5, names.index("share_with") + 1).value).startswith("=(1-$B$2)*")
