"""From a plan and its rows to one result: the design decides the estimator, and what may be said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.effects.clustered import Fitted, least_squares
from threecircles.core.effects.matching import balance, effective, lee_bounds, overlap_weights
from threecircles.core.effects.permutation import permutation_p
from threecircles.core.effects.staggered import group_time
from threecircles.core.effects.unmeasured import robustness_value
from threecircles.need.effects import ratios
from threecircles.need.effects.plan import Locked, Plan, check_shape, plan_hash, refusals
from threecircles.need.effects.result import Result
from threecircles.need.effects.words import sentence, word_of

FEWEST = 4
"""Places on either side below which only a table is shown."""
EXACT_BELOW = 10
WEAK = 10.0
"""F of the difference in uptake below which an estimate for those who used it is refused."""
Told = tuple[Fitted, dict[str, Any]]


def estimate(plan: Plan, rows: pl.DataFrame, locked: Locked | None = None) -> Result:
    """What the plan's design finds in its rows, or why it finds nothing.

    rows: unit (place or child at which the service was decided), value (null = lost), and by design:
    arm (1, 0), used (1, 0) and covariates (randomised, matched); period and start (null = never) for
    places over time; before and value for before_after. With a ratio as scale days (at risk) and ended (1 or
    a count) stand in place of value; dose, where there is one, says how much a place had, and beside how much of another change, held alike. Raises DefinitionError when a column lacks.
    """
    base = _base(plan, locked)
    of_ratio = plan.outcome_primary.scale in ratios.SCALES
    check_shape(plan, rows.columns, (ratios.NEEDED if of_ratio else NEEDED).get(plan.design, ()))
    refused = refusals(plan)
    with_service, without = _sides(plan, rows)
    if plan.design != "before_after" and min(with_service, without) < FEWEST:
        refused.append(
            f"Too few places to say: {with_service} with the service, {without} to compare with; four of each are needed."
        )
    base |= {"clusters_treated": with_service, "clusters_comparison": without, "n": rows.height}
    if of_ratio and plan.design == "before_after":
        refused.append(
            "A ratio of hazards needs somebody to compare with; before and after has nobody."
        )
    if of_ratio and plan.estimand == "used":
        refused.append(
            "A ratio of hazards is told of those offered; that of those who used it is not to be had."
        )
    if refused:
        return Result(**base, word="", refused=refused)
    try:
        told, more = (ratios.ESTIMATORS if of_ratio else ESTIMATORS)[plan.design](plan, rows)
    except ValueError as error:
        return Result(**base, word="", refused=[str(error)])
    trend = more.get("pretrend", {})
    word = word_of(plan, trend.get("p"), trend.get("times_largest_step"))
    sensitivity = more.pop("sensitivity", {})
    if told.se > 0:
        sensitivity["robustness_value"] = robustness_value(told.value / told.se, told.df)
    if of_ratio:
        told = ratios.as_ratio(told)
    return Result(
        **base, **more, word=word, sentence=sentence(plan, word, told), value=told.value, se=told.se,
        low=told.low, high=told.high, df=told.df, sensitivity=sensitivity,
    )  # fmt: skip


def _base(plan: Plan, locked: Locked | None) -> dict[str, Any]:
    digest = plan_hash(plan)
    if locked is None:
        said = "Not locked: written after results could be seen."
    elif locked.plan_hash != digest:
        said = f"Changed since it was locked on {locked.locked_on}: written after results could be seen."
    else:
        said = f"Locked on {locked.locked_on}, before results were read."
    return {
        "plan_id": plan.id, "label": plan.question, "plan_hash": digest, "locked": said, "design": plan.design,
        "outcome": plan.outcome_primary.measure, "scale": plan.outcome_primary.scale, "estimand": plan.estimand,
    }  # fmt: skip


def _sides(plan: Plan, rows: pl.DataFrame) -> tuple[int, int]:
    """Units with the service and units that serve as comparison."""
    if plan.design == "before_after":
        return rows["unit"].n_unique(), 0
    if "arm" in rows.columns:
        return tuple(rows.filter(pl.col("arm") == a)["unit"].n_unique() for a in (1, 0))  # type: ignore[return-value]
    starts = rows.group_by("unit").agg(pl.col("start").first())["start"]
    with_service = starts.len() - starts.null_count()
    if plan.design == "stepped_wedge":
        # Places that start later are the comparison of those that started before.
        return with_service, int((starts.fill_null(np.inf) > starts.min()).sum())
    return with_service, starts.null_count() or int((starts > starts.min()).sum())


def _randomised(plan: Plan, rows: pl.DataFrame) -> Told:
    """Difference by arm as offered, covariates centred and let differ by arm."""
    flow = _flow(rows)
    seen = rows.drop_nulls("value")
    arm, y = _numbers(seen, "arm"), _numbers(seen, "value")
    x = [arm, np.ones(len(y))]
    for c in plan.covariates:
        centred = _numbers(seen, c.id) - _numbers(seen, c.id).mean()
        x += [centred, centred * arm]
    cluster = seen["unit"].to_numpy()
    told = least_squares(np.column_stack(x), y, cluster)
    more: dict[str, Any] = {"flow": flow}
    if rows["value"].null_count():
        low, high = lee_bounds(
            rows["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy(), _numbers(rows, "arm")
        )
        more["lost"] = {
            "share": rows["value"].null_count() / rows.height,
            "least": low,
            "most": high,
        }
    if plan.estimand == "used":
        uptake = least_squares(
            np.column_stack([arm, np.ones(len(y))]), _numbers(seen, "used"), cluster
        )
        if not uptake.se > 0 or (uptake.value / uptake.se) ** 2 < WEAK:
            raise ValueError("Being offered changed use too little to tell what use does.")
        ends = (v / uptake.value for v in (told.value, told.se, told.low, told.high))
        value, se, low, high = ends
        told = Fitted(value, se, told.df, low, high)
    means = seen.group_by("unit").agg(pl.col("value").mean(), pl.col("arm").first()).sort("unit")
    return told, more | _exact(_numbers(means, "value"), _numbers(means, "arm") == 1)


def _over_time(plan: Plan, rows: pl.DataFrame) -> Told:
    """Starters against places that had not started, from the period before."""
    periods = sorted(rows["period"].unique().to_list())
    means = rows.group_by("unit", "period").agg(pl.col("value").mean(), pl.col("start").first())
    wide = means.pivot("period", index=["unit", "start"], values="value").sort("unit")
    values = (
        wide.select(str(p) for p in periods).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    )
    start = wide["start"].cast(pl.Float64).fill_null(float("inf")).to_numpy()
    found = group_time(values, start, periods)
    if found.overall is None or not np.isfinite(found.overall.se):
        raise ValueError("Nowhere is there a place that had not started to compare with.")
    told = found.overall
    more: dict[str, Any] = {
        "groups": [
            {"periods_since_start": k, "value": f.value, "low": f.low, "high": f.high}
            for k, f in found.since.items()
        ]
    }
    if found.before:
        more["pretrend"] = _trend(found.before, told)
    starts = {s for s in start.tolist() if np.isfinite(s)}
    if len(starts) == 1:
        first = periods.index(next(iter(starts)))
        change = np.nanmean(values[:, first:], axis=1) - values[:, first - 1]
        more |= _exact(change, np.isfinite(start))
    return told, more


def _trend(before: dict[int, Fitted], told: Fitted) -> dict[str, Any]:
    """Differences before the start: the least p with Bonferroni's bound, and how large a break must be."""
    steps = np.diff([0.0, *(f.value for _, f in sorted(before.items()))])
    largest = float(np.abs(steps).max())
    nearer = 0.0 if told.low <= 0 <= told.high else min(abs(told.low), abs(told.high))
    usable = [f.p for f in before.values() if np.isfinite(f.se)]
    return {
        "periods": len(before),
        "p": min(1.0, min(usable) * len(usable)) if usable else None,
        "times_largest_step": nearer / largest if largest > 0 else float("inf"),
    }


