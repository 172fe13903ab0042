"""Scores and verdicts of one check after another: without it nobody could see data grow better or worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import polars as pl

from threecircles.quality.fitness import STATES, Verdict
from threecircles.quality.scores import pooled

TREND = {
    "day": pl.Date,
    "return": pl.String,
    "year": pl.Int64,
    "kind": pl.String,
    "name": pl.String,
    "k": pl.Int64,
    "n": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
"""Columns of the trend. kind: score, name being a dimension, or verdict, k being questions with it of n judged."""


def of_check(
    scores: pl.DataFrame, verdicts: Sequence[Verdict], return_name: str, year: int, day: date
) -> pl.DataFrame:
    """What one check adds to the trend. scores: of the return, by field and table. Columns: TREND."""
    place = {"day": day, "return": return_name, "year": year}
    own = pooled(scores).filter(pl.col("state") == "scored")
    lines = [
        place | {"kind": "score", "name": row["dimension"]} | {c: row[c] for c in ("k", "n", "share", "low", "high")}
        for row in own.iter_rows(named=True)
    ]  # fmt: skip
    counts = Counter(v.state for v in verdicts)
    lines += [
        place | {"kind": "verdict", "name": state, "k": counts[state], "n": len(verdicts)}
        for state in STATES
        if verdicts
    ]
    return pl.DataFrame(lines, schema=TREND)


def joined(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Both, in order of year and day; of two checks on one day the later stands."""
    both = pl.concat([before, now])
    kept = both.unique(["day", "return", "year", "kind", "name"], keep="last", maintain_order=True)
    return kept.sort("return", "year", "day", maintain_order=True)


def checks(trend: pl.DataFrame) -> list[tuple[int, date]]:
    """Year and day of each check in the trend, the oldest first."""
    return [(y, d) for y, d in trend.select("year", "day").unique().sort("year", "day").iter_rows()]
