"""Department for Education tables by authority: levels checked, symbols kept, periods told apart."""

from __future__ import annotations

import polars as pl

from threecircles.core.periods import parse_period
from threecircles.sources.published import FoundTable, read_published, with_reason

LEVELS = {"National": "england", "Regional": "region", "Local authority": "authority"}
"""The publisher's own levels; a row of any other was added by somebody else and is set aside."""
ENGLAND = "E92000001"


def read_dfe(found: FoundTable, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One column of figures by level and year, and the rows set aside because of their level.

    The first frame: level (england, region, authority), area (ONS code), la_number, name, year (in which
    the period ends), value, reason, and the columns of the table that are not identification.
    """
    frame = with_reason(read_published(found), column)
    known = pl.col("geographic_level").is_in(list(LEVELS))
    aside = frame.filter(~known)
    years = {
        t: parse_period(t, found.table.period_kind).year
        for t in frame["time_period"].unique().to_list()
    }
    level = pl.col("geographic_level").replace_strict(LEVELS, return_dtype=pl.Utf8)
    area = (
        pl.when(level == "england").then(pl.lit(ENGLAND)).when(level == "region").then(pl.col("region_code"))
        .otherwise(pl.col("new_la_code"))
    )  # fmt: skip
    gone = (
        "time_period",
        "geographic_level",
        "region_code",
        "region_name",
        "old_la_code",
        "new_la_code",
        "la_name",
    )
    laid = frame.filter(known).select(
        level.alias("level"),
        area.alias("area"),
        pl.col("old_la_code").cast(pl.Int64, strict=False).alias("la_number"),
        pl.col("la_name").alias("name"),
        pl.col("time_period").replace_strict(years, return_dtype=pl.Int64).alias("year"),
        "value",
        "reason",
        *(c for c in frame.columns if c not in (*gone, "value", "reason")),
    )
    return laid, aside
