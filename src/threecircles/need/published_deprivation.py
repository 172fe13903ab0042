"""Deprivation of the places where children live, added up from small areas of one vintage."""

from __future__ import annotations

from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.rates import rate
from threecircles.core.rounding import round_half_away
from threecircles.need.published_areas import England
from threecircles.sources.published import read_published, same_vintage

YEAR, PERIOD = 2025, "2025"


def deprivation(
    england: England, measure: str, decimals: int
) -> tuple[list[tuple[Any, ...]], tuple[str, ...]]:
    """Share of children aged 0 to 15, in percent, by authority, region and England.

    measure: "idaci" (in income-deprived families; derived, since numerator and children are of two
    years) or "poorest_fifth" (living in the two most deprived tenths of areas). Returns rows in the
    order of the comparison's columns, and notes.
    """
    areas = _small_areas(england)
    if measure == "idaci":
        part = pl.col("idaci_numerator").fill_null(0)
    else:
        part = pl.when(pl.col("imd_decile") <= 2).then(pl.col("children_0_15")).otherwise(0)
    areas = areas.with_columns(part.alias("part"))
    rows: list[tuple[Any, ...]] = []
    for level, keys in (("authority", ["area", "region"]), ("region", ["region"]), ("england", [])):
        summed = _sum(areas, keys)
        for row in summed.iter_rows(named=True):
            area = row.get("area") or row.get("region") or "E92000001"
            share = rate(row["part"], row["children_0_15"], per=100)
            rows.append(
                (area, level, row.get("region") or area, YEAR, PERIOD,
                 None if share is None else round_half_away(share, decimals), None, None, row["part"],
                 row["children_0_15"], int(row["part"]), None if share is not None else "not_available")
            )  # fmt: skip
    notes = ["Ages 0 to 15, counted in the census of 2021."]
    if measure == "idaci":
        hidden = areas.get_column("idaci_numerator").null_count()
        notes += [
            "Derived: the published rate divides by another estimate.",
            f"The numerator of {hidden:,} small areas is not published; it counts as nought, so the share is a floor.",
        ]
    return rows, tuple(notes)


def refuse_across_vintages(one: str, other: str) -> None:
    """Raise UsageError when shares of two editions of the indices are compared: income was defined anew."""
    if one != other:
        raise UsageError(
            "Shares of two editions of the Indices of Deprivation cannot be compared.", found=f"{one} and {other}",
            mend="Compare ranks within one edition.",
        )  # fmt: skip


def _small_areas(england: England) -> pl.DataFrame:
    files = england.files
    same_vintage(files["deprivation-2025"].table.vintage, files["small-areas"].table.vintage)
    indices = read_published(files["deprivation-2025"]).with_columns(
        pl.col("imd_decile", "children_0_15").cast(pl.Int64),
        pl.col("idaci_numerator").cast(pl.Float64),
    )
    lookup = read_published(files["small-areas"]).select("lsoa21_code", "ltla24_code")
    upper = read_published(files["districts"])
    joined = (
        indices.join(lookup, on="lsoa21_code", how="left")
        .join(upper, left_on="ltla24_code", right_on="ltla_code", how="left")
        .join(
            england.authorities.select("area", "region"),
            left_on="utla_code",
            right_on="area",
            how="left",
        )
        .rename({"utla_code": "area"})
    )
    lost = joined.filter(pl.col("region").is_null())
    if lost.height:
        raise UsageError(
            "Some small areas belong to no authority of today.", found=f"{lost.height} areas, first {lost['lsoa21_code'][0]}",
            mend="Give lookups of the same year as the indices.",
        )  # fmt: skip
    return joined


def _sum(areas: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    sums = pl.col("part", "children_0_15").sum()
    return areas.group_by(keys).agg(sums).sort(keys) if keys else areas.select(sums)
