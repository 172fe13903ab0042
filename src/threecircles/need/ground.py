"""Respondents made to stand for everyone on roll, also where need itself keeps children from answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np
import polars as pl

from threecircles.core.design import unit_rows
from threecircles.core.design_variance import Structure
from threecircles.core.errors import ThreeCirclesError
from threecircles.core.response import Response, chances, fit, independent
from threecircles.need.circles import design_of
from threecircles.need.linearised import Linearised

KNOWN = ("sen_support", "ehc_plan", "absence", "service")
"""Known of everyone, and may decide who answers."""
GO_WITH_NEED = ("fsm", "deprivation")
"""Known of everyone, go with need, and are taken not to decide by themselves who answers."""
MISSED_MOST = 0.5
"""Absence above this counts as this: a handful of pupils must not steer the weights."""
LEAST = 200
"""Respondents below which weights by model are not tried."""
LEAST_KEPT = 0.1
"""Of what sets a pupil's answers apart from pupils like him at least this much is taken as need."""
MOST_SPLIT = 12
WORST_ERROR = 1.0
"""Standard error, in log-odds per standard deviation of the answers, above which free meals and
deprivation say too little of who did not answer."""

How = Literal["need_may_decide", "known_things_only", "survey_weights"]


@dataclass(frozen=True)
class Ground:
    """respondents: one row each, weighted to everyone on roll.

    response: the model of answering within schools that took part; its base weights make those who may be
    linked stand for all who answered. z: known things of respondents;
    expand: what weights were multiplied by to stand for the other schools too. pupils: number on roll.
    how: whether need itself may decide who answers. lean: change in the log-odds of answering for one
    standard deviation of heavier answers, with its standard error. counted: weights meet the number in
    contact.
    """

    respondents: pl.DataFrame
    weights: np.ndarray
    response: Response
    z: np.ndarray
    expand: np.ndarray
    structure: Structure
    pupils: int
    how: How
    lean: tuple[float, float] | None
    counted: bool = True

    @cached_property
    def linearised(self) -> Linearised:
        """What is left of a linearised variable after all that is known is used, ready for any breakdown."""
        served = (self.respondents["service"].fill_null(0) == 1).to_numpy()
        # Weights were scaled to the number in contact, so only differences within each part can err.
        parts = [p for p in (served, ~served) if self.counted and p.any()]
        return Linearised.of(
            self.weights, self.response, self.z, self.expand, parts, self.structure
        )


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
    roll: one row a person: person_id, school, nc_year, female, KNOWN and GO_WITH_NEED. Schools that took
    part are those with an answer; the others are stood for by pupils like theirs. scales: scale -> 1 where
    higher is worse, -1 where lower is. Two things keep a pupil out, each with its own ground: not answering,
    of which only what is known of everyone can tell; and, having answered, giving no leave to link, being
    found on no roll or leaving need open, of which the answers themselves tell.
    """
    answered = table.filter((pl.col("completed") == 1) & (~pl.col("flagged") | with_flagged))
    answered = answered.with_columns(_heavy=_heaviness(answered, scales))
    used = answered.filter(in_picture(with_flagged)).unique(
        "person_id", keep="first", maintain_order=True
    )
    known = _matrix(roll)
    mine = used.join(
        roll.select("person_id").with_row_index("_at"),
        on="person_id",
        how="inner",
        maintain_order="left",
    )
    if mine.height < LEAST:
        return None
    at = mine["_at"].to_numpy()
    kept = independent(known[at])
    z = known[:, kept]
    took_part = (
        roll["school"].is_in(mine["psu"].unique().implode()).to_numpy()
        if "school" in roll.columns
        else np.ones(roll.height, bool)
    )
    base = sum(j < known.shape[1] - len(GO_WITH_NEED) for j in kept)
    try:
        found, how, lean = _answering(
            z[at],
            base,
            expected_need(mine["_heavy"].to_numpy(), z[at], reliability(answered, list(scales))),
            z[took_part].sum(axis=0),
            _for_all_who_answered(answered, mine, roll),
        )
        expand = _expanded(z[at], found.weights, z.sum(axis=0))
    except ThreeCirclesError:
        return None
    weights = _with_service_met(found.weights * expand, mine, roll)
    structure = unit_rows(mine, replace(design_of("these_pupils"), weight=None))
    return Ground(mine, weights, found, z[at], expand, structure, roll.height, how, lean)


def plain_ground(answered: pl.DataFrame, weight: str) -> Ground:
    """A ground with the survey's own weights, where no roll is held: nothing is known but the answers."""
    mine = answered.filter(pl.col(weight) > 0)
    n = mine.height
    empty = np.empty((n, 0))
    weights = mine[weight].to_numpy().astype(float)
    ones = Response(
        np.ones(n), np.empty(0), np.empty(0), empty, empty, np.empty((0, 0)), np.ones(n)
    )
    structure = unit_rows(mine, replace(design_of("these_pupils"), weight=None))
    pupils = round(float(weights.sum()))
    return Ground(
        mine, weights, ones, empty, np.ones(n), structure, pupils, "survey_weights", None, False
    )


