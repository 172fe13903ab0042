"""Children who left a question blank are judged as full answers would have judged them (spine S3)."""

import numpy as np
import polars as pl
import pytest

from threecircles.need.blanks import settled


def answers(n=6000, seed=4):
    """Five items from a trait; one blank for half of the children; service goes with the trait."""
    g = np.random.default_rng(seed)
    trait = g.normal(size=n)
    latent = 0.75 * trait[:, None] + 0.66 * g.normal(size=(n, 5))
    items = 1 + np.searchsorted([-0.6, 0.4, 1.2, 2.0], latent).astype(float)
    blank = g.random(n) < 0.5
    four, whole = items[:, :4].mean(axis=1), items.mean(axis=1)
    frame = pl.DataFrame(
        {
            "response_id": [f"r{i:05}" for i in range(n)],
            "service": (g.random(n) < 1 / (1 + np.exp(2.5 - trait))).astype(int),
            "s": np.where(blank, four, whole),
            "s_lowest": np.where(blank, (items[:, :4].sum(axis=1) + 1) / 5, np.nan),
            "s_highest": np.where(blank, (items[:, :4].sum(axis=1) + 5) / 5, np.nan),
        }
    ).with_columns(pl.col("s_lowest", "s_highest").fill_nan(None))
    return frame, whole


def test_a_blank_makes_need_no_rarer_than_full_answers_would():
    "S3: the share beyond a cut, and its overlap with service, stay within sampling of the full answers'."
    frame, whole = answers()
    told = settled(frame, ["s"])
    high, truth = told["s"].to_numpy() >= 2.8 - 1e-9, whole >= 2.8 - 1e-9
    plain = frame["s"].to_numpy() >= 2.8 - 1e-9
    served = frame["service"].to_numpy() == 1
    assert plain.mean() < truth.mean() - 0.008
    assert abs(high.mean() - truth.mean()) < 0.006
    assert abs((high & served).mean() - (truth & served).mean()) < 0.004


def test_full_answers_stay_as_they_are_and_drawn_ones_lie_within_what_blanks_leave_open():
    frame, _ = answers(1000)
    told = settled(frame, ["s"])
    whole = frame["s_lowest"].is_null()
    assert told.filter(whole)["s"].equals(frame.filter(whole)["s"])
    rest = told.filter(~whole)
    assert ((rest["s"] >= rest["s_lowest"] - 1e-9) & (rest["s"] <= rest["s_highest"] + 1e-9)).all()
    assert set(np.round(rest["s"].to_numpy() * 5, 6) % 1) == {0.0}


def test_the_same_answers_in_any_order_are_drawn_alike():
    frame, _ = answers(1000)
    assert settled(frame.sample(fraction=1, shuffle=True, seed=1), ["s"]).equals(
        settled(frame, ["s"])
    )


def test_where_hardly_anybody_answered_in_full_nothing_is_drawn():
    frame, _ = answers(100)
    assert settled(frame, ["s"])["s"].equals(frame["s"])


def test_who_is_left_in_doubt_by_blanks_adds_to_the_error_of_the_draw():
    "S3: over draws of the blanks a share varies as much as the pupils whose two draws differ say it does."
    frame, _ = answers(4000)
    draws = [settled(frame, ["s"], seed=k)["s"].to_numpy() >= 2.8 - 1e-9 for k in range(1, 41)]
    doubt = draws[0] != draws[1]
    told = np.sqrt(doubt.sum() / 2) / len(frame)
    assert np.std([d.mean() for d in draws]) == pytest.approx(told, rel=0.35)
    assert not doubt[frame["s_lowest"].is_null().to_numpy()].any()
