"""Which record is which person, surer or less sure: the same tables with other pointers."""

from __future__ import annotations

from typing import Literal

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.seeds import rng

CAREFUL = 0.95
"""Probability from which a link counts as certain (identity.md 5)."""


def unlinked(
    pointers: pl.DataFrame, links: Literal["careful", "draw"], draw: int = 1
) -> pl.DataFrame:
    """Source records whose link is not taken. Columns: source_record_id.

    pointers: source_record_id, p. careful: links under .95. draw: each link is taken with its own
    probability, the same way for the same number of the draw.
    """
    ordered = pointers.filter(pl.col("p").is_not_null()).sort("source_record_id")
    if links == "careful":
        return ordered.filter(pl.col("p") < CAREFUL).select("source_record_id")
    chance = rng(draw, "record links").random(ordered.height)
    return ordered.filter(pl.col("p") < pl.Series(chance)).select("source_record_id")


def repointed(
    rows: nw.LazyFrame, pointers: nw.LazyFrame, links: Literal["careful", "draw"], draw: int = 1
) -> nw.LazyFrame:
    """The rows with each record whose link is not taken as a person of its own.

    rows: source_record_id and person_id. The record's own person is written `~` and its record id.
    """
    if not {"source_record_id", "person_id"} <= set(rows.collect_schema().names()):
        return rows
    loose = unlinked(collect(pointers.select("source_record_id", "p")), links, draw)
    ids = loose["source_record_id"].to_list()
    own = nw.concat_str([nw.lit("~"), nw.col("source_record_id")])
    return rows.with_columns(
        person_id=nw.when(nw.col("source_record_id").is_in(ids))
        .then(own)
        .otherwise(nw.col("person_id"))
    )
