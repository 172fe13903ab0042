"""The overlap under different beliefs about links: without it one threshold would pass for the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import narwhals as nw
import numpy as np
import polars as pl

from threecircles.core.design_intervals import interval
from threecircles.core.engines import collect
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.calibrated import calibrated_circles
from threecircles.need.ground import Ground
from threecircles.need.linkage import pooled
from threecircles.need.measured import VALUES, Told, figures
from threecircles.need.targeted import TargetedServices
from threecircles.record.derive.stock import any_point
from threecircles.record.pointers import unlinked

CAREFUL = 0.95
SHOWN = ("service", "both", "coverage", "targeting")
DRAWS = 20
ORDER = {
    "careful": "Only links that are all but sure",
    "observed": "All links accepted",
    "drawn": "Links drawn by their probability, 20 times",
    "corrected": "Put right for missed links",
}


def links_table(
    ground: Ground,
    seen: pl.DataFrame,
    right: pl.DataFrame | None,
    told: Told,
    drawn: Sequence[pl.Series] = (),
) -> Measured:
    """circles-links: service, both, coverage and targeting by what is believed of links.

    seen: figures by all accepted links. right: the same put right, where the share found is known. drawn: of
    each link draw the person_ids in contact; estimates of the draws are pooled by Rubin's rules.
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
    if drawn:
        parts.append(_drawn(ground, seen, drawn).with_columns(links=pl.lit("drawn")))
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


def links_drawn(
    episodes: nw.LazyFrame, person_records: nw.LazyFrame, definition: TargetedServices, day: date
) -> list[pl.Series]:
    """Of each link draw the person_ids in contact with services.

    episodes: source_record_id beside what `contact` reads. person_records: source_record_id, p (null = sure).
    A record whose link is not drawn is a person of its own, whom nobody asked. No draws where the purpose
    does not cover how sure links are.
    """
    shown = set(person_records.collect_schema().names()) & {"source_record_id", "p"}
    if len(shown) < 2 or "source_record_id" not in episodes.collect_schema().names():
        return []
    first, last = definition.window(day)
    mine = any_point(
        episodes.filter(nw.col("process").is_in(list(definition.chosen()))), first, last
    )
    held = collect(mine.select("person_id", "source_record_id")).drop_nulls("person_id").unique()
    pointers = collect(person_records.select("source_record_id", "p"))
    return [
        held.join(unlinked(pointers, "draw", k), on="source_record_id", how="anti")[
            "person_id"
        ].unique()
        for k in range(1, DRAWS + 1)
    ]


def _drawn(ground: Ground, seen: pl.DataFrame, drawn: Sequence[pl.Series]) -> pl.DataFrame:
    """The figures of every draw pooled; service itself varies only from draw to draw."""
    told = []
    for persons in drawn:
        inside = pl.col("person_id").is_in(persons.implode())
        service = pl.when(inside).then(pl.col("service")).otherwise(0)
        changed = replace(
            ground, respondents=ground.respondents.with_columns(service=service), counted=False
        )
        told.append({r["measure"]: r for r in calibrated_circles(changed).to_dicts()})
    rows = []
    for row in seen.to_dicts():
        draws = [t[row["measure"]] for t in told]
        values = [d["value"] for d in draws]
        if any(v is None for v in values) or not row["df"]:
            rows.append(row)
            continue
        value, se, df = pooled(values, [d["se"] ** 2 for d in draws], float(row["df"]))
        one = np.array([1.0])
        ends = interval(one * value, one * se, one * df, one * df, one * row["n"], True)
        rows.append(
            row
            | {"value": value, "se": se, "low": float(ends.low[0]), "high": float(ends.high[0]),
               "numerator": value * row["denominator"]}
        )  # fmt: skip
    return pl.DataFrame(rows, schema=seen.schema)
