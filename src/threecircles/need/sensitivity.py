"""How much the picture hangs on the rule: prevalence, coverage and targeting for every k and r."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.calibrated import regions
from threecircles.need.ground import Ground
from threecircles.need.high_need import HighNeed
from threecircles.need.linkage import LinkQuality, correct
from threecircles.need.measured import VALUES, Told, figures
from threecircles.need.shares import shares

SHOWN = ("need", "coverage", "targeting")
NONE = "none"


def sensitivity_table(
    ground: Ground, everyone: Ground, need: HighNeed, told: Told, quality: LinkQuality | None
) -> Measured:
    """need-sensitivity: need, coverage and targeting were the rule k impairments, or r risks.

    Dimensions impairments (k from 1 to all) and risks (r from 1 to all, or none: risks left out). Blanks
    count as not present here; need_least and need_most bound what they could hide, for the rule agreed,
    over everyone who answered (everyone), with the survey's own weights.
    """
    impairments = ground.respondents["n_impairments"].to_numpy()
    risks = ground.respondents["n_risks"].to_numpy()
    served = (ground.respondents["service"] == 1).to_numpy()
    rows = []
    for k in range(1, len(need.impairments) + 1):
        for r in [*range(1, len(need.risks) + 1), None]:
            high = impairments >= k
            high = high if r is None else high | (risks >= r)
            table = shares(ground, regions(high, served))
            if quality:
                table = correct(table, quality, these_pupils=True, rates_of_them=True)
            rows.append(
                table.filter(pl.col("measure").is_in(SHOWN)).with_columns(
                    impairments=pl.lit(str(k)), risks=pl.lit(NONE if r is None else str(r))
                )
            )
    rows.append(_open(everyone, need))
    order_k = tuple(str(i) for i in range(1, len(need.impairments) + 1))
    order_r = (*(str(i) for i in range(1, len(need.risks) + 1)), NONE)
    spec = TableSpec(
        id="need-sensitivity",
        title="What other rules for high need would show",
        population=told.population,
        period=told.period,
        unit="share of children",
        dimensions=(
            Dimension(column="impairments", label="Impairments needed", order=order_k),
            Dimension(
                column="risks",
                label="or risks needed",
                order=order_r,
                labels={NONE: "Risks left out"},
            ),
        ),
        count="n_with",
        values=VALUES,
        kind="share",
        page="need",
        notes=(told.rule, *told.notes),
        definitions=told.definitions,
        sources=("survey-pupils",),
        step="need.circles",
    )
    return Measured(spec, figures(pl.concat(rows), ["impairments", "risks"]))


def _open(ground: Ground, need: HighNeed) -> pl.DataFrame:
    everyone = np.ones(ground.respondents.height, dtype=bool)
    ends = {
        "need_least": ((ground.respondents["need_surely"] == 1).to_numpy(), everyone),
        "need_most": ((ground.respondents["need_possibly"] == 1).to_numpy(), everyone),
    }
    return shares(ground, ends).with_columns(
        impairments=pl.lit(str(need.rule.k_impairments)),
        risks=pl.lit(str(need.rule.or_r_risks) if need.risks else NONE),
    )
