"""Schools as organisations: without them an enrolment would name a body nobody knows."""

from __future__ import annotations

from datetime import date

import polars as pl

from threecircles.definitions.place import Place
from threecircles.record.schema import conform
from threecircles.record.tables import table

TRUST = ("trust_id", "trust_name")
SINCE = ("trust_from", "trust_to")
"""Optional columns of a schools list (days as yyyy-mm-dd): a line for each trust that a school was in."""


def organisations(place: Place) -> pl.DataFrame:
    """Schools of the place's reference list and their trusts, in the shape of the table `organisation`.

    A school that changes its trust keeps its number and has a row for each, dated: nothing is overwritten.
    """
    path = place.reference.get("schools")
    if path is None:
        return conform(pl.DataFrame(), table("organisation"))
    listed = pl.read_csv(path, infer_schema=False).with_row_index("source_row")
    for column in (*TRUST, *SINCE):
        if column not in listed.columns:
            listed = listed.with_columns(pl.lit(None, dtype=pl.String).alias(column))
    since, until = (pl.col(c).str.to_date("%Y-%m-%d", strict=False) for c in SINCE)
    schools = listed.select(
        org_id=pl.lit("urn:") + pl.col("URN"),
        label="name",
        kind=pl.lit("school"),
        scheme=pl.lit("urn"),
        code="URN",
        parent_org_id=pl.lit("trust:") + pl.col("trust_id"),
        la_code=pl.lit(place.la_code),
        lsoa21="LSOA21CD",
        valid_from=since,
        valid_to=until,
        source_row="source_row",
    )
    trusts = listed.filter(pl.col("trust_id").is_not_null()).select(
        org_id=pl.lit("trust:") + pl.col("trust_id"),
        label="trust_name",
        kind=pl.lit("school_trust"),
        scheme=pl.lit("trust"),
        code="trust_id",
        source_row="source_row",
    )
    once = [
        schools.unique(["org_id", "valid_from"], keep="first", maintain_order=True),
        trusts.unique("org_id", keep="first", maintain_order=True),
    ]
    first = date(place.year - 1, 4, 1)
    rows = pl.concat(once, how="diagonal").with_columns(
        source_id=pl.lit("schools"),
        extract_id=pl.lit("schools"),
        source_file=pl.lit(path.name),
        known_from=pl.lit(first),
        last_seen=pl.lit(first),
        flags=pl.lit([], dtype=pl.List(pl.String)),
    )
    return conform(rows, table("organisation"))


def in_force(bodies: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per body: the one that holds on the day, else its newest before it, else its first.

    bodies: the table organisation, where a school that changed its trust has a row for each.
    """
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    return (
        bodies.with_columns(_begun=begun)
        .sort("org_id", "_begun", "valid_from", descending=[False, True, True], nulls_last=True)
        .unique("org_id", keep="first", maintain_order=True)
        .drop("_begun")
    )
