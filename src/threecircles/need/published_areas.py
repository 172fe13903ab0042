"""The 153 authorities, their regions and changes: every published comparison hangs on these codes, never on names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError
from threecircles.definitions import read_csv
from threecircles.sources.published import FoundTable, find_published, read_published
from threecircles.sources.published_dfe import ENGLAND, read_dfe

AUTHORITIES = 153
TABLES = (
    "authorities", "children-in-need", "protection-plans", "looked-after", "population", "lait", "statistical-neighbours",
    "deprivation-2025", "small-areas", "districts", "outturn-ro3", "outturn-rsx",
)  # fmt: skip
"""Everything the comparison of England needs."""


@dataclass(frozen=True, eq=False)
class England:
    """The spine: authorities (area, la_number, name, region), names of every area, and the files found."""

    authorities: pl.DataFrame
    names: Mapping[str, str]
    files: Mapping[str, FoundTable]

    def population(self, year: int) -> pl.DataFrame:
        """Children aged 0 to 17 on 30 June of a year: area, population (null where it was withheld)."""
        frame, _ = read_dfe(self.files["population"], "population_estimate")
        return frame.filter(pl.col("year") == year).select(
            "area", pl.col("value").alias("population")
        )


def find_england(folder: Path) -> England:
    """Find and check the published files of a folder.

    Raises ThreeCirclesError that names what is missing, or when the spine is not 153 authorities.
    """
    files = find_published(folder, *TABLES)
    spine = read_published(files["authorities"])
    if spine.height != AUTHORITIES or spine.get_column("new_la_code").n_unique() != AUTHORITIES:
        raise ThreeCirclesError(
            "The list of authorities is not that of April 2023.", where=files["authorities"].path.name,
            found=f"{spine.height} authorities", allowed=f"{AUTHORITIES}",
        )  # fmt: skip
    levels, _ = read_dfe(files["children-in-need"], "At31_episodes")
    newest = levels.get_column("year").max()
    regions = read_published(files["children-in-need"]).select(
        pl.col("new_la_code").alias("area"), pl.col("region_code").alias("region"), "time_period"
    )
    regions = regions.filter(pl.col("time_period") == str(newest)).drop("time_period")
    authorities = (
        spine.select(
            pl.col("new_la_code").alias("area"),
            pl.col("old_la_code").cast(pl.Int64).alias("la_number"),
            pl.col("la_name").alias("name"),
        )
        .join(regions, on="area", how="left")
        .sort("name")
    )
    unknown = authorities.filter(pl.col("region").is_null())
    if unknown.height:
        raise ThreeCirclesError(
            "Some authorities have no region in the table of children in need.",
            found=", ".join(unknown.get_column("area").to_list()), where=files["children-in-need"].path.name,
        )  # fmt: skip
    names = dict(authorities.select("area", "name").iter_rows()) | {
        r["ons_code"]: r["name"] for r in regions_of_england()
    }
    return England(authorities, names, files)


def regions_of_england() -> tuple[dict[str, str], ...]:
    """England and its regions with their numbers in the Local Authority Interactive Tool."""
    return read_csv("comparators/regions")


def area_of_number(england: England) -> pl.DataFrame:
    """Lookup la_number -> area, level, region, for authorities, regions and England.

    Authorities that ended are not in it: their figures belong to no authority of today.
    """
    regions = pl.DataFrame(
        [
            (
                int(r["lait_number"]),
                r["ons_code"],
                "england" if r["ons_code"] == ENGLAND else "region",
                r["ons_code"],
            )
            for r in regions_of_england()
        ],
        schema=["la_number", "area", "level", "region"],
        orient="row",
    )
    own = england.authorities.select(
        "la_number", "area", pl.lit("authority").alias("level"), "region"
    )
    return pl.concat([own, regions])


def ended_authorities() -> dict[int, dict[str, str]]:
    """Authorities that were reorganised: number -> name, ended, successors."""
    return {int(r["la_number"]): r for r in read_csv("comparators/authority_changes")}


def broken_series() -> dict[int, int]:
    """Authorities born of a reorganisation -> first year of their own figures; a line before it is a break."""
    born: dict[int, int] = {}
    for row in ended_authorities().values():
        for successor in row["successors"].split():
            born[int(successor)] = int(row["ended"][:4]) + 1
    return born
