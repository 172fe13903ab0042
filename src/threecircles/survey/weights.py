"""Weights that make those who answered stand for all who were on roll: the sad and the absent answer less.

Two stages: roll / respondents within school, year and sex; then raking to the population's margins
within school type, which also stands in for schools that did not take part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.raking import Raked, rake, trim

LEAST = 5
"""Respondents a cell must hold; smaller cells join the other sex, then the school's other years."""


@dataclass(frozen=True)
class Weighted:
    """weights: one a respondent, in order. kish: design effect of unequal weights. largest: greatest
    weight as a multiple of the median. unmet: margins that did not reach their totals."""

    weights: pl.Series
    kish: float
    largest: float
    unmet: tuple[str, ...]
    passes: int


def weigh(
    respondents: pl.DataFrame,
    roll: pl.DataFrame,
    margins: Sequence[Sequence[str]] = (("stratum", "nc_year", "sex"),),
) -> Weighted:
    """Weights of respondents.

    respondents: stratum, urn, nc_year, sex and any column a margin names. roll: one row per pupil on
    roll of the whole population, the same columns. Returns weights that sum to the roll.
    """
    base = respondents_share(respondents, roll)
    keyed, totals = respondents, {}
    for columns in margins:
        name = "_x_".join(columns)
        keyed = keyed.with_columns(_key(columns).alias(name))
        counts = roll.with_columns(_key(columns).alias(name)).group_by(name).len()
        held = set(keyed[name].unique().to_list())
        counts = _joined(counts, held, name)
        # Respondents of a cell that the roll does not know stand for themselves.
        own = keyed.with_columns(_w=base).group_by(name).agg(pl.col("_w").sum())
        known = dict(counts.select(name, "len").iter_rows())
        apart = {k: w for k, w in own.sort(name).iter_rows() if k not in known}
        # Several margins need one common total: those whose answer the roll does not know are within it.
        left = 1 - sum(apart.values()) / sum(known.values()) if len(margins) > 1 else 1.0
        totals[name] = apart | {k: left * v for k, v in known.items()}
    raked = rake(keyed, base, totals)
    trimmed = trim(raked.weights)
    if not np.array_equal(trimmed, raked.weights):
        raked = rake(keyed, trimmed, totals)
    return _told(raked)


def respondents_share(respondents: pl.DataFrame, roll: pl.DataFrame) -> np.ndarray:
    """Roll / respondents of each respondent's cell: school, year and sex, joined up when too small."""
    frame = respondents.with_row_index("_place").select("_place", "urn", "nc_year", "sex")
    weight = pl.lit(None, dtype=pl.Float64)
    for keys in (["urn", "nc_year", "sex"], ["urn", "nc_year"], ["urn"]):
        name = f"_w{len(keys)}"
        answered = frame.group_by(keys).agg(pl.len().alias("_n"))
        on_roll = roll.group_by(keys).agg(pl.len().alias("_r"))
        ratio = answered.join(on_roll, on=keys, how="left", nulls_equal=True).with_columns(
            pl.when(pl.col("_n") >= (LEAST if len(keys) > 1 else 1))
            .then(pl.max_horizontal(pl.col("_r").fill_null(pl.col("_n")), "_n") / pl.col("_n"))
            .alias(name)
        )
        frame = frame.join(
            ratio.select(*keys, name), on=keys, how="left", nulls_equal=True, maintain_order="left"
        )
        weight = pl.coalesce(weight, pl.col(name))
    return frame.sort("_place").select(weight.alias("w"))["w"].to_numpy()


def _key(columns: Sequence[str]) -> pl.Expr:
    return pl.concat_str([pl.col(c).cast(pl.String).fill_null("?") for c in columns], separator="|")


def _joined(counts: pl.DataFrame, held: set[str], name: str) -> pl.DataFrame:
    """Margin cells that nobody answered from, shared out over the cells of the same first part."""
    missing = counts.filter(~pl.col(name).is_in(held))
    kept = counts.filter(pl.col(name).is_in(held)).with_columns(pl.col("len").cast(pl.Float64))
    for key, size in missing.iter_rows():
        kin = pl.col(name).str.starts_with(key.split("|")[0] + "|")
        target = kin if kept.filter(kin).height else pl.lit(True)
        share = pl.col("len") / pl.col("len").filter(target).sum() * size
        kept = kept.with_columns(
            pl.when(target).then(pl.col("len") + share).otherwise("len").alias("len")
        )
    return kept.sort(name)


def _told(raked: Raked) -> Weighted:
    largest = float(raked.weights.max() / np.median(raked.weights))
    return Weighted(
        pl.Series("weight", raked.weights), raked.kish, largest, raked.unmet, raked.passes
    )
