"""How far it is to the nearest open place: without it a village with no club looks like one that does not want it.

Straight lines between the middles of small areas, so a road round a river is not seen; the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from threecircles.definitions.place import Place

METRES = 1000.0


def middles(place: Place) -> pl.DataFrame:
    """The middle of each small area, with the distance at which its own homes lie from it.

    Columns: lsoa21, x, y, radius (metres; root mean square distance of its postcodes). The place's postcode file
    gives the postcodes; empty where it holds none. Postcodes stand for homes, since people by postcode are not held.
    """
    path = place.reference.get("postcodes")
    if path is None:
        return pl.DataFrame(
            schema={"lsoa21": pl.String, "x": pl.Float64, "y": pl.Float64, "radius": pl.Float64}
        )
    x, y = (pl.col(c).cast(pl.Float64) for c in ("easting", "northing"))
    held = pl.read_csv(path, infer_schema=False).drop_nulls(["LSOA21CD", "easting", "northing"])
    return (
        held.group_by(lsoa21="LSOA21CD")
        .agg(x=x.mean(), y=y.mean(), radius=(x.var(ddof=0) + y.var(ddof=0)).sqrt())
        .sort("lsoa21")
    )


def open_on(provision: pl.DataFrame, day: date) -> pl.DataFrame:
    """Places open on a day whose area is known: service (as processes are named), org_id, lsoa21."""
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    going = pl.col("valid_to").is_null() | (pl.col("valid_to") > day)
    return (
        provision.filter(begun & going & pl.col("lsoa21").is_not_null())
        .select(
            "org_id", "lsoa21", service=pl.col("service_id").str.replace_all("-", "_", literal=True)
        )
        .unique(["service", "org_id"], keep="first", maintain_order=True)
        .sort("service", "org_id")
    )


def nearest(areas: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The nearest of the places to each area: lsoa21, org_id, km. Inside one area km is the area's own radius.

    areas: as `middles`; places: org_id, lsoa21. No row where no place lies in a known area.
    """
    spots = places.join(
        areas.select("lsoa21", "x", "y"), on="lsoa21", how="inner", maintain_order="left"
    )
    if spots.height == 0 or areas.height == 0:
        return pl.DataFrame(schema={"lsoa21": pl.String, "org_id": pl.String, "km": pl.Float64})
    home = areas.select("x", "y").to_numpy()
    far = np.hypot(
        *(home[:, None, k] - spots.select("x", "y").to_numpy()[None, :, k] for k in (0, 1))
    )
    same = areas["lsoa21"].to_numpy()[:, None] == spots["lsoa21"].to_numpy()[None, :]
    far = np.where(same, areas["radius"].to_numpy()[:, None], far)
    at = far.argmin(axis=1)
    return pl.DataFrame(
        {
            "lsoa21": areas["lsoa21"],
            "org_id": spots["org_id"].gather(at),
            "km": far[np.arange(len(at)), at] / METRES,
        }
    )


def bands(found: pl.DataFrame, edges: Sequence[float]) -> dict[str, str]:
    """lsoa21 -> band of its distance ("0-1", "1-3", ..., "8+"); a distance on an edge is in the farther band."""
    names = band_names(edges)
    place = np.searchsorted(np.array(edges), found["km"].to_numpy(), side="right")
    return dict(zip(found["lsoa21"].to_list(), (names[i] for i in place), strict=True))


def band_names(edges: Sequence[float]) -> list[str]:
    """Names of the bands between edges, near to far."""
    ends = [0, *edges]
    return [*(f"{a:g}-{b:g}" for a, b in pairwise(ends)), f"{ends[-1]:g}+"]


def band_labels(edges: Sequence[float]) -> Mapping[str, str]:
    """The bands in words."""
    return {
        n: f"Beyond {n[:-1]} km" if n.endswith("+") else f"{n.replace('-', ' to ')} km"
        for n in band_names(edges)
    }
