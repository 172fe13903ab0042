"""Small areas on a page: direct figures beside what a model makes of them, never the model alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from threecircles.core.fay_herriot import fay_herriot
from threecircles.core.rounding import round_half_away


def small_areas(table: pl.DataFrame, covariates: Sequence[str] = ()) -> tuple[pl.DataFrame, str]:
    """Estimates by Fay and Herriot, and a sentence on them.

    table: area, estimate and se (null where an area has no answer), and the covariates. Columns: area, direct,
    direct_se, modelled, se, low, high, weight_of_direct, beyond (the model moves the direct figure beyond its
    own 95% interval), synthetic (no answer there: the line alone).
    """
    floats = table.with_columns(pl.col("estimate", "se", *covariates).cast(pl.Float64))
    direct = floats["estimate"].fill_null(float("nan")).to_numpy()
    error = floats["se"].fill_null(float("nan")).to_numpy()
    x = np.column_stack([np.ones(len(direct)), *(floats[c].to_numpy() for c in covariates)])
    found = fay_herriot(direct, np.where(np.isfinite(direct), error**2, np.nan), x)
    se = np.sqrt(found.mse)
    sampled = np.isfinite(direct)
    told = table.select("area").with_columns(
        direct=pl.Series(direct).fill_nan(None),
        direct_se=pl.Series(error).fill_nan(None),
        modelled=found.estimate,
        se=se,
        low=found.estimate - 1.96 * se,
        high=found.estimate + 1.96 * se,
        weight_of_direct=np.where(sampled, found.shrinkage, 0.0),
        beyond=sampled & (np.abs(found.estimate - direct) > 1.96 * error),
        synthetic=~sampled,
    )
    moved = int(told["beyond"].sum())
    shared = round_half_away(100 * float(np.mean(told["weight_of_direct"].to_numpy())))
    said = (
        f"On average {shared:.0f}% of each figure comes from its own area's answers; {int((~sampled).sum())} areas "
        f"had none. The model moves {moved} direct figures beyond their own interval. {found.message}"
    )
    return told, said.strip()
