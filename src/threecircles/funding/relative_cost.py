"""What one service costs beside another, nationally: an authority's own prices must not raise its own share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.shares import Floats

Mode = Literal["published", "pooled", "median", "exclude_own"]


@dataclass(frozen=True)
class Scores:
    """raw: weighted need by authority before it is divided by the total; share: after."""

    la: tuple[str, ...]
    raw: Floats
    share: Floats


def relative_costs(
    table: pl.DataFrame, mode: Mode, published: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """The cost of each outcome for each authority's need. Columns: la, outcome, weight.

    table: la, outcome, pounds, activity. published: weights from the formula file. pooled: sum of spend /
    sum of activity. median: of authorities' unit costs. exclude_own: pooled without the authority itself.
    Raises UsageError for an outcome without activity or without a published weight.
    """
    if mode == "published":
        weights = dict(published or {})
        missing = sorted(set(table["outcome"]) - set(weights))
        if missing:
            raise UsageError("The formula gives no cost weight.", found=", ".join(missing))
        return table.select("la", "outcome", weight=pl.col("outcome").replace_strict(weights, return_dtype=pl.Float64))  # fmt: skip
    if table.filter(pl.col("activity") <= 0).height and mode == "median":
        raise UsageError("An authority without activity has no unit cost.", mend="Use pooled or exclude_own.")  # fmt: skip
    total = table.group_by("outcome").agg(pl.col("pounds", "activity").sum().name.suffix("_all"))
    joined = table.join(total, on="outcome", maintain_order="left")
    if joined.filter(pl.col("activity_all") <= 0).height:
        raise UsageError("An outcome has no activity, so it has no cost.")
    if mode == "pooled":
        weight = pl.col("pounds_all") / pl.col("activity_all")
    elif mode == "median":
        weight = (pl.col("pounds") / pl.col("activity")).median().over("outcome")
    else:
        weight = (pl.col("pounds_all") - pl.col("pounds")) / (pl.col("activity_all") - pl.col("activity"))  # fmt: skip
    return joined.select("la", "outcome", weight=weight)


def scores(need: pl.DataFrame, costs: pl.DataFrame) -> Scores:
    """Shares of predicted need priced by relative costs, normalised over all authorities.

    need: la, outcome, expected. costs: la, outcome, weight.
    """
    joined = need.join(costs, on=["la", "outcome"], how="left", maintain_order="left")
    if joined["weight"].null_count():
        raise UsageError("Some need has no cost weight.")
    sums = joined.group_by("la", maintain_order=True).agg(
        (pl.col("expected") * pl.col("weight")).sum().alias("raw")
    )
    raw = sums["raw"].to_numpy()
    return Scores(tuple(sums["la"].to_list()), raw, np.asarray(raw / raw.sum(), dtype=np.float64))


def own_price(need: pl.DataFrame, table: pl.DataFrame, mode: Mode, la: str, published: Mapping[str, float] | None = None) -> tuple[float, float]:  # fmt: skip
    """What doubling one authority's prices does to it: the change of its raw score and of its share (parts of it)."""
    dearer = table.with_columns(
        pounds=pl.when(pl.col("la") == la).then(2 * pl.col("pounds")).otherwise("pounds")
    )
    before, after = (scores(need, relative_costs(t, mode, published)) for t in (table, dearer))
    at = before.la.index(la)
    return float(after.raw[at] / before.raw[at] - 1), float(after.share[at] / before.share[at] - 1)
