"""Marks on answers that may not be meant: without them a joke would count as need. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from threecircles.definitions import read_csv
from threecircles.survey.measures import Measure, response_sets

RARE = 0.05
"""An answer at the end of its scale that fewer of those asked gave is rare."""
RARE_MEASURES = 3
"""Measures of different things in which a form gives a rare answer before it is called mischievous."""
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


def mischievous(frame: pl.DataFrame, measures: Sequence[Measure]) -> pl.DataFrame:
    """The frame with `mischievous`: rare answers at the end of the scale in three measures or more.

    frame: the measures' items as numbers. A child in great trouble may answer so too: the flag takes
    nobody out. Source: Robinson-Cimpian, Educ. Res. 43 (2014) 171-185, screening by rare answers.
    """
    counts = []
    for measure in measures:
        rare = [_rare(frame, i.code, i.options) for i in measure.items if i.code in frame.columns]
        if rare:
            counts.append(pl.any_horizontal(rare).fill_null(False).cast(pl.Int32))
    many = pl.sum_horizontal(counts) >= RARE_MEASURES if counts else pl.lit(False)
    return frame.with_columns(mischievous=many)


def _rare(frame: pl.DataFrame, code: str, options: str) -> pl.Expr:
    values = sorted(float(r["value"]) for r in response_sets() if r["set"] == options)
    known = frame[code].drop_nulls()
    ends = [v for v in (values[0], values[-1]) if known.len() and (known == v).mean() < RARE]  # type: ignore[operator]
    return pl.col(code).is_in(ends)


def impossible(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `impossible`: two answers that cannot both be true, as `measures/impossible.csv` lists."""
    pairs = [
        r for r in read_csv("measures/impossible") if {r["item"], r["other"]} <= {*frame.columns}
    ]
    both = [
        (pl.col(r["item"]).cast(pl.Float64) == float(r["answer"]))
        & pl.col(r["other"]).cast(pl.Float64).is_in([float(v) for v in r["answers"].split()])
        for r in pairs
    ]
    return frame.with_columns(
        impossible=pl.any_horizontal(both).fill_null(False) if both else pl.lit(False)
    )


def _better(measure: Measure) -> bool:
    return measure.scales[0].direction == "higher_is_better"
