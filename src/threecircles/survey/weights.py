"""Weights that make those who answered stand for all who were on roll: the sad and the absent answer less.

Two stages: roll / respondents within school, year and sex; then raking to the population's margins (year
by sex, school, and what the school census says) within school type, which also stands in for schools that
did not take part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.raking import Raked, rake, trim

LEAST = 5
"""Respondents a cell must hold; smaller cells join the other sex, then the school's other years."""
ROLL = ("urn", "nc_year", "sex", "pupils")
"""Columns that every roll holds."""


@dataclass(frozen=True)
class Weighted:
    """weights: one a respondent, in order. kish: design effect of unequal weights. largest: greatest
    weight as a multiple of the median. unmet: margins that did not reach their totals."""

    weights: pl.Series
    kish: float
    largest: float
    unmet: tuple[str, ...]
    passes: int


def margins_of(asked: Iterable[str], counted: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Margins to weigh to: year by sex and school, and whatever else the roll counts and pupils were asked.

    asked, counted: columns of the respondents and of the roll. An anonymous form can be weighed only to what
    it asked; an identifiable one also to columns that the school census puts beside it, for example fsm, sen,
    ethnic_group and idaci_quintile.
    """
    own = set(asked)
    more = [c for c in counted if c not in ROLL and c in own]
    return (("stratum", "nc_year", "sex"), ("stratum", "urn"), *(("stratum", c) for c in more))


def weigh(
    respondents: pl.DataFrame,
    roll: pl.DataFrame,
    margins: Sequence[Sequence[str]] = (("stratum", "nc_year", "sex"),),
) -> Weighted:
    """Weights of respondents.

    respondents: stratum, urn, nc_year, sex and any column a margin names. roll: one row per pupil on
    roll of the whole population, the same columns. Every margin begins with the stratum. Returns weights
    that sum to the roll; respondents of a stratum that the roll does not know stand for themselves.
    """
    base = respondents_share(respondents, roll)
    keyed = respondents.with_columns(_w=base)
    totals: dict[str, Mapping[object, float]] = {}
    for columns in margins:
        name = "_x_".join(columns)
        keyed = keyed.with_columns(_key(columns).alias(name))
        own = keyed.group_by(name).agg(pl.col("_w").sum()).sort(name)
        counts = roll.group_by(_key(columns).alias(name)).len().sort(name)
        totals[name] = _totals(dict(own.iter_rows()), dict(counts.iter_rows()))
    raked = rake(keyed, base, totals)
    trimmed = trim(raked.weights)
    if not np.array_equal(trimmed, raked.weights):
        raked = rake(keyed, trimmed, totals)
    return _told(raked)


def _totals(own: Mapping[str, float], counts: Mapping[str, int]) -> dict[object, float]:
    """What the weights of each cell of a margin should sum to.

    own: cell -> weights of those who answered. counts: cell -> pupils on roll. Every margin gives a stratum
    the same total, or they could not be met together: pupils of cells from which nobody answered are
    stood for by the stratum's other cells, and respondents of a cell that the roll does not know (not
    linked, unsure) keep their share of the stratum.
    """
    sizes, shares = _by_stratum(counts), _by_stratum(own)
    met = {s: n for s, n in sizes.items() if s in shares}
    # A stratum in which nobody answered is stood for by all others.
    whole = sum(sizes.values()) / sum(met.values()) if met else 1.0
    known = _by_stratum({cell: counts[cell] for cell in own if cell in counts})
    known_shares = _by_stratum({cell: w for cell, w in own.items() if cell in counts})
    told: dict[object, float] = {}
    for cell, weight in own.items():
        stratum = cell.split("|")[0]
        told[cell] = weight
        if cell in counts:
            told[cell] = counts[cell] / known[stratum] * known_shares[stratum]
        if stratum in met:
            told[cell] *= met[stratum] * whole / shares[stratum]
    return told


def _by_stratum(cells: Mapping[str, float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for cell, n in cells.items():
        stratum = cell.split("|")[0]
        sums[stratum] = sums.get(stratum, 0.0) + n
    return sums


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


def _told(raked: Raked) -> Weighted:
    largest = float(raked.weights.max() / np.median(raked.weights))
    return Weighted(
        pl.Series("weight", raked.weights), raked.kish, largest, raked.unmet, raked.passes
    )
