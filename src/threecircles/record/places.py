"""Schools as organisations: without them an enrolment would name a body nobody knows."""

from __future__ import annotations

from datetime import date

import polars as pl

from threecircles.definitions.place import Place
from threecircles.record.schema import conform
from threecircles.record.tables import table


def organisations(place: Place) -> pl.DataFrame:
    """Schools of the place's reference list, in the shape of the table `organisation`."""
    path = place.reference.get("schools")
    if path is None:
        return conform(pl.DataFrame(), table("organisation"))
    listed = pl.read_csv(path, infer_schema=False)
    first = date(place.year - 1, 4, 1)
    rows = listed.select(
        org_id=pl.lit("urn:") + pl.col("URN"),
        label="name",
        kind=pl.lit("school"),
        scheme=pl.lit("urn"),
        code="URN",
        la_code=pl.lit(place.la_code),
        lsoa21="LSOA21CD",
        source_id=pl.lit("schools"),
        extract_id=pl.lit("schools"),
        source_file=pl.lit(path.name),
        known_from=pl.lit(first),
        last_seen=pl.lit(first),
        flags=pl.lit([], dtype=pl.List(pl.String)),
    ).with_row_index("source_row")
    return conform(rows.unique("org_id", keep="first", maintain_order=True), table("organisation"))
