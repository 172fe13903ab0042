"""Columns that follow from others and from keys left out in flat files: rules need them, senders do not send them."""

from __future__ import annotations

import polars as pl


def derive(tables: dict[str, pl.DataFrame]) -> None:
    """Add, in place, what the declarations call derived and the files at hand allow.

    Header.UASC of the 903, when a UASC table of the same year is there: 1 for a child in it, else 0.
    """
    for suffix in ("", "_last"):
        header, uasc = tables.get(f"Header{suffix}"), tables.get(f"UASC{suffix}")
        if (
            header is None
            or uasc is None
            or "CHILD" not in header.columns
            or "UASC" in header.columns
        ):
            continue
        flag = pl.col("CHILD").is_in(uasc.get_column("CHILD").drop_nulls().implode())
        tables[f"Header{suffix}"] = header.with_columns(
            pl.when(flag.fill_null(False)).then(pl.lit("1")).otherwise(pl.lit("0")).alias("UASC")
        )
