"""Respondents made to stand for everyone on roll, also where need itself keeps children from answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from threecircles.core.design import unit_rows
from threecircles.core.design_variance import Structure
from threecircles.core.errors import ThreeCirclesError
from threecircles.core.response import Response, fit, independent
from threecircles.need.circles import design_of

KNOWN = ("sen_support", "ehc_plan", "absence", "service")
"""Known of everyone, and may decide who answers."""
GO_WITH_NEED = ("fsm", "deprivation")
"""Known of everyone, go with need, and are taken not to decide by themselves who answers."""
MISSED_MOST = 0.5
"""Absence above this counts as this: a handful of pupils must not steer the weights."""
LEAST = 200
"""Respondents below which weights by model are not tried."""
WORST_ERROR = 1.0
"""Standard error, in log-odds per standard deviation of the answers, above which free meals and
deprivation say too little of who did not answer."""

How = Literal["need_may_decide", "known_things_only"]


@dataclass(frozen=True)
class Ground:
    """respondents: one row each, weighted by response.weights. pupils: number on roll.

    how: whether need itself may decide who answers. lean: change in the log-odds of answering for one
    standard deviation of heavier answers, with its standard error.
    """

    respondents: pl.DataFrame
    response: Response
    structure: Structure
    pupils: int
    how: How
    lean: tuple[float, float] | None


def in_picture(with_flagged: bool = False) -> pl.Expr:
    """True for a pupil who answered, whose need is known and who may be linked.

    Answers flagged as perhaps not meant are left out, and counted like not answering, unless asked for.
    """
    known = (
        (pl.col("completed") == 1)
        & pl.col("need").is_in(["high", "not_high"])
        & pl.col("service").is_not_null()
    )
    return known if with_flagged else known & ~pl.col("flagged")


def grounded(
    table: pl.DataFrame, roll: pl.DataFrame, scales: Mapping[str, int], with_flagged: bool = False
) -> Ground | None:
    """The ground of a survey, or None where too few answered or no weights are found.

    table: one row a pupil asked, with need, service, person_id, the scales and the design's columns.
    roll: one row a person: person_id, nc_year, female, KNOWN and GO_WITH_NEED. scales: scale -> 1 where
    higher is worse, -1 where lower is. A pupil who left need open, may not be linked, or was not asked
    counts like one who did not answer.
    """
    answered = table.filter(in_picture(with_flagged)).unique(
        "person_id", keep="first", maintain_order=True
    )
    known = _matrix(roll)
    place = roll.select("person_id").with_row_index("_at")
    mine = answered.join(place, on="person_id", how="inner", maintain_order="left")
    if mine.height < LEAST:
        return None
    at = mine["_at"].to_numpy()
    outer = known[:, independent(known[at])]
    base = outer[:, : _base_size(known, at)]
    heavy = _heaviness(mine, scales)
    totals = outer.sum(axis=0)
    structure = unit_rows(mine, replace(design_of("these_pupils"), weight=None))
    if outer.shape[1] > base.shape[1]:
        try:
            found = fit(np.column_stack([base[at], heavy]), outer[at], totals)
            if found.errors[-1] <= WORST_ERROR:
                lean = (float(found.coefficients[-1]), float(found.errors[-1]))
                found = _with_service_met(found, mine, roll)
                return Ground(mine, found, structure, roll.height, "need_may_decide", lean)
        except ThreeCirclesError:
            pass
    try:
        return Ground(
            mine,
            fit(outer[at], outer[at], totals),
            structure,
            roll.height,
            "known_things_only",
            None,
        )
    except ThreeCirclesError:
        return None


def _with_service_met(found: Response, mine: pl.DataFrame, roll: pl.DataFrame) -> Response:
    """The weights scaled so that pupils in contact add up to those on roll exactly.

    Where more totals are known than chances to answer are fitted, each is met only nearly; how many are
    in contact is known of everyone and must not be told in two ways.
    """
    served = mine["service"].to_numpy() == 1
    on_roll = int(roll["service"].sum())
    weights = found.weights.copy()
    for part, total in ((served, on_roll), (~served, roll.height - on_roll)):
        if part.any():
            weights[part] *= total / weights[part].sum()
    return replace(found, weights=weights)


def _matrix(roll: pl.DataFrame) -> np.ndarray:
    """Intercept, year by sex, KNOWN, then GO_WITH_NEED; unknown values take the mean."""
    cells = roll.select("nc_year", "female").unique().sort("nc_year", "female")
    columns = [np.ones(roll.height)]
    for year, female in cells.iter_rows():
        columns.append(
            ((roll["nc_year"] == year) & (roll["female"] == female)).cast(pl.Float64).to_numpy()
        )
    for name in (*KNOWN, *GO_WITH_NEED):
        values = roll[name].cast(pl.Float64)
        values = values.clip(0, MISSED_MOST) if name == "absence" else values
        mean = values.mean()
        columns.append(values.fill_null(mean if mean is not None else 0.0).to_numpy())
    return np.stack(columns, axis=1)


def _base_size(known: np.ndarray, at: np.ndarray) -> int:
    """Independent columns before GO_WITH_NEED begins."""
    edge = known.shape[1] - len(GO_WITH_NEED)
    return sum(j < edge for j in independent(known[at]))


def _heaviness(table: pl.DataFrame, scales: Mapping[str, int]) -> np.ndarray:
    """How heavy a pupil's answers are: mean of the scales in standard deviations, worse upwards."""
    turned = table.select(
        ((pl.col(s) - pl.col(s).mean()) / pl.col(s).std()).fill_nan(None) * sign
        for s, sign in scales.items()
    )
    mean = turned.mean_horizontal().fill_null(0.0)
    spread = mean.std()
    return (mean / spread if spread else mean).to_numpy()


def directions(criteria: Sequence[tuple[str, str]]) -> dict[str, int]:
    """scale -> 1 or -1 from cuts such as ">= 3.4" (higher is worse) or "<= 2" (lower is worse)."""
    return {scale: 1 if cut.strip().startswith(">") else -1 for scale, cut in criteria}
