"""A measure of older areas carried to today's: without a crosswalk two vintages would be compared that mean other places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.funding.fit_file import read_table


@dataclass(frozen=True)
class Vintage:
    """Another vintage of one term. column: in the measure's file, beside `area` (its older area code).

    crosswalk: file of columns from (older area), to (area of the fit) and, where an area was cut, weight (the
    part of `to` that comes from `from`, by children or people; equal parts without it).
    """

    term: str
    measure: Path
    crosswalk: Path | None


def added_column(vintage: Vintage, areas: pl.Series) -> pl.DataFrame:
    """The measure of the older areas at the areas of a fit: columns area and `<term> (carried)`, mean 0, sd 1.

    It is put on a scale of its own since two vintages define income otherwise: their levels are never compared.
    Raises UsageError without a crosswalk, and for areas it does not reach.
    """
    if vintage.crosswalk is None:
        raise UsageError(
            f"Another vintage of {vintage.term} needs a crosswalk of its areas.",
            mend="Name it with --crosswalk FILE (columns from, to and, where areas were cut, weight).",
        )
    measure = read_table(vintage.measure)
    if "area" not in measure.columns or vintage.term not in measure.columns:
        raise UsageError(
            f"The other vintage needs the columns area and {vintage.term}.",
            where=vintage.measure.name,
            found=", ".join(measure.columns[:20]),
            mend=did_you_mean(vintage.term, measure.columns),
        )
    values = measure.select(pl.col("area").cast(pl.Utf8), value=pl.col(vintage.term))
    made = carried(values, _crosswalk(vintage.crosswalk), areas.cast(pl.Utf8).unique(maintain_order=True))  # fmt: skip
    return made.rename({"value": carried_name(vintage.term)})


def carried_name(term: str) -> str:
    """What a term's other vintage is called."""
    return f"{term} (carried)"


def carried(values: pl.DataFrame, crosswalk: pl.DataFrame, areas: pl.Series) -> pl.DataFrame:
    """Weighted means of older areas at newer ones, then put on mean 0 and sd 1 over these.

    values: area, value. crosswalk: from, to, weight. areas: those wanted. Columns: area, value, in their order.
    Raises UsageError for areas that the crosswalk or the measure does not reach, and for a constant.
    """
    wanted = pl.DataFrame({"area": areas})
    parts = (
        wanted.join(crosswalk.rename({"to": "area"}), on="area", how="left", maintain_order="left")
        .join(values.rename({"area": "from"}), on="from", how="left", maintain_order="left")
        .with_columns(part=pl.col("value") * pl.col("weight"))
    )
    lost = parts.filter(pl.col("value").is_null())["area"].unique(maintain_order=True).to_list()
    if lost:
        raise UsageError(
            f"The other vintage does not reach {len(lost):,} of {len(areas):,} areas.",
            found=", ".join(lost[:10]),
            mend="A crosswalk names every area of the fit in `to`, and the measure every area in `from`.",
        )
    made = parts.group_by("area", maintain_order=True).agg(
        value=pl.col("part").sum() / pl.col("weight").sum()
    )
    spread = made["value"].std()
    if not spread:
        raise UsageError("The other vintage is the same in every area, so it explains nothing.")
    return made.with_columns(value=(pl.col("value") - pl.col("value").mean()) / spread)


def _crosswalk(path: Path) -> pl.DataFrame:
    table = read_table(path)
    missing = [c for c in ("from", "to") if c not in table.columns]
    if missing:
        raise UsageError(
            "The crosswalk lacks columns.",
            where=path.name,
            found=", ".join(table.columns[:20]),
            allowed="from, to, weight",
        )
    weight = pl.col("weight").cast(pl.Float64) if "weight" in table.columns else pl.lit(1.0)
    made = table.select(pl.col("from", "to").cast(pl.Utf8), weight=weight)
    wrong = made.filter(pl.col("weight").is_null() | ~(pl.col("weight") > 0))
    if wrong.height:
        raise UsageError(
            "A weight of the crosswalk is not above nought.",
            where=path.name,
            found=", ".join(wrong["to"].to_list()[:10]),
        )
    return made
