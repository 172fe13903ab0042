"""Weights of a sample of parents: chance, then response, then the census; one alone leaves a bias."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from threecircles.core.raking import Raked, rake, trim

LEAST = 20
"""Eligible cases a response class must hold; a smaller one joins the next smallest."""


def sample_weights(
    cases: pl.DataFrame,
    response_class: str,
    margins: Mapping[str, Mapping[object, float]] | None = None,
) -> tuple[pl.DataFrame, Raked | None]:
    """1 / chance x 1 / response in class x raking to the census.

    cases: one row a released case: weight (1 / chance), outcome, the column response_class and those
    of the margins. margins: column -> value -> children of the population. Returns the completed cases
    with `final_weight`, and what the raking reached (None without margins).
    Weights beyond five medians are cut once, as in the pupils' survey.
    """
    able = cases.filter(pl.col("outcome") != "not_eligible")
    able = able.with_columns(classes(able[response_class]).alias("_class"))
    done = pl.col("outcome") == "completed"
    rate = (pl.col("weight").filter(done).sum() / pl.col("weight").sum()).over("_class")
    answered = able.with_columns(final_weight=pl.col("weight") / rate).filter(done).drop("_class")
    if not margins:
        return answered, None
    weight = answered["final_weight"].to_numpy()
    reached = rake(answered, weight, margins)
    cut = trim(reached.weights)
    if not np.array_equal(cut, reached.weights):
        reached = rake(answered, cut, margins)
    return answered.with_columns(pl.Series("final_weight", reached.weights)), reached


def classes(values: pl.Series) -> pl.Series:
    """Response classes of at least 20 cases: the smallest joins the next smallest until all are."""
    counts = dict(values.cast(pl.String).fill_null("not known").value_counts().iter_rows())
    names = {c: c for c in counts}
    while len(counts) > 1 and min(counts.values()) < LEAST:
        small, other = sorted(counts, key=lambda c: (counts[c], c))[:2]
        joined = f"{other} + {small}"
        counts[joined] = counts.pop(small) + counts.pop(other)
        names = {c: joined if n in (small, other) else n for c, n in names.items()}
    return values.cast(pl.String).fill_null("not known").replace_strict(names)
