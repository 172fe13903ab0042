"""Ids of record rows: stable over extracts and over re-linking, and telling nothing of the source's key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import duckdb
import polars as pl

from threecircles.core.spill import sealed
from threecircles.record.schema import doubled

SEPARATOR = "\x1f"


def row_ids(frame: pl.DataFrame, parts: Sequence[str]) -> pl.Series:
    """First 24 hexadecimal digits of SHA-256 over the named columns; a null counts as a part of its own."""
    joined = frame.select(
        _joined=pl.concat_str(
            [pl.col(p).cast(pl.String).fill_null("\x00") for p in parts], separator=SEPARATOR
        )
    )
    # DuckDB hashes a column at once; a loop in Python takes ten times as long.
    return pl.Series("row_id", _sha256(joined), dtype=pl.String)


def _sha256(joined: pl.DataFrame) -> pl.Series:
    if not joined.height:
        return pl.Series([], dtype=pl.String)
    relation = _connection().from_arrow(joined.to_arrow(compat_level=pl.CompatLevel.oldest()))
    hashed = relation.project("substr(sha256(_joined), 1, 24) as row_id").to_arrow_table()
    found = pl.from_arrow(hashed)
    assert isinstance(found, pl.DataFrame)
    return found["row_id"]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return sealed(duckdb.connect())


def with_ordinal(frame: pl.DataFrame, parts: Sequence[str]) -> pl.DataFrame:
    """Adds `_ordinal`: 0 for the first row of a key in order of source row, 1 for the next, and so on."""
    rows = frame.sort("source_row", maintain_order=True)
    # Numbering within keys is slow on many columns of text, and hardly a file holds one key twice.
    again = doubled(rows, parts)
    number = pl.int_range(pl.len()).over(list(parts)) if again else pl.lit(0, dtype=pl.Int64)
    return rows.with_columns(_ordinal=number)
