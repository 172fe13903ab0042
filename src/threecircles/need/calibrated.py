"""The circles over a ground of weighted respondents, with the error that weighting leaves."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.design_intervals import interval
from threecircles.core.tables import TOTAL
from threecircles.need.circles import MEASURES
from threecircles.need.ground import Ground

COLUMNS = (
    "measure",
    "value",
    "se",
    "low",
    "high",
    "df",
    "n",
    "n_weighted",
    "n_with",
    "numerator",
    "denominator",
    "reason",
)
COUNTED = 1e-6
"""Standard error below which a share is a count of everyone, not an estimate."""


def calibrated_circles(ground: Ground, group: str | None = None) -> pl.DataFrame:
    """The figures for everyone on roll, or for each value of a group (with the total as "All").

    Columns: group (when named), then as `circles`: measure, value, low, high, se, df, numerator,
    denominator (pupils), n, n_with, reason.
    """
    high = (ground.respondents["need"] == "high").to_numpy()
    served = (ground.respondents["service"] == 1).to_numpy()
    regions = {
        "both": high & served,
        "need_only": high & ~served,
        "service_only": ~high & served,
        "neither": ~high & ~served,
    }
    everyone = np.ones(len(high), dtype=bool)
    whole = _figures(ground, regions, everyone)
    if group is None:
        return whole
    values = ground.respondents[group].to_numpy()
    parts = [
        _figures(ground, regions, values == v).with_columns(pl.lit(v).alias(group))
        for v in sorted(set(values.tolist()))
    ]
    total = whole.with_columns(pl.lit(TOTAL).alias(group))
    return pl.concat([total, *parts]).select(group, *COLUMNS)


def _figures(ground: Ground, regions: dict[str, np.ndarray], inside: np.ndarray) -> pl.DataFrame:
    w = ground.weights
    outcomes, bases, shown = [], [], []
    for counted, base in MEASURES.values():
        y = np.any([regions[r] for r in counted], axis=0) & inside
        x = np.any([regions[r] for r in base], axis=0) & inside
        outcomes.append(y)
        bases.append(x)
        shown.append((int(y.sum()), int(x.sum()), float((w * y).sum()), float((w * x).sum())))
    with_, n, numerator, denominator = (
        np.array(column, dtype=float) for column in zip(*shown, strict=True)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        value = numerator / denominator
        u = np.stack(
            [
                np.nan_to_num((y - v * x) / d)
                for y, x, v, d in zip(outcomes, bases, value, denominator, strict=True)
            ],
            axis=1,
        )
    se = np.sqrt(_variance(ground, u))
    df = np.full(len(MEASURES), _degrees(ground, inside))
    ends = interval(value, se, df, df, n, True)
    # What is known of everyone on roll has no sampling error: its interval is the figure itself.
    counted = (se < COUNTED) & (n > 0)
    low, high = np.where(counted, value, ends.low), np.where(counted, value, ends.high)
    return (
        pl.DataFrame(
            {
                "measure": list(MEASURES),
                "value": value,
                "se": se,
                "low": low,
                "high": high,
                "df": df.astype(np.int64),
                "n": n.astype(np.int64),
                "n_weighted": denominator,
                "n_with": with_.astype(np.int64),
                "numerator": numerator,
                "denominator": denominator,
            }
        )
        .with_columns(
            pl.col("value", "se", "low", "high").fill_nan(None),
            reason=pl.when(pl.col("value").is_nan()).then(pl.lit("not_available")),
        )
        .select(*COLUMNS)
    )


def _variance(ground: Ground, u: np.ndarray) -> np.ndarray:
    """Of each column: schools that took part or not, then pupils who answered or not within them."""
    structure = ground.structure
    left = ground.weights[:, None] * ground.residuals(u)
    units = len(structure.unit_stratum)
    by_unit = np.zeros((units, u.shape[1]))
    squares = np.zeros_like(by_unit)
    np.add.at(by_unit, structure.row_unit, left)
    np.add.at(squares, structure.row_unit, left**2)
    drawn = np.bincount(structure.row_unit, minlength=units).astype(float)
    roll = np.zeros(units)
    np.maximum.at(
        roll, structure.row_unit, ground.respondents["school_roll"].fill_null(0.0).to_numpy()
    )
    return structure.unit_variance(by_unit, squares, drawn, roll)


def _degrees(ground: Ground, inside: np.ndarray) -> int:
    structure = ground.structure
    units = len(np.unique(structure.row_unit[inside]))
    return max(0, units - len(np.unique(structure.row_stratum[inside])))