def _stepped(plan: Plan, rows: pl.DataFrame) -> Told:
    """Period and place held alike, exposure as the rest."""
    seen = rows.drop_nulls("value")
    exposed = (seen["period"] >= seen["start"]).fill_null(False).cast(pl.Float64).to_numpy()
    dummies = [
        (seen[c] == v).cast(pl.Float64).to_numpy()
        for c in ("period", "unit")
        for v in seen[c].unique().sort().to_list()
    ]
    told = least_squares(
        np.column_stack([exposed, *dummies]), _numbers(seen, "value"), seen["unit"].to_numpy()
    )
    return told, {"flow": _flow(rows)}


def _matched(plan: Plan, rows: pl.DataFrame) -> Told:
    """Users against others like them in what was known before."""
    seen = rows.drop_nulls(["value", *(c.id for c in plan.covariates)])
    if not plan.covariates:
        raise ValueError(
            "Nothing known before the start is named; users cannot be likened to others."
        )
    arm = _numbers(seen, "arm")
    x = np.column_stack([_numbers(seen, c.id) for c in plan.covariates])
    weights = overlap_weights(x, arm)
    told = least_squares(
        np.column_stack([arm, np.ones(len(arm))]),
        _numbers(seen, "value"),
        seen["unit"].to_numpy(),
        weights,
    )
    rows_of_balance = [
        {"covariate": c.id, "before": b, "after": a, "marked": abs(a) > 0.10}
        for c, (b, a) in zip(plan.covariates, balance(x, arm, weights), strict=True)
    ]
    return told, {
        "flow": _flow(rows),
        "balance": [*rows_of_balance, {"effective_users": effective(weights[arm == 1]), "effective_others": effective(weights[arm == 0])}],
    }  # fmt: skip


