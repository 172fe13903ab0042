"""The records in DuckDB with a memory cap: without it a county's pairs would not fit a laptop."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from threecircles.core.spill import sealed
from threecircles.identity.model import Model

MEMORY = "2500MB"
NEVER_SPILLS = 5_000
"""Records whose pairs, all of them, fit in that memory; the seal of what spills costs a fifth of a second."""


@contextmanager
def opened(
    records: pl.DataFrame, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that holds `records`; what it spills is removed when it closes."""
    with tempfile.TemporaryDirectory(prefix="threecircles-link-") as spill:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "temp_directory": str(Path(spill)),
        }
        if threads:
            config["threads"] = threads
        connection = duckdb.connect(config=config)
        if records.height > NEVER_SPILLS:
            sealed(connection)
        try:
            given = records.to_arrow(compat_level=pl.CompatLevel.oldest())
            connection.register("given", given)
            connection.execute("CREATE TABLE records AS SELECT * FROM given ORDER BY rid")
            connection.unregister("given")
            yield connection
        finally:
            connection.close()


def sides(model: Model, connection: duckdb.DuckDBPyConnection) -> str:
    """The SELECT list that names both sides' columns x_l and x_r, for tables aliased l and r."""
    held = {row[0] for row in connection.execute("DESCRIBE records").fetchall()}
    wanted = [c for c in dict.fromkeys(("rid", "src", *model.columns)) if c in held]
    return ", ".join(f"l.{c} AS {c}_l, r.{c} AS {c}_r" for c in wanted)


def compared(model: Model, connection: duckdb.DuckDBPyConnection, pairs: str) -> str:
    """SQL of comparison levels for pairs. pairs: name of a table with rid_l and rid_r."""
    gammas = ", ".join(c.case() for c in model.comparisons)
    return f"""
        SELECT rid_l, rid_r, {gammas} FROM (
            SELECT {sides(model, connection)} FROM {pairs} AS p
            JOIN records AS l ON l.rid = p.rid_l JOIN records AS r ON r.rid = p.rid_r)"""
