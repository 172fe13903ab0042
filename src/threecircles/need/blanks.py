"""Scores of children who left a question blank, drawn among those that full answers could have given.

A cut such as ">= 2.8" lies on a score that five whole answers give. A child with four answers scores 2.75 and
would never reach it, though a fifth answer would take many such children over: need would look rarer than it is.
Source of the idea: Rubin, Multiple Imputation for Nonresponse in Surveys (1987); here one draw, whose own
chance is small beside that of who answered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from threecircles.core.seeds import rng

MOST_ITEMS = 60
LEAST = 200
"""Children who answered a scale in full, below which nothing is drawn from them."""
STEPS = 4
"""From the lowest to the highest answer of an item (1 to 5)."""
SHARED = 10.0
"""Children of all classes that each class is eked out with."""
SPREAD = 0.8
"""Standard deviation of one child's answers about their own mean; half of what children differ by in all on
scales whose items correlate at .5."""


def settled(
    table: pl.DataFrame, scales: Sequence[str], by: str = "service", seed: int = 1
) -> pl.DataFrame:
    """The table with each score of an incomplete scale drawn from those that its blanks leave open.

    table: response_id, and for each scale <scale> with <scale>_lowest and <scale>_highest (null where all was
    answered); by: a column whose classes are drawn apart, so that what goes with need still does. A score is
    the likelier the more children of the class who answered all have it, and the nearer what the blanks must
    hold for it lies to it (SPREAD). The draw hangs on the seed and the order of response_id alone.
    Scales that hardly anybody answered in full stay as they are.
    """
    ordered = table.sort("response_id")
    for scale in scales:
        whole = ordered.filter(pl.col(f"{scale}_lowest").is_null())[scale].drop_nulls().to_numpy()
        items = _items(whole)
        if items is None:
            continue
        score, lowest, highest = (
            ordered[f"{scale}{end}"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            for end in ("", "_lowest", "_highest")
        )
        at = np.flatnonzero(np.isfinite(score) & np.isfinite(lowest))
        possible = np.unique(np.round(whole * items))
        count = _counts(ordered, scale, by, np.round(possible / items, 6))[at]
        missing = np.round((highest[at] - lowest[at]) * items / STEPS)
        answered = score[at] * (items - missing)
        # What the blanks must hold on average for the child to have each possible score.
        held = (possible[None, :] - answered[:, None]) / missing[:, None]
        away = (held - possible[None, :] / items) * np.sqrt(missing)[:, None] / SPREAD
        inside = (held >= 1 - 1e-6) & (held <= 1 + STEPS + 1e-6)
        chance = np.where(inside, count * np.exp(-(away**2) / 2), 0.0).cumsum(axis=1)
        sure = chance[:, -1] > 0
        drawn = rng(seed, "blanks", scale).random(len(at)) * chance[:, -1]
        place = (chance <= drawn[:, None]).sum(axis=1).clip(0, len(possible) - 1)
        told = score.copy()
        told[at[sure]] = possible[place[sure]] / items
        ordered = ordered.with_columns(pl.Series(scale, told).fill_nan(None))
    return ordered


def _counts(table: pl.DataFrame, scale: str, by: str, possible: np.ndarray) -> np.ndarray:
    """For each row how many of its class who answered all have each possible score (rows x scores)."""
    names, place = np.unique(
        table[by].cast(pl.String).fill_null("").to_numpy(), return_inverse=True
    )
    score = table[scale].cast(pl.Float64).round(6).fill_null(float("nan")).to_numpy()
    full = table[f"{scale}_lowest"].is_null().to_numpy() & np.isfinite(score)
    counts = np.zeros((len(names), len(possible)))
    np.add.at(counts, (place[full], np.searchsorted(possible, score[full] - 1e-6)), 1.0)
    # A class of few takes a little of the whole, so that no score is shut out for want of an example.
    everyone = counts.sum(axis=0)
    return (counts + everyone / everyone.sum() * SHARED)[place]


def _items(whole: np.ndarray) -> int | None:
    """How many items the scale has, read off the scores of those who answered them all."""
    if len(whole) < LEAST:
        return None
    for items in range(1, MOST_ITEMS):
        if np.abs(whole * items - np.round(whole * items)).max() < 1e-6:
            return items
    return None
