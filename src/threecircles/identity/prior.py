"""How common one child twice is, judged from the scores: without it short, badly typed lists would look
as if hardly anybody were in them twice."""

from __future__ import annotations

import numpy as np
import polars as pl

MOST = 3.0
"""Bits by which the scores may move the prior that sure agreements gave."""
_LEAST_PAIRS = 30
_ROUNDS = 25


def settled(edges: pl.DataFrame, prior: float, pairs: float) -> tuple[pl.DataFrame, float]:
    """Edges with weights under the prior that they themselves imply, and that prior.

    prior: chance that a pair which may be compared is one child, from sure agreements. pairs: how
    many such pairs there are. The share of matches that the scores expect becomes the prior until
    both agree, as in expectation maximisation; pairs never compared count as no match. Nothing moves
    where fewer than 30 matches are expected.
    """
    w = edges["w"].to_numpy()
    start, shift = prior / (1 - prior), 0.0
    expected = _expected(w)
    if expected < _LEAST_PAIRS or pairs <= 0:
        return edges, prior
    for _ in range(_ROUNDS):
        share = min(0.5, expected / pairs)
        moved = float(np.clip(np.log2(share / (1 - share) / start), -MOST, MOST))
        if abs(moved - shift) < 0.01:
            break
        shift, expected = moved, _expected(w + moved)
    odds = start * 2.0**shift
    return edges.with_columns(pl.col("w") + shift), odds / (1 + odds)


def _expected(w: np.ndarray) -> float:
    return float((1 / (1 + np.exp2(-np.clip(w, -60, 60)))).sum())
