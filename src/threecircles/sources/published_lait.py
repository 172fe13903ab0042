"""The Local Authority Interactive Tool in one shape: 434 measures under like names, none added to another."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.periods import parse_period
from threecircles.core.symbols import parse_published
from threecircles.sources.published import FoundTable, read_published

FIRST_REGION = 970
"""Numbers from here are England and its regions, not authorities."""


@dataclass(frozen=True)
class Lait:
    """values: measure_short, la_number, name (to read, never to join on), period, kind, status, start_year, year, value, reason.

    unread: periods that name no time, with why and how many rows were set aside.
    """

    values: pl.DataFrame
    unread: pl.DataFrame


def read_lait(found: FoundTable, *measures: str) -> Lait:
    """The named measures (all when none is named) of every area and period.

    A cell without a number keeps its reason; a dash is "not available", never nought.
    """
    frame = read_published(found)
    if measures:
        frame = frame.filter(pl.col("measure_short").is_in(list(measures)))
    periods, refused = _periods(frame.get_column("period").unique().to_list())
    unread = frame.join(refused, on="period").group_by("period", "why").len("rows").sort("period")
    cells = frame.get_column("value").fill_null("-")
    texts = cells.unique().to_list()
    parsed = [parse_published(t) for t in texts]
    lookup = pl.DataFrame(
        {"text": texts, "number": [p[0] for p in parsed], "reason": [p[1] for p in parsed]},
        schema={"text": pl.Utf8, "number": pl.Float64, "reason": pl.Utf8},
    )
    values = (
        frame.with_columns(cells.alias("text"))
        .join(lookup, on="text", how="left")
        .join(periods, on="period")
        .select(
            "measure_short",
            pl.col("la_number").cast(pl.Int64),
            pl.col("area").alias("name"),
            *("period", "kind", "status", "start_year", "year"),
            pl.col("number").alias("value"),
            "reason",
        )
    )
    return Lait(values, unread)


def national_is_plausible(values: pl.DataFrame) -> bool:
    """False when England's figure of a rate lies outside its authorities' lowest and highest.

    values: one measure and period. A total put where a rate belongs shows itself so (FirstYJS).
    """
    authorities = values.filter(pl.col("la_number") < FIRST_REGION).get_column("value").drop_nulls()
    national = values.filter(pl.col("la_number") == FIRST_REGION).get_column("value").drop_nulls()
    if authorities.is_empty() or national.is_empty():
        return True
    return bool(authorities.min() <= national[0] <= authorities.max())


_PERIOD = {
    "period": pl.Utf8, "kind": pl.Utf8, "status": pl.Utf8, "start_year": pl.Int64, "year": pl.Int64,
}  # fmt: skip


def _periods(texts: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    read, refused = [], []
    for text in texts:
        try:
            period = parse_period(text.replace("(Final)", "").strip())
        except UsageError as error:
            refused.append((text, error.what))
            continue
        status = "final" if "(Final)" in text else period.status
        read.append((text, period.kind, status, period.start.year, period.year))
    return (
        pl.DataFrame(read, schema=_PERIOD, orient="row"),
        pl.DataFrame(refused, schema={"period": pl.Utf8, "why": pl.Utf8}, orient="row"),
    )