def _before_after(plan: Plan, rows: pl.DataFrame) -> Told:
    """Mean change of those measured twice: it holds whatever else changed, return to the mean above all."""
    seen = rows.drop_nulls(["value", "before"])
    change = _numbers(seen, "value") - _numbers(seen, "before")
    return least_squares(np.ones((len(change), 1)), change, seen["unit"].to_numpy()), {
        "lost": {"share": 1 - seen.height / rows.height},
        "pretrend": {
            "said": "children chosen when things are worst return towards their usual without help"
        },
    }


def _exact(changes: np.ndarray, treated: np.ndarray) -> dict[str, Any]:
    if min(treated.sum(), (~treated).sum()) >= EXACT_BELOW:
        return {}
    as_much, draws = permutation_p(changes, treated)
    return {"p_permutation": f"{as_much} of {draws}"}


def _flow(rows: pl.DataFrame) -> list[dict[str, Any]]:
    arms = rows["arm"].unique().sort().to_list() if "arm" in rows.columns else [None]
    told = []
    for arm in arms:
        mine = rows if arm is None else rows.filter(pl.col("arm") == arm)
        analysed = mine.height - mine["value"].null_count()
        told.append(
            {
                "arm": arm,
                "eligible": mine.height,
                "analysed": analysed,
                "lost": 1 - analysed / mine.height,
            }
        )
    return told


def _numbers(rows: pl.DataFrame, column: str) -> np.ndarray:
    return rows[column].cast(pl.Float64).to_numpy()


NEEDED: dict[str, tuple[str, ...]] = {
    "randomised": ("unit", "arm", "value"),
    "matched": ("unit", "arm", "value"),
    "stepped_wedge": ("unit", "period", "start", "value"),
    "did_area": ("unit", "period", "start", "value"),
    "did_access": ("unit", "period", "start", "value"),
    "before_after": ("unit", "before", "value"),
}
ESTIMATORS: dict[str, Callable[[Plan, pl.DataFrame], Told]] = {
    "randomised": _randomised,
    "matched": _matched,
    "stepped_wedge": _stepped,
    "did_area": _over_time,
    "did_access": _over_time,
    "before_after": _before_after,
}
