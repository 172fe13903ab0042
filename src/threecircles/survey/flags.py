"""Marks on answers that may not be meant: without them a joke would count as need. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from threecircles.survey.measures import Measure

LEAST_MATRICES = 2
"""Matrices that must be answered alike, of both directions, before a straight line is called."""


def flags(frame: pl.DataFrame, measures: Sequence[Measure]) -> pl.DataFrame:
    """The frame with straight_line, duplicate and flagged (any of them), all bool.

    A straight line is one answer to every question of two or more matrices that ask in both
    directions: "never" to both "I feel sad" and "my friends are kind" contradicts itself, "never" to two lists of
    troubles does not. A duplicate is a code that completed more than once in a wave.
    """
    asked = [m for m in measures if m.items and m.scales and m.items[0].code in frame.columns]
    items = [i.code for m in asked for i in m.items]
    better = [i.code for m in asked for i in m.items if _better(m) != i.reverse]
    worse = [i for i in items if i not in better]
    if not better or not worse or len(asked) < LEAST_MATRICES:
        line = pl.lit(False)
    else:
        same = pl.max_horizontal(items) == pl.min_horizontal(items)
        both = pl.any_horizontal(pl.col(better).is_not_null()) & pl.any_horizontal(
            pl.col(worse).is_not_null()
        )
        answered = pl.sum_horizontal(
            pl.any_horizontal(pl.col([i.code for i in m.items]).is_not_null()).cast(pl.Int32)
            for m in asked
        )
        line = same & both & (answered >= LEAST_MATRICES)
    twice = (pl.col("completed").cast(pl.Int32).sum().over("code", "wave") > 1) & pl.col(
        "completed"
    )
    return frame.with_columns(
        straight_line=line.fill_null(False), duplicate=twice.fill_null(False)
    ).with_columns(flagged=pl.col("straight_line") | pl.col("duplicate"))


def _better(measure: Measure) -> bool:
    return measure.scales[0].direction == "higher_is_better"
