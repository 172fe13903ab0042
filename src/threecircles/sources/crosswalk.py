"""Which columns of different sources share one list of codes: without it the same question is asked in ten ways."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from threecircles.sources.declared import Source, all_sources


def crosswalk(sources: Sequence[Source] | None = None) -> pl.DataFrame:
    """One row for each coded column: codes, source, table, column, label; sorted so that sharers stand together."""
    rows = [
        (column.codes, source.id, table.name, column.name, column.label)
        for source in (sources if sources is not None else all_sources())
        for table in source.tables
        for column in table.columns
        if column.codes
    ]
    return pl.DataFrame(
        rows,
        schema=dict.fromkeys(("codes", "source", "table", "column", "label"), pl.Utf8),
        orient="row",
    ).sort("codes", "source", "table", "column")


def shared(sources: Sequence[Source] | None = None) -> pl.DataFrame:
    """Lists that more than one source uses: codes, sources (how many), columns (how many)."""
    return (
        crosswalk(sources)
        .group_by("codes")
        .agg(pl.col("source").n_unique().alias("sources"), pl.len().alias("columns"))
        .filter(pl.col("sources") > 1)
        .sort("sources", "codes", descending=[True, False])
    )
