"""The circles over a ground of weighted respondents: every breakdown by one method."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.tables import TOTAL
from threecircles.need.circles import MEASURES
from threecircles.need.ground import Ground
from threecircles.need.shares import COLUMNS, Parts, shares


def calibrated_circles(ground: Ground, group: str | None = None) -> pl.DataFrame:
    """The figures for everyone on roll, or for each value of a group (with the total as "All").

    Columns: group (when named), then as `circles`: measure, value, low, high, se, df, numerator,
    denominator (pupils), n, n_with, reason.
    """
    high = (ground.respondents["need"] == "high").to_numpy()
    served = (ground.respondents["service"] == 1).to_numpy()
    doubt = (
        ground.respondents["doubt"].to_numpy() if "doubt" in ground.respondents.columns else None
    )

    def told(inside: np.ndarray | None = None) -> pl.DataFrame:
        other = None if doubt is None else regions(high ^ doubt, served, inside)
        return shares(ground, regions(high, served, inside), other)

    whole = told()
    if group is None:
        return whole
    values = ground.respondents[group].to_numpy()
    parts = [
        told(values == v).with_columns(pl.lit(v).alias(group)) for v in sorted(set(values.tolist()))
    ]
    total = whole.with_columns(pl.lit(TOTAL).alias(group))
    return pl.concat([total, *parts]).select(group, *COLUMNS)


def regions(high: np.ndarray, served: np.ndarray, inside: np.ndarray | None = None) -> Parts:
    """The eight figures of the circles as shares, among the respondents inside."""
    inside = np.ones(len(high), dtype=bool) if inside is None else inside
    region = {
        "both": high & served,
        "need_only": high & ~served,
        "service_only": ~high & served,
        "neither": ~high & ~served,
    }
    return {
        measure: tuple(
            np.any([region[r] for r in some], axis=0) & inside for some in (counted, base)
        )
        for measure, (counted, base) in MEASURES.items()
    }
