"""How far homes are from open places, by the clock where a place knows it: without it a river is no hindrance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.definitions.place import Place
from threecircles.need.distance import band_labels, band_names, bands, middles, nearest

REFERENCE = "travel_times"
COLUMNS = ("origin", "destination", "mode", "minutes")
STRAIGHT = (
    "Distance is a straight line between the middles of small areas, taken from postcodes; a road round a river is "
    "not seen."
)


@dataclass(frozen=True)
class Bands:
    """Bands of how far the nearest open place is, near to far. said: how it was reckoned."""

    edges: tuple[float, ...] = (1, 3, 8)
    unit: str = "km"
    said: str = STRAIGHT

    @property
    def label(self) -> str:
        """The words for the breakdown."""
        told = "Distance" if self.unit == "km" else "Travel time"
        return f"{told} to the nearest open place"

    @property
    def names(self) -> tuple[str, ...]:
        """The bands' names: "0-1", "1-3", "3+"."""
        return tuple(band_names(self.edges))

    @property
    def labels(self) -> dict[str, str]:
        """The bands in words."""
        told = band_labels(self.edges)
        return {k: v.replace(" km", f" {self.unit}") for k, v in told.items()}


@dataclass(frozen=True)
class Ways:
    """Small areas with their middles, and travel times between them where the place holds any.

    areas: as `distance.middles`. times: lsoa21, destination (area or place), minutes.
    """

    areas: pl.DataFrame
    times: pl.DataFrame | None
    bands: Bands

    def nearest(self, places: pl.DataFrame) -> pl.DataFrame:
        """The nearest of the places to each area: lsoa21, org_id, far. places: org_id, lsoa21."""
        if self.times is None:
            return nearest(self.areas, places).rename({"km": "far"})
        return quickest(self.times, places)

    def by_band(self, found: pl.DataFrame) -> dict[str, str]:
        """lsoa21 -> band of how far its nearest place is."""
        return bands(found.rename({"far": "km"}), self.bands.edges)


def ways_of(
    place: Place, edges_km: Sequence[float], edges_minutes: Sequence[float], mode: str = ""
) -> Ways:
    """Travel times where place.yaml names a matrix of them, else straight lines. mode: "" = the quickest of all."""
    path = place.reference.get(REFERENCE)
    if path is None:
        return Ways(middles(place), None, Bands(tuple(edges_km)))
    times, modes = travel_times(path, mode)
    said = (
        f"Travel time is that of the place's own table, by {' or '.join(modes).replace('_', ' ')}."
    )
    return Ways(middles(place), times, Bands(tuple(edges_minutes), "minutes", said))


def travel_times(path: Path, mode: str = "") -> tuple[pl.DataFrame, list[str]]:
    """Minutes from each small area to each destination by a mode, and the modes taken.

    The file has COLUMNS: origin an LSOA, destination an LSOA or a place's id. Columns of the frame: lsoa21,
    destination, minutes; the quickest where several modes or rows tell. Raises UsageError with file, row and column.
    """
    held = pl.read_csv(path, infer_schema=False)
    lost = [c for c in COLUMNS if c not in held.columns]
    if lost:
        raise UsageError(
            "A table of travel times lacks a column.", where=path.name, found=", ".join(held.columns),
            allowed=", ".join(COLUMNS), mend=f"Name the column {lost[0]} in the first line.",
        )  # fmt: skip
    minutes = held["minutes"].cast(pl.Float64, strict=False)
    wrong = (minutes.is_null() | (minutes < 0)).arg_true()
    if len(wrong):
        row = int(wrong[0])
        raise UsageError(
            "A travel time is not a number of minutes.", where=f"{path.name}, row {row + 2}, column minutes",
            found=repr(held["minutes"][row]), allowed="0 or more", mend="Correct it, or take the row out.",
        )  # fmt: skip
    modes = sorted(held["mode"].drop_nulls().unique().to_list())
    if mode and mode not in modes:
        raise UsageError(
            "The table of travel times does not hold the mode asked for.", where=f"{path.name}, column mode",
            found=", ".join(modes), allowed=mode,
            mend="Add its rows, or leave travel_mode out of the definition of reach: the quickest is then taken.",
        )  # fmt: skip
    kept = held.with_columns(minutes=minutes).filter((pl.col("mode") == mode) if mode else True)
    quick = kept.group_by(lsoa21="origin", destination="destination").agg(pl.col("minutes").min())
    return quick.sort("lsoa21", "destination"), [mode] if mode else modes


def quickest(times: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The place soonest reached from each area of the table: lsoa21, org_id, far (minutes).

    An area from which the table leads to no open place lies beyond the last band: far is infinite, org_id null.
    """
    spots = pl.concat(
        [
            places.select("org_id", destination="org_id"),
            places.select("org_id", destination="lsoa21"),
        ]
    )
    found = (
        times.join(spots, on="destination", how="inner")
        .sort("lsoa21", "minutes", "org_id")
        .group_by("lsoa21", maintain_order=True)
        .first()
    )
    everywhere = times.select("lsoa21").unique().sort("lsoa21")
    return everywhere.join(found, on="lsoa21", how="left", maintain_order="left").select(
        "lsoa21", "org_id", far=pl.col("minutes").fill_null(np.inf)
    )


def mean_far(found: pl.DataFrame) -> Mapping[str, float]:
    """lsoa21 -> how far, for areas from which a place can be reached."""
    told = found.filter(pl.col("far").is_finite())
    return dict(told.select("lsoa21", "far").iter_rows())
