"""The same exercise elsewhere, laid beside this one: table t12 of an audit."""

from __future__ import annotations

from math import sqrt

import polars as pl

from threecircles.core.errors import UsageError

KEYS = ("table", "question", "answer")
NOUGHT = 1e-9
"""Points below which a difference is none."""
NEEDED = (*KEYS, "group", "share", "low", "high")


def beside(own: pl.DataFrame, other: pl.DataFrame, label: str) -> pl.DataFrame:
    """Shares of all cases here and there, and their difference in points with its 95% interval.

    own, other: as `needs-audit tables` writes them (all.csv): table, question, answer, group, share, low, high.
    label: of the other exercise. A share that either side hides is left out. The interval takes the two
    samples as independent. Raises UsageError when a column is missing or nothing is asked in both.
    """
    absent = [c for c in NEEDED if c not in other.columns]
    if absent:
        raise UsageError(
            "The other exercise's file lacks a column.", where=label, found=", ".join(other.columns)[:200], allowed=", ".join(absent),
            mend="Ask for the file all.csv that `needs-audit tables` wrote there.",
        )  # fmt: skip
    numbers = [pl.col(c).cast(pl.Float64, strict=False) for c in ("share", "low", "high")]
    here, there = (
        t.filter(pl.col("group") == "All").select(*KEYS, *numbers).drop_nulls() for t in (own, other)
    )  # fmt: skip
    both = here.join(there, on=list(KEYS), how="inner", suffix="_there")
    if both.is_empty():
        raise UsageError("Nothing is asked in both exercises.", where=label, mend="Both need the same form.")  # fmt: skip
    rows = []
    for r in both.sort(KEYS).iter_rows(named=True):
        gap = r["share"] - r["share_there"]
        below = sqrt((r["share"] - r["low"]) ** 2 + (r["high_there"] - r["share_there"]) ** 2)
        above = sqrt((r["high"] - r["share"]) ** 2 + (r["share_there"] - r["low_there"]) ** 2)
        clear = gap - below > NOUGHT or gap + above < -NOUGHT
        word = ("higher here" if gap > 0 else "lower here") if clear else "no clear difference"
        rows.append([*(r[k] for k in KEYS), r["share"], r["share_there"], gap, gap - below, gap + above, word])  # fmt: skip
    schema = [*KEYS, "share_here", "share_there", "difference", "low", "high", "said"]
    return pl.DataFrame(rows, schema=schema, orient="row")
