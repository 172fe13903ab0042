"""Answers as they came, with the reason for each gap: a blank must never read as "not at all"."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

PREFER_NOT = "P"
"""What a pupil's "prefer not to say" looks like in the file."""


def answers(table: pl.DataFrame, items: Iterable[str]) -> pl.DataFrame:
    """The survey table with numeric items; one row a pupil asked.

    table: columns code, urn, nc_year, sex, wave, completed_on, status and one text column an item.
    Adds <item> (float, null = no answer), <item>__why (refused for prefer not to say, not_obtained for
    a blank, not_asked where the item is not in the file) and completed (bool).
    """
    done = pl.col("status").str.to_lowercase() == "completed"
    columns = [done.fill_null(False).alias("completed")]
    for item in items:
        if item not in table.columns:
            columns += [
                pl.lit(None, dtype=pl.Float64).alias(item),
                pl.lit("not_asked").alias(f"{item}__why"),
            ]
            continue
        text = pl.col(item).cast(pl.String).str.strip_chars()
        number = pl.when(done).then(text.cast(pl.Float64, strict=False))
        why = pl.when(text == PREFER_NOT).then(pl.lit("refused")).otherwise(pl.lit("not_obtained"))
        columns += [
            number.alias(item),
            pl.when(number.is_null()).then(why).alias(f"{item}__why"),
        ]
    return table.with_columns(columns)
