"""The overlap under different beliefs about links: without it one threshold would pass for the truth."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.calibrated import calibrated_circles
from threecircles.need.ground import Ground
from threecircles.need.measured import VALUES, Told, figures

CAREFUL = 0.95
SHOWN = ("service", "both", "coverage", "targeting")
ORDER = {
    "careful": "Only links that are all but sure",
    "observed": "All links accepted",
    "corrected": "Put right for missed links",
}


def links_table(
    ground: Ground, seen: pl.DataFrame, right: pl.DataFrame | None, told: Told
) -> Measured:
    """circles-links: service, both, coverage and targeting by what is believed of links.

    seen: figures by all accepted links. right: the same put right, where the share found is known.
    careful: contact counts only where the child's weakest link is all but sure (probability .95).
    """
    parts = [seen.with_columns(links=pl.lit("observed"))]
    if "link_p" in ground.respondents.columns:
        sure = pl.col("link_p").fill_null(1.0) >= CAREFUL
        careful = replace(
            ground,
            respondents=ground.respondents.with_columns(
                service=pl.when(sure).then("service").otherwise(0)
            ),
        )
        parts.append(calibrated_circles(careful).with_columns(links=pl.lit("careful")))
    if right is not None:
        parts.append(right.with_columns(links=pl.lit("corrected")))
    table = pl.concat([p.select("links", *seen.columns) for p in parts]).filter(
        pl.col("measure").is_in(SHOWN)
    )
    spec = TableSpec(
        id="circles-links",
        title="How much the overlap hangs on links between records",
        population=told.population,
        period=told.period,
        unit="share of children",
        dimensions=(Dimension(column="links", label="Links", order=tuple(ORDER), labels=ORDER),),
        count="n_with",
        values=VALUES,
        kind="share",
        page="need",
        notes=(told.rule, *told.notes),
        definitions=told.definitions,
        sources=("survey-pupils",),
        step="need.circles",
    )
    return Measured(spec, figures(table, ["links"]))
