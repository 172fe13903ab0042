"""High need in every ward by a model of what is released: without it small wards would show noise, or nothing.

The model sees released figures and public facts of areas, nothing else, so it can tell of no hidden child: where a
ward's own figure is hidden, its estimate rests on the other wards alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.fay_herriot import (
    SmallArea,
    benchmarked,
    fay_herriot,
    smoothed_variances,
)
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.services.stock import VALUES, frame_of

COVARIATES = {
    "deprivation_fifth": "deprivation of the ward",
    "far_km": "distance to the nearest open place",
    "far_minutes": "travel time to the nearest open place",
    "rural_share": "share of children in rural areas",
}
"""What may explain why wards differ, taken in this order as far as there are wards to learn it from."""
FEWEST = 8
"""Wards with a figure of their own below which no model is made."""
WARDS_EACH = 5
"""Wards with a figure that each covariate asks for."""
WORST = 1e4
"""Condition of the wards' facts beyond which one of them is nearly told by the others."""
Z = 1.959964
NOT_KNOWN = "not_known"
HOW = {"areas": "With what is known of wards", "plain": "With nothing but the answers"}
MEASURES = ("modelled", "left_out", "without", "own_weight")


@dataclass(frozen=True)
class WardModel:
    """wards: ward, modelled, low, high, left_out, left_out_low, left_out_high, without, own_weight, beyond.

    used: covariates taken. with_them, alone: the fits with covariates and with none, before they are made to add
    to the direct total. held: of wards with a figure, the share whose figure lies in the 95% interval told by the
    other wards; gap: mean difference between the two.
    """

    wards: pl.DataFrame
    used: tuple[str, ...]
    with_them: SmallArea
    alone: SmallArea
    total: float
    weight: np.ndarray
    sampled: np.ndarray
    held: float
    gap: float


def ward_model(released: pl.DataFrame, facts: pl.DataFrame) -> WardModel | None:
    """Fay and Herriot's estimates of high need by ward; None where too few wards have a figure.

    released: ward (with "All" and perhaps "not_known"), value, low, high, n, denominator of high need as released,
    null where hidden. facts: ward, children_living (of the ages asked) and the covariates, null where not known. Estimates
    add to the direct total of all wards, the difference spread by mean squared error; errors are those before.
    """
    table = facts.join(
        released.select("ward", "value", "low", "high", "n"), on="ward", how="left",
        maintain_order="left",
    )  # fmt: skip
    direct = _floats(table, "value")
    sampled = np.isfinite(direct)
    if sampled.sum() < FEWEST:
        return None
    used = _covariates(table, sampled)
    psi = _variances(table, sampled)
    one = np.ones((table.height, 1))
    x = np.column_stack([one, *(_standardised(_floats(table, c)) for c in used)])
    fitted, alone = fay_herriot(direct, psi, x), fay_herriot(direct, psi, one)
    people = _floats(table, "children_living")
    weight = people / people.sum() if people.sum() > 0 else np.full(len(people), 1 / len(people))
    total = _total(released)
    made = np.clip(benchmarked(fitted, weight, total, "difference"), 0, 1)
    se = np.sqrt(fitted.mse)
    others, others_se = _left_out(direct, psi, x, fitted)
    error = np.sqrt(np.where(sampled, psi, 0.0))
    told = np.abs(others - direct) <= Z * np.hypot(others_se, error)
    own = np.where(sampled, fitted.shrinkage, 0.0)
    wards = table.select("ward").with_columns(
        modelled=made,
        low=np.clip(made - Z * se, 0, 1),
        high=np.clip(made + Z * se, 0, 1),
        left_out=np.clip(others, 0, 1),
        left_out_low=np.clip(others - Z * others_se, 0, 1),
        left_out_high=np.clip(others + Z * others_se, 0, 1),
        without=np.clip(alone.estimate, 0, 1),
        own_weight=own,
        beyond=sampled & (np.abs(made - direct) > Z * error),
    )
    return WardModel(
        wards, used, fitted, alone, total, weight, sampled, float(told[sampled].mean()),
        float(np.abs(others - direct)[sampled].mean()),
    )  # fmt: skip


def made_of_released(tables: Mapping[str, tuple[TableSpec, pl.DataFrame]]) -> list[Measured]:
    """Tables reckoned from released ones alone, which can tell nothing that those do not: so far the model of wards.

    tables: id -> specification and frame as released. small-areas-ward and small-areas-model, or none where no
    ward is told of, or too few have a figure.
    """
    if "circles-ward" not in tables or "areas-ward" not in tables:
        return []
    like, circles = tables["circles-ward"]
    _, known = tables["areas-ward"]
    facts = known.pivot("measure", index="ward", values="value", maintain_order=True)
    found = ward_model(circles.filter(pl.col("measure") == "need"), facts)
    if found is None:
        return []
    notes = (*_notes(found, like), *like.notes[:1])
    return [_by_ward(found, like, notes), _card(found, like, notes)]


def _by_ward(found: WardModel, like: TableSpec, notes: tuple[str, ...]) -> Measured:
    ends = {"modelled": ("low", "high"), "left_out": ("left_out_low", "left_out_high")}
    rows = [
        {"ward": w["ward"], "measure": m, "value": w[m]}
        | ({"low": w[ends[m][0]], "high": w[ends[m][1]]} if m in ends else {})
        for m in MEASURES
        for w in found.wards.to_dicts()
    ]
    title = "Children with high need by ward, as a model tells"
    spec = _spec(like, "small-areas-ward", title, like.dimensions, notes)
    return Measured(spec, frame_of(rows, ["ward"]))


