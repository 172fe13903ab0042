"""Schools as published: an unknown authority is told and a missing roll is not known, never nought."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from threecircles.sources.published import FoundTable, read_published


def read_schools(
    found: FoundTable, authorities: Collection[int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every establishment, and how many stand under numbers that are no authority of today.

    authorities: DfE numbers of today. The first frame: urn, la_number, name, group, phase, pupils (null
    when not known), lsoa21, known_authority; nothing is left out. The second: la_number, establishments.
    """
    frame = read_published(found).with_columns(
        pl.col("la_number").cast(pl.Int64, strict=False),
        pl.col("pupils").cast(pl.Int64, strict=False),
    )
    frame = frame.with_columns(
        pl.col("la_number").is_in(list(authorities)).fill_null(False).alias("known_authority")
    )
    unknown = (
        frame.filter(~pl.col("known_authority"))
        .group_by("la_number")
        .len("establishments")
        .sort("la_number")
    )
    return frame, unknown
