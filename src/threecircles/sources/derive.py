"""Columns that follow from others and from keys left out in flat files: rules need them, senders do not send them."""

from __future__ import annotations

import polars as pl


def derive(tables: dict[str, pl.DataFrame]) -> None:
    """Add, in place, what the declarations call derived and the files at hand allow.

    Header.UASC of the 903, when a UASC table of the same year is there: 1 for a child in it, else 0.
    session and attendance of a flat attendance sheet: venue, date and activity make the session.
    """
    _headcount_sheet(tables)
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


def _headcount_sheet(tables: dict[str, pl.DataFrame]) -> None:
    sheet = tables.get("headcount_sheet")
    if sheet is None or "session" in tables or "attendance" in tables:
        return
    session_id = pl.concat_str("venue", "date", "activity", separator="|", ignore_nulls=True).alias(
        "session_id"
    )
    made = sheet.with_columns(session_id)
    days = [c for c in ("date__date",) if c in sheet.columns]
    tables["session"] = made.select(
        "session_id", pl.col("venue").alias("venue_id"), "date", *days, "activity", "_file", "_at"
    ).unique("session_id", keep="first", maintain_order=True).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("_row")
    )  # fmt: skip
    tables["attendance"] = made.select(
        "session_id", "age_band", "n", "n__int", "basis", "_row", "_file", "_at"
    )
