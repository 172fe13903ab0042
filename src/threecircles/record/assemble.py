"""The sources' rows put together: persons pointed at, homes looked up, shape and keys checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.record.mapping.keys import row_ids
from threecircles.record.mapping.load import all_attribute_keys
from threecircles.record.schema import check, conform, doubled
from threecircles.record.tables import table

OWN_PERSON = "~"
"""Begins the person_id of a record that nobody linked: it is a person of its own."""


def assemble(
    name: str,
    parts: Mapping[str, Any],
    pointers: Any,
    residence: Any = None,
    *,
    as_told: bool = False,
) -> pl.DataFrame:
    """One declared table out of every source's rows.

    parts: the sources' frames. pointers: identity's person_record. residence: identity's residence;
    where given, `lsoa21_in` is the home on the first day, null where none is known. as_told: leave the
    rows in the order of the parts, otherwise they stand by their key. A change of person moves the
    pointer only: row_id stays.
    """
    frames = [collect(frame) for _, frame in sorted(parts.items())]
    filled = [f for f in frames if f.width]
    rows = pl.concat(filled, how="diagonal_relaxed") if filled else pl.DataFrame()
    declared = table(name)
    if rows.height and "person_id" in declared.names and "source_record_id" in rows.columns:
        rows = _pointed(rows, collect(pointers) if pointers is not None else None)
    if rows.height and name == "episode":
        rows = _homes(rows, collect(residence) if residence is not None else None)
    shaped = conform(rows, declared, all_attribute_keys(name) or ("none",))
    if not as_told:
        shaped = shaped.sort(declared.key or declared.names[:1], nulls_last=True)
    return check(shaped, declared)


def one_after_another(name: str, parts: Mapping[str, Any]) -> pl.DataFrame:
    """One declared table out of parts that `assemble` has made: source after source, each as it stands.

    Raises ThreeCirclesError when two sources share a key.
    """
    frames = [collect(frame) for _, frame in sorted(parts.items())] or [assemble(name, {}, None)]
    return check(pl.concat(frames, rechunk=False), table(name))


def survey_rows(scored: Any, received: Mapping[str, Any]) -> pl.DataFrame:
    """Rows that the room `survey` scored, with the columns that every row of the record carries.

    scored: measure columns as survey knows them, or None. received: delivery -> day received.
    """
    rows = pl.DataFrame() if scored is None else collect(scored)
    if not rows.height:
        return rows
    key = ["source_id", "extract_id", "response_id", "source_row", "measure_id", "item_or_scale"]
    rows = rows.with_columns(
        pl.lit(None, dtype=pl.String).alias(n) for n in key if n not in rows.columns
    )
    rows = _numbered(rows, key).with_columns(_table=pl.lit("measure"))
    known = pl.col("extract_id").replace_strict(dict(received), default=None, return_dtype=pl.Date)
    return rows.with_columns(
        row_ids(rows, ["_table", *key, "_ordinal"]),
        mapping_id=pl.lit("survey"),
        mapping_version=pl.lit("1"),
        known_from=known,
        last_seen=known,
        flags=pl.lit([], dtype=pl.List(pl.String)),
    ).drop("_table", "_ordinal")


def _numbered(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Adds `_ordinal` among equal keys; where no two are equal nothing needs an order."""
    if not doubled(rows, key):
        return rows.with_columns(_ordinal=pl.lit(0, dtype=pl.Int64))
    return rows.sort(key, nulls_last=True, maintain_order=True).with_columns(
        _ordinal=pl.int_range(pl.len()).over(key)
    )


def _pointed(rows: pl.DataFrame, pointers: pl.DataFrame | None) -> pl.DataFrame:
    alone = pl.lit(OWN_PERSON) + pl.col("source_record_id")
    token = pl.when(pl.col("flags").list.contains("token_only")).then(alone)
    own = [pl.col("person_id")] if "person_id" in rows.columns else []
    if pointers is None or not pointers.width:
        return rows.with_columns(person_id=pl.coalesce(*own, token))
    held = pointers.select("source_record_id", _person="person_id").unique("source_record_id")
    joined = rows.join(held, on="source_record_id", how="left", maintain_order="left")
    return joined.with_columns(person_id=pl.coalesce(*own, "_person", token)).drop("_person")


def _homes(rows: pl.DataFrame, residence: pl.DataFrame | None) -> pl.DataFrame:
    """The home area on the first day; the stay that began last where several overlap."""
    if residence is None or not residence.height:
        return rows
    homes = (
        residence.filter((pl.col("kind") == "home") & pl.col("lsoa21").is_not_null())
        .select("person_id", _since="valid_from", _until="valid_to", lsoa21_in="lsoa21")
        .sort("_since")
    )
    dated = rows.select("person_id", "valid_from").with_row_index("_at").sort("valid_from")
    found = dated.join_asof(
        homes, left_on="valid_from", right_on="_since", by="person_id", check_sortedness=False
    )
    still = pl.col("_until").is_null() | (pl.col("_until") > pl.col("valid_from"))
    looked_up = found.sort("_at").select(lsoa21_in=pl.when(still).then(pl.col("lsoa21_in")))
    return rows.with_columns(looked_up["lsoa21_in"])
