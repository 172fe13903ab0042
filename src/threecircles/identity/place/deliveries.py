"""What each delivery says of who its rows are about: the bridge from declared columns to the ladder.

A child of a source is its key there (`source_key`: the link block's record_id, joined with "|").
Later deliveries of one source speak of the same key; the newest value stands, older ones fill gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.definitions.place import Delivery, Place
from threecircles.sources.declared import Link, Source, source

FIELDS = (
    "first_name",
    "surname",
    "date_of_birth",
    "sex",
    "postcode",
    "uprn",
    "ethnicity",
    "death",
    "expected_birth",
)
_DATES = ("date_of_birth", "death", "expected_birth")


def linked_sources(place: Place) -> list[tuple[Delivery, Source]]:
    """Deliveries whose source says how to link it, oldest first."""
    known = [
        (d, source(d.source)) for d in sorted(place.deliveries, key=lambda d: (d.received_on, d.id))
    ]
    return [(d, s) for d, s in known if s.link]


def linked_tables(place: Place) -> tuple[str, ...]:
    """The tables that say who somebody is, `sources.<delivery>.<Table>`: what the linking step reads."""
    names: dict[str, None] = {}
    for delivery, declared in linked_sources(place):
        for link in declared.link:
            named = [getattr(link, f) for f in FIELDS] + list(link.identifiers.values())
            elsewhere = [c.partition(".")[0] for c in named if "." in c]
            names.update(
                dict.fromkeys(f"sources.{delivery.id}.{t}" for t in (link.table, *elsewhere))
            )
    return tuple(names)


def rows(place: Place, tables: Mapping[str, Any]) -> pl.DataFrame:
    """One row per delivery and key: delivery, source, as_of, source_key, row, the FIELDS and id_<scheme>.

    tables: `sources.<delivery>.<Table>` -> frame. Dates are text yyyy-mm-dd. `consented` is False
    for survey keys whose holder did not agree to linking.
    """
    found = [
        _rows_of(delivery, link, tables)
        for delivery, declared in linked_sources(place)
        for link in declared.link
        if f"sources.{delivery.id}.{link.table}" in tables
    ]
    return pl.concat(found, how="diagonal") if found else pl.DataFrame()


def one_per_key(all_rows: pl.DataFrame) -> pl.DataFrame:
    """One row per source and key: the newest value of each field that any delivery gives."""
    values = [c for c in all_rows.columns if c in FIELDS or c.startswith("id_")]
    ordered = all_rows.sort("as_of", "delivery", "row", maintain_order=True)
    return ordered.group_by("source", "source_key", maintain_order=True).agg(
        *[pl.col(c).drop_nulls().last().alias(c) for c in values],
        pl.col("as_of").min().alias("first_seen"),
        pl.col("as_of").max().alias("last_seen"),
        pl.col("consented").all(),
    )


def key_of(table: pl.DataFrame, link: Link) -> pl.Expr:
    """The source key of a table's rows, or null when the table lacks a part of it."""
    held = [c for c in link.record_id if c in table.columns]
    if len(held) < len(link.record_id):
        return pl.lit(None, dtype=pl.String)
    return pl.concat_str([pl.col(c) for c in held], separator="|")


def _rows_of(delivery: Delivery, link: Link, tables: Mapping[str, Any]) -> pl.DataFrame:
    main = collect(tables[f"sources.{delivery.id}.{link.table}"])
    keyed = main.with_columns(key_of(main, link).alias("source_key")).filter(
        pl.col("source_key").is_not_null()
    )
    named = {f: getattr(link, f) for f in FIELDS if getattr(link, f)}
    named |= {f"id_{scheme}": column for scheme, column in link.identifiers.items()}
    own = keyed.select(
        "source_key",
        pl.col("_row").alias("row")
        if "_row" in keyed.columns
        else pl.int_range(pl.len()).alias("row"),
        *[_column(keyed, c, f in _DATES).alias(f) for f, c in named.items() if "." not in c],
        (pl.col("consent_link").str.to_lowercase() != "no").fill_null(True).alias("consented")
        if "consent_link" in keyed.columns
        else pl.lit(True).alias("consented"),
    )
    for field, column in named.items():
        if "." in column:
            own = own.join(
                _elsewhere(delivery, link, column, field, tables), on="source_key", how="left"
            )
    # A token that comes with nothing else is nobody the ladder could know; its owner counts it as it is.
    told = [c for c in named if c not in ("death", "ethnicity", "uprn")]
    own = own.filter(pl.any_horizontal(pl.col(c).is_not_null() for c in told))
    return own.with_columns(
        pl.lit(delivery.id).alias("delivery"),
        pl.lit(delivery.source).alias("source"),
        pl.lit(delivery.as_of).alias("as_of"),
        pl.lit(link.duplicate_free).alias("duplicate_free"),
    )


def _column(table: pl.DataFrame, column: str, is_date: bool) -> pl.Expr:
    if is_date and f"{column}__date" in table.columns:
        return pl.col(f"{column}__date").dt.strftime("%Y-%m-%d")
    return (
        pl.col(column).cast(pl.String) if column in table.columns else pl.lit(None, dtype=pl.String)
    )


def _elsewhere(
    delivery: Delivery, link: Link, column: str, field: str, tables: Mapping[str, Any]
) -> pl.DataFrame:
    """The last value a key has in another table of the delivery."""
    name, _, inside = column.partition(".")
    frame = tables.get(f"sources.{delivery.id}.{name}")
    if frame is None:
        return pl.DataFrame(schema={"source_key": pl.String, field: pl.String})
    table = collect(frame)
    keyed = table.select(
        key_of(table, link).alias("source_key"),
        _column(table, inside, field in _DATES).alias(field),
    )
    return (
        keyed.filter(pl.col(field).is_not_null()).group_by("source_key", maintain_order=True).last()
    )
