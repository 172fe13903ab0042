"""Small areas by a model of kinds of child, judged on boroughs whose truth is known (need N10)."""

import numpy as np
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.need.poststratified import poststratified

KINDS = ["year", "sex", "fsm"]


def borough(seed, areas=346, asked=10000, sd=0.35):
    """Answers, cells and the true share of each area; areas differ in size, poverty and who was asked."""
    g = np.random.default_rng(seed)
    poverty, own, size = g.normal(size=areas), sd * g.normal(size=areas), g.gamma(4, 0.25, areas)
    area, year, sex, fsm = np.indices((areas, 3, 2, 2)).reshape(4, -1)
    children = g.poisson(size[area] * np.where(fsm == 1, 15, 45))
    line = -1.6 + 0.15 * year + 0.2 * sex + 0.6 * fsm + 0.3 * poverty[area] + own[area]
    with_it = g.binomial(children, 1 / (1 + np.exp(-line)))
    reach = g.gamma(1.2, 1, areas)[area] * children
    n = np.minimum(children, g.poisson(asked * reach / reach.sum()))
    y = g.hypergeometric(with_it, children - with_it, n)
    table = pl.DataFrame(
        {
            "area": [f"E{a:05}" for a in area], "year": year.astype(str), "sex": sex.astype(str),
            "fsm": fsm.astype(str), "poverty": poverty[area], "children": children, "y": y, "n": n,
        }
    )  # fmt: skip
    truth = np.bincount(area, with_it) / np.bincount(area, children)
    answers = table.filter(pl.col("n") > 0).drop("children")
    return answers, table.filter(pl.col("children") > 0).drop("y", "n"), truth


@pytest.fixture(scope="module")
def judged():
    """Three boroughs: the result and the truth of its areas."""
    told = []
    for seed in range(3):
        answers, cells, truth = borough(seed)
        found = poststratified(
            answers, cells, categorical=KINDS, numeric=["poverty"], seed=seed, draws=400, level=0.9
        )
        told.append((found, truth[[int(a[1:]) for a in found.areas["area"]]]))
    return told


def test_the_model_is_nearer_the_truth_than_answers_alone_or_kinds_alone(judged):
    """need N10: mean squared error below both direct and synthetic on 346 areas and 10,000 answers."""
    for found, truth in judged:
        seen = found.areas.filter(~pl.col("no_answers"))
        held = truth[~found.areas["no_answers"].to_numpy()]
        error = {
            c: float(((seen[c].to_numpy() - held) ** 2).mean())
            for c in ("modelled", "direct", "synthetic")
        }
        assert error["modelled"] < 0.8 * error["synthetic"] < error["direct"]


def test_nine_in_ten_intervals_hold_the_truth(judged):
    """need N10: 90% intervals cover 86-94% of areas, areas without an answer among them."""
    hits = [(f.areas["low"].to_numpy() <= t) & (t <= f.areas["high"].to_numpy()) for f, t in judged]
    assert 0.86 <= float(np.concatenate(hits).mean()) <= 0.94
    assert any(f.areas["no_answers"].any() for f, _ in judged)


def test_how_areas_differ_is_found_again(judged):
    assert float(np.mean([f.sd for f, _ in judged])) == pytest.approx(0.35, abs=0.06)


def test_the_model_card_says_what_it_moved_and_what_rests_on_kinds_alone(judged):
    """need 6: direct beside model, terms named, areas moved beyond their own interval counted."""
    found, _ = judged[0]
    said = " ".join(found.said)
    assert "year, sex, fsm, poverty and area" in said
    assert f"moves {int(found.areas['beyond'].sum())} direct figures" in said
    assert {"direct", "synthetic", "modelled", "asked"} <= set(found.areas.columns)


def test_more_answers_than_children_are_refused_by_area():
    answers, cells, _ = borough(1, areas=20, asked=400)
    with pytest.raises(UsageError, match="More children answered than live there") as told:
        poststratified(
            answers.with_columns(pl.col("n") + 1000), cells, categorical=KINDS, numeric=["poverty"]
        )
    assert "area E" in str(told.value)


def test_a_kind_of_child_nobody_of_whom_answered_is_named():
    answers, cells, _ = borough(1, areas=20, asked=400)
    with pytest.raises(UsageError, match="year 2"):
        poststratified(answers.filter(pl.col("year") != "2"), cells, categorical=KINDS)
