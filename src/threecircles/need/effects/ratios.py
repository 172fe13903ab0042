"""Ratios of hazards and rates by design: without them a later or rarer referral could only be told as a difference of means.

Rows carry days (at risk) and ended (1, or a count) in place of value. Figures are ratios; errors are those of logs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

from threecircles.core.effects import e_value, hazard_ratio, rate_ratio
from threecircles.core.effects.clustered import Fitted
from threecircles.core.effects.cox import Hazard
from threecircles.core.effects.matching import balance, effective, overlap_weights
from threecircles.need.effects.plan import Plan

LEADS = (2, 3, 4)
"""Periods before the start that are held against the last one before it."""
SCALES = ("hazard_ratio", "rate_ratio")
Told = tuple[Fitted, dict[str, Any]]


def as_ratio(log: Fitted) -> Fitted:
    """A fit of a log ratio with value and ends as ratios; the error stays that of the log."""
    value, low, high = (float(np.exp(v)) for v in (log.value, log.low, log.high))
    return Fitted(value, log.se, log.df, low, high)


def _told(found: Hazard, k: int, clusters: int) -> Fitted:
    value, se, df = float(found.log_ratio[k]), float(found.se[k]), max(1.0, clusters - 1.0)
    half = float(stdtrit(df, 0.975)) * se
    return Fitted(value, se, df, value - half, value + half)


def _numbers(rows: pl.DataFrame, *columns: str) -> list[np.ndarray]:
    return [rows[c].cast(pl.Float64).to_numpy() for c in columns]


def _randomised(plan: Plan, rows: pl.DataFrame) -> Told:
    """Cox regression by arm as offered, covariates held alike."""
    seen = rows.drop_nulls(["days", "ended"])
    days, ended, arm, *held = _numbers(
        seen, "days", "ended", "arm", *(c.id for c in plan.covariates)
    )
    unit = seen["unit"].to_numpy()
    found = hazard_ratio(days, ended, np.column_stack([arm, *held]), unit)
    return _told(found, 0, len(np.unique(unit))), {"flow": _flow(rows)}


def _matched(plan: Plan, rows: pl.DataFrame) -> Told:
    """Users against others like them in what was known before: events by days at risk, overlap weights."""
    if not plan.covariates:
        raise ValueError(
            "Nothing known before the start is named; users cannot be likened to others."
        )
    names = [c.id for c in plan.covariates]
    seen = rows.drop_nulls(["days", "ended", *names])
    days, ended, arm, *held = _numbers(seen, "days", "ended", "arm", *names)
    x, unit = np.column_stack(held), seen["unit"].to_numpy()
    weights = overlap_weights(x, arm)
    found = rate_ratio(ended, days, arm, np.zeros(len(arm)), unit, weights)
    told = _told(found, 0, len(np.unique(unit)))
    alike = [
        {"covariate": name, "before": b, "after": a, "marked": abs(a) > 0.10}
        for name, (b, a) in zip(names, balance(x, arm, weights), strict=True)
    ]
    sizes = {"effective_users": effective(weights[arm == 1]), "effective_others": effective(weights[arm == 0])}  # fmt: skip
    ratio = as_ratio(told)
    nearer = 1.0 if ratio.low <= 1 <= ratio.high else (ratio.high if ratio.value < 1 else ratio.low)
    strength = {"e_value": e_value(ratio.value), "e_value_of_nearer_end": e_value(nearer)}
    return told, {"flow": _flow(rows), "balance": [*alike, sizes], "sensitivity": strength}


def _over_time(plan: Plan, rows: pl.DataFrame) -> Told:
    """Events on days at risk with a level for each place and period; each cohort of starters against places not yet started.

    With a column `dose` (0 to 1, by nearness) places differ in how much, and all are compared at once; opening
    and closing are separate events, so a column `beside` (how much of the other a place had) is held alike.
    """
    seen = rows.drop_nulls(["days", "ended"]).filter(pl.col("days") > 0)
    seen = seen.with_columns(pl.col("start").cast(pl.Float64).fill_null(np.inf))
    if "dose" in seen.columns:
        stacked = seen.with_columns(cohort=pl.lit(0.0), exposed=pl.col("dose").cast(pl.Float64))
        told, _ = _levelled(stacked, [])
        return told, {}
    stacked = _stacked(seen)
    told, _ = _levelled(stacked, [])
    leads = [
        k for k in LEADS
        if stacked.filter((pl.col("start") == pl.col("cohort")) & (pl.col("period") == pl.col("cohort") - k)).height
    ]  # fmt: skip
    return told, {"pretrend": _trend(_levelled(stacked, leads)[1], told)} if leads else {}


def _levelled(stacked: pl.DataFrame, leads: list[int]) -> tuple[Fitted, list[Fitted]]:
    """The log ratio while exposed, and of periods so many before the start beside the last one before it."""
    # A period in which nothing happened anywhere has no level, and tells nothing.
    stacked = stacked.filter(pl.col("ended").sum().over("cohort", "period") > 0)
    keys = stacked.select(
        own=pl.concat_str("cohort", "unit", separator="|"), when=pl.concat_str("cohort", "period", separator="|")
    )  # fmt: skip
    periods = [
        (keys["when"] == v).cast(pl.Float64).to_numpy() for v in keys["when"].unique().sort()
    ]
    mine = stacked["start"] == stacked["cohort"]
    early = [
        (mine & (stacked["period"] == stacked["cohort"] - k)).cast(pl.Float64).to_numpy()
        for k in leads
    ]
    exposed, days, ended = _numbers(stacked, "exposed", "days", "ended")
    early += _numbers(stacked, "beside") if "beside" in stacked.columns else []
    own = keys["own"].to_numpy()
    x = _independent(np.column_stack([exposed, *early, *periods]), own, days)
    unit = stacked["unit"].cast(pl.String).to_numpy()
    found, clusters = rate_ratio(ended, days, x, own, unit), len(np.unique(unit))
    return _told(found, 0, clusters), [_told(found, 1 + k, clusters) for k in range(len(leads))]


def _trend(before: list[Fitted], told: Fitted) -> dict[str, Any]:
    """Log ratios before the start: the least p with Bonferroni's bound, and how large a break must be."""
    steps = np.diff([0.0, *(f.value for f in before)])
    largest = float(np.abs(steps).max())
    nearer = 0.0 if told.low <= 0 <= told.high else min(abs(told.low), abs(told.high))
    return {
        "periods": len(before), "p": min(1.0, min(f.p for f in before) * len(before)),
        "times_largest_step": nearer / largest if largest > 0 else float("inf"),
    }  # fmt: skip


