"""Where persons live and when, as areas: without it no child would belong to a ward.

A snapshot says where somebody lived on its day and no earlier; gaps are shown, not filled. A home
lasts until another source or a later day says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.core.identifiers import is_pseudo_postcode, repair_postcode
from threecircles.definitions.place import Place

_EPISODES = {"HOME_POST": "home", "PL_POST": "placement"}


def observed(
    person_record: pl.DataFrame, rows: pl.DataFrame, tables: Mapping[str, Any], place: Place
) -> pl.DataFrame:
    """Addresses as sources saw them: person_id, source_record_id, source, delivery, kind, valid_from,
    valid_to?, postcode, uprn?, row."""
    pointers = person_record.select(
        "delivery", "source", "source_key", "source_record_id", "person_id"
    ).filter(pl.col("person_id").is_not_null())
    seen = [
        _snapshots(rows, pointers),
        *(_care(d.id, pointers, tables) for d in place.of("ssda903")),
    ]
    return (
        pl.concat([s for s in seen if len(s)], how="diagonal")
        if any(len(s) for s in seen)
        else seen[0]
    )


def stays(seen: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Residences: person_id, valid_from, valid_to?, kind, lsoa21?, la_code?, postcode, uprn?, overlaps,
    source, source_record_id, delivery, row. One row for each stretch at one address.

    Postcodes become areas by the place's own table; one that is not in it has no area.
    """
    known = _postcodes(place)
    listed = frozenset(known)
    repaired = {p: _area_key(p, listed) for p in seen["postcode"].unique().drop_nulls()}
    areas = pl.DataFrame(
        [(p, k, *known.get(k or "", (None, None))) for p, k in repaired.items()],
        schema={
            "postcode": pl.String,
            "normal": pl.String,
            "lsoa21": pl.String,
            "la_code": pl.String,
        },
        orient="row",
    )
    placed = seen.join(areas, on="postcode", how="left").filter(pl.col("normal").is_not_null())
    placed = placed.with_columns(pl.col("normal").alias("postcode")).drop("normal")
    homes = _homes(placed.filter(pl.col("kind") == "home"))
    others = placed.filter(pl.col("kind") != "home").unique(
        ["person_id", "kind", "valid_from", "postcode"], maintain_order=True
    )
    both = pl.concat([homes, others], how="diagonal")
    both = both.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("valid_from")))
    ends = pl.col("valid_to").shift(1).over("person_id", "kind", order_by="valid_from")
    return both.sort("person_id", "kind", "valid_from").with_columns(
        (ends > pl.col("valid_from")).fill_null(False).alias("overlaps")
    )


def _snapshots(rows: pl.DataFrame, pointers: pl.DataFrame) -> pl.DataFrame:
    """Home addresses valid from the day of the delivery that gives them."""
    fields = [c for c in ("postcode", "uprn") if c in rows.columns]
    given = rows.filter((pl.col("source") != "ssda903") & pl.col("postcode").is_not_null())
    return (
        given.select(
            "delivery", "source", "source_key", "row", pl.col("as_of").alias("valid_from"), *fields
        )
        .join(pointers, on=["delivery", "source", "source_key"])
        .with_columns(pl.lit("home").alias("kind"), pl.lit(None, dtype=pl.Date).alias("valid_to"))
        .drop("source_key")
    )


def _care(delivery: str, pointers: pl.DataFrame, tables: Mapping[str, Any]) -> pl.DataFrame:
    """Homes children came from and placements, from the episodes of care."""
    frame = tables.get(f"sources.{delivery}.Episodes")
    if frame is None:
        return pl.DataFrame()
    episodes = collect(frame)
    own = pointers.filter(pl.col("delivery") == delivery)
    found = []
    for column, kind in _EPISODES.items():
        if column not in episodes.columns or "DECOM__date" not in episodes.columns:
            continue
        ends = (
            pl.col("DEC__date")
            if kind == "placement" and "DEC__date" in episodes.columns
            else pl.lit(None, dtype=pl.Date)
        )
        found.append(
            episodes.select(
                pl.col("CHILD").alias("source_key"), pl.col("_row").alias("row"), pl.col(column).alias("postcode"),
                pl.col("DECOM__date").alias("valid_from"), ends.alias("valid_to"), pl.lit(kind).alias("kind"),
            )
            .filter(pl.col("postcode").is_not_null() & pl.col("valid_from").is_not_null())
            .join(own, on="source_key")
            .drop("source_key")
        )  # fmt: skip
    return pl.concat(found, how="diagonal") if found else pl.DataFrame()


def _homes(homes: pl.DataFrame) -> pl.DataFrame:
    """Homes in a row: the same address again prolongs the stay, another one ends it."""
    ordered = homes.sort("person_id", "valid_from", "source", "delivery", "row").unique(
        ["person_id", "valid_from"], keep="last", maintain_order=True
    )
    changed = (pl.col("postcode") != pl.col("postcode").shift(1).over("person_id")).fill_null(True)
    kept = ordered.filter(changed)
    return kept.with_columns(pl.col("valid_from").shift(-1).over("person_id").alias("valid_to"))


def _postcodes(place: Place) -> dict[str, tuple[str, str | None]]:
    path = place.reference.get("postcodes")
    if path is None:
        return {}
    table = pl.read_csv(path, infer_schema=False)
    la = (
        table["la_code"]
        if "la_code" in table.columns
        else pl.Series([None] * len(table), dtype=pl.String)
    )
    return {
        p: (a, code) for p, a, code in zip(table["postcode"], table["LSOA21CD"], la, strict=True)
    }


def _area_key(postcode: str, known: frozenset[str]) -> str | None:
    return None if is_pseudo_postcode(postcode) else repair_postcode(postcode, known)[0]
