"""Quantiles under a design: without them only means could be shown, and a mean hides who is worst off.

A quantile is the least answer that at least a share q of the weight lies at or below. Its interval is
found by turning round that of the share. Source: Woodruff, J. Am. Stat. Assoc. 47 (1952) 635-646.
"""

from __future__ import annotations

import narwhals as nw
import numpy as np
import polars as pl
from scipy.special import stdtrit

from threecircles.core.design import Design, Statistic, estimate


def quantiles(
    frame: pl.DataFrame, design: Design, y: str, q: float, by: tuple[str, ...], level: float
) -> pl.DataFrame:
    """The quantile q of column y in every domain: columns as core.design.estimate gives them."""
    weight = pl.col(design.weight) if design.weight else pl.lit(1.0)
    known = frame.with_columns(
        _y=pl.col(y).cast(pl.Float64), _w=weight.cast(pl.Float64)
    ).with_columns(_y=pl.when(pl.col("_w") > 0).then("_y"))
    keys = [pl.col(c) for c in by] or [pl.lit(0).alias("_all")]
    tables = {
        key: group.drop_nulls("_y").sort("_y")
        for key, group in known.group_by(keys, maintain_order=True)
    }
    points = {key: _at(table, q) for key, table in tables.items()}
    names = [tuple(row) for row in known.select(by).iter_rows()] if by else [(0,)] * known.height
    at = pl.Series("_q", [points[name] for name in names], dtype=pl.Float64)
    below = (nw.col("_y") <= nw.col("_q")).cast(nw.Float64)
    held = known.with_columns(at)
    share = Statistic(label=f"{y} at {q:g}", kind="proportion", y=below)
    told = estimate(held, design, [share], by, level, "t")
    rows = []
    for row in told.iter_rows(named=True):
        key = tuple(row[c] for c in by) or (0,)
        low, high = (_at(tables[key], row[end]) for end in ("low", "high"))
        half = stdtrit(row["df"], (1 + level) / 2) if row["df"] > 0 else float("nan")
        known_ends = low is not None and high is not None and half > 0
        se = (high - low) / (2 * half) if known_ends else None  # type: ignore[operator]
        rows.append(row | {"value": points[key], "low": low, "high": high, "se": se})
    kinds = {"value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "se": pl.Float64}
    return (
        pl.DataFrame(rows, schema={**told.schema, **kinds})
        .with_columns(
            kind=pl.lit("quantile"),
            interval=pl.lit("woodruff"),
            deff=pl.lit(None, pl.Float64),
            deff_replace=pl.lit(None, pl.Float64),
        )
        .select(told.columns)
    )


def _at(table: pl.DataFrame, q: float | None) -> float | None:
    """The least answer with at least a share q of the weight at or below it; table sorted by _y."""
    if q is None or np.isnan(q) or table.is_empty():
        return None
    share = table["_w"].cum_sum().to_numpy() / table["_w"].sum()
    place = int(np.searchsorted(share, min(max(q, 0.0), 1.0) - 1e-12))
    return float(table["_y"][min(place, table.height - 1)])