def _card(found: WardModel, like: TableSpec, notes: tuple[str, ...]) -> Measured:
    """What has to be known to judge the model: small-areas-model."""
    rows = []
    for name, fit in (("areas", found.with_them), ("plain", found.alone)):
        figures = {
            "total_direct": found.total,
            "total_model": float(found.weight @ fit.estimate),
            "spread_left": float(np.sqrt(fit.variance)),
            "own_weight": float(fit.shrinkage[found.sampled].mean()),
        }
        if name == "areas":
            figures |= {"left_out_held": found.held, "left_out_gap": found.gap}
        rows += [{"model": name, "measure": m, "value": v} for m, v in figures.items()]
    dimension = Dimension(column="model", label="Model", order=tuple(HOW), labels=HOW)
    title = "How far the model of wards can be trusted"
    spec = _spec(like, "small-areas-model", title, (dimension,), notes)
    return Measured(spec, frame_of(rows, ["model"]))


def _spec(
    like: TableSpec,
    name: str,
    title: str,
    dimensions: tuple[Dimension, ...],
    notes: tuple[str, ...],
) -> TableSpec:
    return TableSpec(
        id=name, title=title, population=like.population, period=like.period, unit=like.unit,
        dimensions=dimensions, values=VALUES, kind="share", page="small-areas", notes=notes,
        definitions=like.definitions, sources=like.sources, step="disclosure.protect",
    )  # fmt: skip


def _notes(found: WardModel, like: TableSpec) -> tuple[str, ...]:
    names = like.dimensions[0].labels
    moved = [names.get(w, w) for w in found.wards.filter("beyond")["ward"].to_list()]
    without = int((~found.sampled).sum())
    by = " and ".join(COVARIATES[c] for c in found.used) or "nothing but the answers"
    told = [
        f"A model of wards by {by} (Fay and Herriot, restricted maximum likelihood). It is given released figures "
        "and public facts of areas, and nothing else.",
        f"{without} of {len(found.sampled)} wards have no figure of their own to show: theirs rests on the other "
        "wards alone.",
        "The model moves no ward beyond its own 95% interval."
        if not moved
        else f"The model moves beyond their own 95% interval: {', '.join(moved)}.",
        "Estimates are made to add to the figure of all wards; their errors are those before.",
    ]
    return (*told, found.with_them.message) if found.with_them.message else tuple(told)


def _covariates(table: pl.DataFrame, sampled: np.ndarray) -> tuple[str, ...]:
    """Those known of every ward, as many as there are wards to learn them from, each of which still tells wards
    apart when any one of them is left out (a place with one rural ward learns nothing of rural wards).
    """
    most = int(sampled.sum()) // WARDS_EACH
    used: list[str] = []
    for name in COVARIATES:
        if len(used) == most or name not in table.columns or table[name].null_count():
            continue
        values = [_floats(table, c)[sampled] for c in (*used, name)]
        if min(float(np.ptp(np.delete(values[-1], i))) for i in range(len(values[-1]))) == 0:
            continue
        x = np.column_stack([np.ones(len(values[0])), *map(_standardised, values)])
        if all(np.linalg.cond(np.delete(x, i, axis=0)) < WORST for i in range(len(x))):
            used.append(name)
    return tuple(used)


def _variances(table: pl.DataFrame, sampled: np.ndarray) -> np.ndarray:
    """Sampling variances as the released intervals tell; smoothed where a ward's own says nothing."""
    p, low, high, n = (_floats(table, c) for c in ("value", "low", "high", "n"))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.log(high / (1 - high)) - np.log(low / (1 - low))
        se = p * (1 - p) * spread / (2 * Z)
    variance = np.where(np.isfinite(se), se, 0.0) ** 2
    found = np.full(len(p), np.nan)
    found[sampled] = smoothed_variances(p[sampled], variance[sampled], np.nan_to_num(n)[sampled])
    return found


def _left_out(
    direct: np.ndarray, psi: np.ndarray, x: np.ndarray, whole: SmallArea
) -> tuple[np.ndarray, np.ndarray]:
    """What the other wards tell of each ward, and its standard error."""
    others, variance = whole.estimate.copy(), whole.mse.copy()
    for i in np.flatnonzero(np.isfinite(direct)):
        without = direct.copy()
        without[i] = np.nan
        fit = fay_herriot(without, psi, x)
        others[i], variance[i] = fit.estimate[i], fit.mse[i]
    return others, np.sqrt(variance)


def _total(released: pl.DataFrame) -> float:
    """The share of all wards together: everybody less those whose ward is not known, as far as that is shown."""
    rows = {r["ward"]: r for r in released.to_dicts()}
    whole, unknown = rows[TOTAL], rows.get(NOT_KNOWN)
    if unknown is None or unknown["value"] is None or unknown["denominator"] is None:
        return float(whole["value"])
    base = whole["denominator"] - unknown["denominator"]
    left = whole["value"] * whole["denominator"] - unknown["value"] * unknown["denominator"]
    return float(left / base)


def _standardised(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean()) / values.std())


def _floats(table: pl.DataFrame, column: str) -> np.ndarray:
    return np.asarray(table[column].cast(pl.Float64).fill_null(float("nan")).to_numpy())