def _stacked(seen: pl.DataFrame) -> pl.DataFrame:
    """For each cohort its own rows, and those of other places before their own start."""
    parts = []
    for cohort in sorted(s for s in seen["start"].unique().to_list() if np.isfinite(s)):
        mine = pl.col("start") == cohort
        free = (pl.col("start") > cohort) & (pl.col("period") < pl.col("start"))
        rows = seen.filter(mine | free).with_columns(cohort=pl.lit(cohort))
        # A period in which nobody is left to compare with tells nothing.
        compared = rows.filter(pl.col("start") != cohort)["period"].unique()
        rows = rows.filter(pl.col("period").is_in(compared.implode()))
        parts.append(
            rows.with_columns(exposed=(mine & (pl.col("period") >= cohort)).cast(pl.Float64))
        )
    if not parts or not any(p.filter(pl.col("exposed") > 0).height for p in parts):
        raise ValueError("Nowhere is there a place that had not started to compare with.")
    return pl.concat([p for p in parts if p.filter(pl.col("exposed") > 0).height])


def _independent(x: np.ndarray, stratum: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The columns that say something beside those before them and the strata's levels."""
    _, s = np.unique(stratum, return_inverse=True)
    total = np.bincount(s, days)
    inner = x - np.column_stack([np.bincount(s, days * c) / total for c in x.T])[s]
    kept, basis = [], np.zeros((len(x), 0))
    for k, column in enumerate(inner.T):
        left = column - basis @ (basis.T @ column)
        size = np.linalg.norm(left)
        if size > 1e-8 * max(1.0, float(np.linalg.norm(column))):
            kept.append(k)
            basis = np.column_stack([basis, left / size])
    if 0 not in kept:
        raise ValueError(
            "Every place had the service as much at every time; nothing can be compared."
        )
    return x[:, kept]


def _flow(rows: pl.DataFrame) -> list[dict[str, Any]]:
    told = []
    for arm in rows["arm"].unique().sort().to_list():
        mine = rows.filter(pl.col("arm") == arm)
        seen = mine.drop_nulls(["days", "ended"])
        told.append({"arm": arm, "eligible": mine.height, "analysed": seen.height, "lost": 1 - seen.height / mine.height})  # fmt: skip
    return told


NEEDED: dict[str, tuple[str, ...]] = {
    "randomised": ("unit", "arm", "days", "ended"),
    "matched": ("unit", "arm", "days", "ended"),
    "stepped_wedge": ("unit", "period", "start", "days", "ended"),
    "did_area": ("unit", "period", "start", "days", "ended"),
    "did_access": ("unit", "period", "start", "days", "ended"),
}
ESTIMATORS: dict[str, Callable[[Plan, pl.DataFrame], Told]] = {
    "randomised": _randomised,
    "matched": _matched,
    "stepped_wedge": _over_time,
    "did_area": _over_time,
    "did_access": _over_time,
}