def _for_all_who_answered(
    answered: pl.DataFrame, mine: pl.DataFrame, roll: pl.DataFrame
) -> np.ndarray:
    """For each pupil in the picture, 1 / chance that one who answered alike is in it."""
    # One known not to be on any roll here is nobody whom the others stand for.
    here = answered.filter(
        pl.col("person_id").is_null() | pl.col("person_id").is_in(roll["person_id"].implode())
    )
    year, female = (pl.col(c).cast(pl.Float64) for c in ("nc_year", "female"))
    columns = here.select(
        pl.lit(1.0), "_heavy", year.fill_null(year.mean()), female.fill_null(female.mean())
    )
    yes = here["response_id"].is_in(mine["response_id"].implode()).cast(pl.Float64).to_numpy()
    found = chances(columns.fill_null(0.0).to_numpy(), yes)
    told = dict(zip(here["response_id"].to_list(), (1 / found).tolist(), strict=True))
    return np.array([told[r] for r in mine["response_id"].to_list()])


def _answering(
    z: np.ndarray, base: int, heavy: np.ndarray, totals: np.ndarray, stage: np.ndarray
) -> tuple[Response, How, tuple[float, float] | None]:
    """Weights within schools that took part; need may decide where what goes with need can tell how."""
    if z.shape[1] > base:
        try:
            found = fit(np.column_stack([z[:, :base], heavy]), z, totals, stage)
            if found.errors[-1] <= WORST_ERROR:
                return (
                    found,
                    "need_may_decide",
                    (float(found.coefficients[-1]), float(found.errors[-1])),
                )
        except ThreeCirclesError:
            # Too little goes with need here; what is known of everyone must do.
            return fit(z, z, totals, stage), "known_things_only", None
    return fit(z, z, totals, stage), "known_things_only", None


def _expanded(z: np.ndarray, weights: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Factors exp(z'b) that make weights meet the totals of everyone on roll, other schools included."""
    b = np.zeros(z.shape[1])
    for _ in range(100):
        factor = np.exp(np.clip(z @ b, -3, 3))
        miss = (weights * factor) @ z - totals
        step = np.linalg.lstsq((z * (weights * factor)[:, None]).T @ z, miss, rcond=None)[0]
        b = b - step
        if np.abs(step).max() < 1e-10:
            return np.exp(np.clip(z @ b, -3, 3))
    raise ThreeCirclesError("Weights for schools that did not take part did not settle.")


def _with_service_met(weights: np.ndarray, mine: pl.DataFrame, roll: pl.DataFrame) -> np.ndarray:
    """The weights scaled so that pupils in contact add up to those on roll exactly.

    Where more totals are known than chances to answer are fitted, each is met only nearly; how many are
    in contact is known of everyone and must not be told in two ways.
    """
    served = mine["service"].to_numpy() == 1
    on_roll = int(roll["service"].sum())
    weights = weights.copy()
    for part, total in ((served, on_roll), (~served, roll.height - on_roll)):
        if part.any():
            weights[part] *= total / weights[part].sum()
    return weights


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


def _heaviness(table: pl.DataFrame, scales: Mapping[str, int]) -> np.ndarray:
    """How heavy a pupil's answers are: mean of the scales in standard deviations, worse upwards."""
    turned = table.select(
        ((pl.col(s) - pl.col(s).mean()) / pl.col(s).std()).fill_nan(None) * sign
        for s, sign in scales.items()
    )
    mean = turned.mean_horizontal().fill_null(0.0)
    spread = mean.std()
    return (mean / spread if spread else mean).to_numpy()


def reliability(table: pl.DataFrame, scales: Sequence[str]) -> float:
    """How much of what pupils' mean scores differ by would come back: the best split half (Guttman's lambda 4).

    The scales measure different things, and alpha would take for error what only one of them measures. Beyond
    MOST_SPLIT scales halves are taken of the first ones only. Source: Guttman, Psychometrika 10 (1945) 255-282.
    """
    held = table.select(scales[:MOST_SPLIT]).drop_nulls().to_numpy().astype(float)
    k = held.shape[1]
    if k < 2 or len(held) <= k:
        return 1.0
    # A scale on which all pupils agree tells them not apart and counts for nothing.
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.abs(np.nan_to_num(np.corrcoef(held.T)))
    half = np.array([(1, *rest) for rest in product((0, 1), repeat=k - 1)])
    shared = np.einsum("si,ij,sj->s", half, between, 1 - half)
    return float(4 * shared.max() / between.sum())


def expected_need(heavy: np.ndarray, known: np.ndarray, reliable: float) -> np.ndarray:
    """Need expected of each respondent, from answers that measure it with error and from what is known.

    heavy: standardised answers. known: an intercept and all that is known of everyone. Need decides who answers,
    and answers only point at it: left as they are, poverty would seem to tell of answering by itself where it
    only tells of need that the answers missed. Regression calibration. Source: Carroll, Ruppert, Stefanski and
    Crainiceanu, Measurement Error in Nonlinear Models (2006) ch. 4.
    """
    line = known @ np.linalg.lstsq(known, heavy, rcond=None)[0]
    left = heavy - line
    kept = 1 - (1 - reliable) * float(heavy.var()) / float(left.var())
    return np.asarray(line + max(LEAST_KEPT, kept) * left)


def directions(criteria: Sequence[tuple[str, str]]) -> dict[str, int]:
    """scale -> 1 or -1 from cuts such as ">= 3.4" (higher is worse) or "<= 2" (lower is worse)."""
    return {scale: 1 if cut.strip().startswith(">") else -1 for scale, cut in criteria}
