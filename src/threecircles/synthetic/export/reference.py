"""The place's own lookups and boundaries: without it a postcode could not be given an area or a map."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.synthetic.days import age_at
from threecircles.synthetic.geography import Land
from threecircles.synthetic.homes import postcode_on
from threecircles.synthetic.profile import Profile
from threecircles.synthetic.schools import PHASES
from threecircles.synthetic.world import World


def reference_tables(world: World) -> dict[str, pl.DataFrame]:
    """Lookups in the official column names, one frame per file."""
    land = world.land
    return {
        "lsoa_lookup": pl.DataFrame({
            "LSOA21CD": land.lsoa, "LSOA21NM": land.lsoa_name, "MSOA21CD": land.msoa_code[land.msoa],
            "MSOA21NM": land.msoa_name[land.msoa], "WD24CD": land.ward_code[land.ward],
            "WD24NM": land.ward_name[land.ward], "LAD24CD": np.full(len(land.lsoa), land.la_code),
            "RUC21": np.where(land.urban, "Urban", "Rural"),
        }),
        "population_lsoa": population(world),
        "deprivation_lsoa": pl.DataFrame({
            "LSOA21CD": land.lsoa, "imd_decile": land.decile, "idaci_rate": np.round(land.idaci, 4),
        }),
        "postcodes": pl.DataFrame({
            "postcode": land.pc, "LSOA21CD": np.where(land.pc_lsoa >= 0, land.lsoa[np.maximum(land.pc_lsoa, 0)], ""),
            "easting": _easting(world.profile, land.pc_x), "northing": _northing(world.profile, land.pc_y),
            "la_code": land.pc_la,
        }).with_columns(pl.col("LSOA21CD").replace("", None)),
        "schools": _schools(world),
        "providers": _providers(world),
    }  # fmt: skip


def _easting(profile: Profile, x: np.ndarray) -> np.ndarray:
    return np.round(profile["land"]["origin_easting"] + x).astype("int64")


def _northing(profile: Profile, y: np.ndarray) -> np.ndarray:
    return np.round(profile["land"]["origin_northing"] + y).astype("int64")


def population(world: World) -> pl.DataFrame:
    """Children living in each small area on 31 March by single year of age and sex, noughts included."""
    people, land = world.people, world.land
    here = np.flatnonzero(people.present(world.end) & (people.family >= 0))
    area = land.pc_lsoa[postcode_on(world.homes, people, here, world.end)]
    age = age_at(people.birth[here], world.end)
    size = len(land.lsoa) * 18 * 2
    count = np.bincount((area * 18 + age) * 2 + people.sex[here], minlength=size)
    cell = np.arange(size)
    return pl.DataFrame({
        "LSOA21CD": land.lsoa[cell // 36], "age": cell // 2 % 18, "sex": np.where(cell % 2 == 1, "M", "F"),
        "population": count,
    })  # fmt: skip


def _schools(world: World) -> pl.DataFrame:
    s = world.schools
    roll = np.bincount(world.enrolment.school[world.enrolment.school >= 0], minlength=len(s.urn))
    return pl.DataFrame({
        "URN": s.urn.astype(str), "LAESTAB": s.laestab, "name": s.name, "phase": np.array(PHASES)[s.phase], "type": s.kind,
        "LSOA21CD": world.land.lsoa[s.lsoa], "roll": roll, "low_age": s.low, "high_age": s.high,
    })  # fmt: skip


def _providers(world: World) -> pl.DataFrame:
    p, land = world.providers, world.land
    return pl.DataFrame({
        "URN": p.urn, "NAME": p.name, "LA_CODE_INFERRED": land.pc_la[p.pc], "LA_NAME_INFERRED": land.pc_la[p.pc],
        "PLACE_CODES": p.places, "PROVIDER_CODES": p.codes, "REG_END": pl.Series([None] * len(p.urn), dtype=pl.String),
        "POSTCODE": np.char.replace(land.pc[p.pc], " ", ""),
    })  # fmt: skip


def write_boundaries(profile: Profile, land: Land, folder: Path) -> list[Path]:
    """LSOA and ward outlines as GeoJSON (degrees); neighbours share their corners to the last digit."""
    p = profile["land"]
    per_degree = 111_320.0
    longitude = p["origin_longitude"] + land.corners[:, 0] / (
        per_degree * np.cos(np.radians(p["origin_latitude"]))
    )
    latitude = p["origin_latitude"] + land.corners[:, 1] / per_degree
    corners = [
        [round(float(a), 6), round(float(b), 6)] for a, b in zip(longitude, latitude, strict=True)
    ]
    own = [(i, [[list(cell)]]) for i, cell in enumerate(land.cells)]
    small = [
        (
            {
                "LSOA21CD": str(land.lsoa[i]),
                "LSOA21NM": str(land.lsoa_name[i]),
                "LAD24CD": land.la_code,
            },
            rings,
        )
        for i, rings in own
    ]
    wards = [
        ({"WD24CD": str(land.ward_code[w]), "WD24NM": str(land.ward_name[w]), "LAD24CD": land.la_code},
         [[ring] for ring in outline([land.cells[i] for i in np.flatnonzero(land.ward == w)])])
        for w in range(len(land.ward_code))
    ]  # fmt: skip
    return [
        _write(folder / "lsoa.geojson", "lsoa", small, corners),
        _write(folder / "ward.geojson", "ward", wards, corners),
    ]


def outline(cells: list[tuple[int, ...]]) -> list[list[int]]:
    """Rings of the union of cells: the sides that belong to one cell only, walked end to end."""
    sides: dict[tuple[int, int], int] = {}
    for cell in cells:
        for a, b in zip(cell, cell[1:] + cell[:1], strict=True):
            sides[a, b] = sides.get((a, b), 0) + 1
    follow: dict[int, list[int]] = {}
    for a, b in sorted(sides):
        if (b, a) not in sides:
            follow.setdefault(a, []).append(b)
    rings = []
    while follow:
        start = min(follow)
        ring, at = [start], follow[start].pop()
        if not follow[start]:
            del follow[start]
        while at != start:
            ring.append(at)
            following = follow[at].pop()
            if not follow[at]:
                del follow[at]
            at = following
        rings.append(ring)
    return rings


def _write(path: Path, name: str, features: list, corners: list[list[float]]) -> Path:
    made = []
    for properties, polygons in features:
        shapes = [
            [[corners[v] for v in [*ring, ring[0]]] for ring in polygon] for polygon in polygons
        ]
        geometry = (
            {"type": "Polygon", "coordinates": shapes[0]} if len(shapes) == 1 else {"type": "MultiPolygon", "coordinates": shapes}
        )  # fmt: skip
        made.append({"type": "Feature", "properties": properties, "geometry": geometry})
    text = json.dumps(
        {"type": "FeatureCollection", "name": name, "note": "made-up data", "features": made},
        separators=(",", ":"),
    )
    path.write_text(text, encoding="utf-8")
    return path
