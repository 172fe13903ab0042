"""Snapshot upon snapshot: without it a child seen in support every January would begin anew every January."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from threecircles.record.mapping.apply import Extract
from threecircles.record.mapping.keys import row_ids

RENAMED: dict[str, pl.DataType | type[pl.DataType]] = {
    "extract_id": pl.String,
    "row_id": pl.String,
    "stands_as": pl.String,
}


CLOSED: dict[str, pl.DataType | type[pl.DataType]] = {"row_id": pl.String, "_until": pl.Date}


@dataclass(frozen=True)
class Laid:
    """rows: the extract's rows, those that go on an earlier interval under its id and start. closed: row_id
    and _until of earlier intervals that are too long ago to go on. renamed: extract_id, row_id, stands_as."""

    rows: pl.DataFrame
    closed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CLOSED))
    renamed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RENAMED))


def laid_on(
    current: pl.DataFrame,
    seen: pl.DataFrame,
    extract: Extract,
    rows: pl.DataFrame,
    bridges: Mapping[str, int],
) -> Laid:
    """Rows without a start of their own, laid on what earlier snapshots told of the same key.

    current: versions believed now; _base, there and in rows, is the id of the natural key alone. seen: row_id, as_of (day of the latest snapshot that showed it).
    bridges: process -> longest gap in days between two snapshots that makes no break. Within it both tell of
    one interval; beyond it they make two, both flagged gap_unseen, the earlier one ending, as is assumed,
    after the last day on which it was seen.
    """
    told = {"valid_from", "process", "flags"} <= set(rows.columns)
    if not told or "_base" not in current.columns:
        return Laid(rows)
    blind = pl.col("flags").list.contains("start_unknown")
    latest = (
        current.filter(blind)
        .sort("valid_from", "row_id")
        .group_by("_base", maintain_order=True)
        .agg(pl.col("row_id").last().alias("_now"), pl.col("valid_from").last().alias("_since"))
        .join(seen.select(_now="row_id", _seen="as_of"), on="_now")
    )
    gap = (pl.lit(extract.as_of) - pl.col("_seen")).dt.total_days().abs()
    reach = pl.col("process").replace_strict(dict(bridges), default=0, return_dtype=pl.Int64)
    joined = rows.join(latest, on="_base", how="left", maintain_order="left")
    again = blind & pl.col("_now").is_not_null()
    joined = joined.with_columns(_near=again & (gap <= reach), _far=again & (gap > reach))
    own = row_ids(joined.with_columns(_day=pl.lit(str(extract.as_of))), ["row_id", "_day"])
    first = pl.min_horizontal("_since", pl.lit(extract.as_of))
    stands = pl.when("_near").then("_now").when("_far").then(own).otherwise("row_id")
    laid = joined.with_columns(
        _stands=stands,
        valid_from=pl.when("_near").then(first).otherwise("valid_from"),
        flags=pl.when("_far")
        .then(pl.concat_list("flags", pl.lit(["gap_unseen"])))
        .otherwise("flags"),
    )
    renamed = laid.filter(pl.col("_stands") != pl.col("row_id")).select(
        extract_id=pl.lit(extract.id), row_id="row_id", stands_as="_stands"
    )
    closed = laid.filter("_far").select(row_id="_now", _until=pl.col("_seen") + pl.duration(days=1))
    kept = laid.with_columns(row_id="_stands").select(rows.columns)
    return Laid(kept, closed, renamed)


def seen_last(
    versions: pl.DataFrame, sightings: pl.DataFrame, as_of: Mapping[str, date]
) -> pl.DataFrame:
    """Day of the latest extract that showed each row. Columns: row_id, as_of."""
    both = [
        versions.select("row_id", extract="extract_id"),
        sightings.select("row_id", extract="seen_in"),
    ]
    day = pl.col("extract").replace_strict(dict(as_of), default=None, return_dtype=pl.Date)
    return pl.concat(both).group_by("row_id").agg(as_of=day.max())
