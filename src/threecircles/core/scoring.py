"""Scores of scales from answered items: without one rule the same child would score differently by room.

A scale is the mean or sum of its items. With some items unanswered it is prorated from the others when
enough were answered; the lowest and highest score that the missing answers could still make is kept
beside it, so that nobody has to guess. "Prefer not to say" counts as not answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import narwhals as nw

from threecircles.core.expr import round_half_away


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How one scale is scored.

    items: item column -> reversed or not. low, high: range of each item. rule: mean of the items, or
    their sum. min_answered: items that must be answered. rounding: whole numbers (half up) or none.
    """

    id: str
    items: Mapping[str, bool]
    low: float
    high: float
    rule: Literal["mean", "sum"]
    min_answered: int
    rounding: Literal["none", "half_up"] = "none"


def needed(items: int, min_answered: str | int) -> int:
    """Items that must be answered: a number, or a share such as "80%" rounded up."""
    if isinstance(min_answered, int):
        return min_answered
    return ceil(items * float(min_answered.rstrip("%")) / 100 - 1e-9)


def score(frame: nw.LazyFrame, scales: Sequence[Scale]) -> nw.LazyFrame:
    """The frame with, for each scale: <id>, <id>_lowest, <id>_highest and <id>_answered.

    Item columns are numeric or null. The score is null when too few items were answered; lowest and
    highest are then still the ends of what the answers leave open.
    """
    columns: list[nw.Expr] = []
    for scale in scales:
        turned = [_turned(scale, item, back) for item, back in scale.items.items()]
        answered = _sum(
            [nw.when(~t.is_null()).then(nw.lit(1)).otherwise(nw.lit(0)) for t in turned]
        )
        given = _sum([nw.when(~t.is_null()).then(t).otherwise(nw.lit(0.0)) for t in turned])
        size = len(turned)
        unit = 1 if scale.rule == "sum" else size
        prorated = given / answered.cast(nw.Float64) * size / unit
        blank = (size - answered).cast(nw.Float64)
        columns += [
            nw.when(answered >= scale.min_answered).then(_rounded(prorated, scale)).alias(scale.id),
            _rounded((given + blank * scale.low) / unit, scale).alias(f"{scale.id}_lowest"),
            _rounded((given + blank * scale.high) / unit, scale).alias(f"{scale.id}_highest"),
            answered.cast(nw.Int64).alias(f"{scale.id}_answered"),
        ]
    return frame.with_columns(*columns)


def _turned(scale: Scale, item: str, back: bool) -> nw.Expr:
    value = nw.col(item).cast(nw.Float64)
    return scale.low + scale.high - value if back else value


def _rounded(value: nw.Expr, scale: Scale) -> nw.Expr:
    return round_half_away(value) if scale.rounding == "half_up" else value


def _sum(parts: list[nw.Expr]) -> nw.Expr:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
