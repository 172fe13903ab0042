"""Shares, means and slopes over a ground of weighted respondents, with the error that weighting leaves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy.special import stdtrit

from threecircles.core.design_intervals import interval
from threecircles.need.ground import Ground

COLUMNS = (
    "measure", "value", "se", "low", "high", "df", "n", "n_weighted", "n_with", "numerator", "denominator", "reason",
)  # fmt: skip
COUNTED = 1e-6
"""Standard error below which a share is a count of everyone, not an estimate."""

Parts = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""measure -> (respondents with the property, respondents it is a share of), both true or false."""


def shares(ground: Ground, parts: Parts, other: Parts | None = None) -> pl.DataFrame:
    """One row a measure, in order: COLUMNS, with logit intervals (exact-type where answers are few).

    df: schools less school types that hold a respondent of the base. other: the parts by a second draw of
    what blanks leave open; where the two differ, the chance of the draw adds to the error.
    """
    rows = np.flatnonzero(np.any([p[1] for p in parts.values()], axis=0))
    w = ground.weights[rows]
    y = np.stack([(p[0] & p[1])[rows].astype(float) for p in parts.values()], axis=1)
    x = np.stack([p[1][rows].astype(float) for p in parts.values()], axis=1)
    numerator, denominator, n = w @ y, w @ x, x.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = numerator / denominator
        u = np.nan_to_num((y - value * x) / denominator)
        drawn = (
            np.zeros(len(u.T))
            if other is None
            else _of_draws(u, other, value, denominator, rows, w)
        )
        se = np.sqrt(variance(ground, u, rows) + drawn)
    df = np.array([degrees(ground, rows[base > 0]) for base in x.T])
    ends = interval(value, se, df, df, n, True)
    # What is known of everyone on roll has no sampling error: its interval is the figure itself.
    counted = (se < COUNTED) & (n > 0)
    return _told(
        {
            "measure": list(parts),
            "value": value,
            "se": se,
            "low": np.where(counted, value, ends.low),
            "high": np.where(counted, value, ends.high),
            "df": df,
            "n": n,
            "n_weighted": denominator,
            "n_with": y.sum(axis=0),
            "numerator": numerator,
            "denominator": denominator,
        }
    )


def _of_draws(
    u: np.ndarray,
    other: Parts,
    value: np.ndarray,
    denominator: np.ndarray,
    rows: np.ndarray,
    w: np.ndarray,
) -> np.ndarray:
    """Variance from drawing what blanks leave open: each pupil whose two draws differ, for himself.

    Half of it is the draw, weighing as much as the pupil stands for; half is what full answers would have
    been, once for each child he stands for.
    """
    y = np.stack([(p[0] & p[1])[rows].astype(float) for p in other.values()], axis=1)
    x = np.stack([p[1][rows].astype(float) for p in other.values()], axis=1)
    changed = np.nan_to_num((y - value * x) / denominator) - u
    return np.asarray(((w**2 + w) / 2) @ changed**2)


def means(ground: Ground, columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """One row a measure: the weighted mean of a column, not a number where not answered. COLUMNS."""
    rows = []
    for measure, values in columns.items():
        known = np.isfinite(values)
        base = float(ground.weights @ known)
        mean = float(ground.weights @ np.where(known, values, 0)) / base if base else float("nan")
        u = (
            (known * (np.nan_to_num(values) - mean) / base)[:, None]
            if base
            else np.zeros((len(values), 1))
        )
        rows.append(_by_t(ground, measure, mean, u, known, base))
    return pl.concat(rows)


def slope(
    ground: Ground, measure: str, y: np.ndarray, x: np.ndarray, known: np.ndarray
) -> pl.DataFrame:
    """One row: the weighted slope of y on x over the known respondents. COLUMNS."""
    w = ground.weights * known
    base = float(w.sum())
    centre_x, centre_y = float(w @ x) / base, float(w @ y) / base
    spread = float(w @ (x - centre_x) ** 2)
    value = float((w * (x - centre_x)) @ y) / spread
    u = known * (x - centre_x) * (y - centre_y - value * (x - centre_x)) / spread
    return _by_t(ground, measure, value, u[:, None], known, base)


def variance(ground: Ground, u: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Of sums of weights x u: schools that took part or not, then pupils within them.

    u: k linearised variables (columns) of the respondents numbered in rows (None = all), nought elsewhere.
    With the survey's own weights, answers are taken as drawn at random within the school.
    """
    rows = np.arange(len(ground.weights)) if rows is None else rows
    if ground.how != "survey_weights":
        return ground.linearised.variance(u, rows)
    structure = ground.structure
    units = len(structure.unit_stratum)
    left = ground.weights[rows, None] * u
    by_unit, squares = np.zeros((units, u.shape[1])), np.zeros((units, u.shape[1]))
    np.add.at(by_unit, structure.row_unit[rows], left)
    np.add.at(squares, structure.row_unit[rows], left**2)
    drawn = np.bincount(structure.row_unit, minlength=units).astype(float)
    roll = np.zeros(units)
    np.maximum.at(
        roll, structure.row_unit, ground.respondents["school_roll"].fill_null(0.0).to_numpy()
    )
    return structure.unit_variance(by_unit, squares, drawn, roll)


def degrees(ground: Ground, inside: np.ndarray) -> int:
    """Schools less school types among the respondents inside (numbers, or true and false)."""
    structure = ground.structure
    units = np.bincount(structure.row_unit[inside], minlength=1)
    strata = np.bincount(structure.row_stratum[inside], minlength=1)
    return max(0, int((units > 0).sum()) - int((strata > 0).sum()))


def _by_t(
    ground: Ground, measure: str, value: float, u: np.ndarray, known: np.ndarray, base: float
) -> pl.DataFrame:
    se = float(np.sqrt(variance(ground, u)[0]))
    df = degrees(ground, known)
    half = float(stdtrit(df, 0.975)) * se if df >= 1 else float("nan")
    one = {
        "measure": [measure],
        "value": value,
        "se": se,
        "low": value - half,
        "high": value + half,
        "df": df,
    }
    count = int(known.sum())
    one |= {
        "n": count,
        "n_weighted": base,
        "n_with": count,
        "numerator": float("nan"),
        "denominator": base,
    }
    return _told(one)


def _told(columns: Mapping[str, object]) -> pl.DataFrame:
    floats = ("value", "se", "low", "high", "n_weighted", "numerator", "denominator")
    whole = ("df", "n", "n_with")
    return (
        pl.DataFrame(columns)
        .with_columns(pl.col(floats).cast(pl.Float64).fill_nan(None), pl.col(whole).cast(pl.Int64))
        .with_columns(reason=pl.when(pl.col("value").is_null()).then(pl.lit("not_available")))
        .select(*COLUMNS)
    )
