"""One frame language over three engines: without it every function would be written three times."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import polars as pl

from threecircles.core.errors import UsageError, did_you_mean


class Engine(Protocol):
    """What runs a Narwhals LazyFrame."""

    name: str

    def frame(self, table: pl.DataFrame) -> nw.LazyFrame: ...
    def scan(self, path: Path) -> nw.LazyFrame: ...
    def hold(self, frame: nw.LazyFrame) -> nw.LazyFrame: ...


class DuckDB:
    """Embedded, out of core, the default."""

    name = "duckdb"

    def __init__(self, memory: str = "3GB", threads: int | None = None) -> None:
        self.memory, self.threads = memory, threads

    @cached_property
    def connection(self) -> Any:
        """The DuckDB connection behind the frames."""
        import duckdb

        from threecircles.core.spill import sealed

        config: dict[str, Any] = {"memory_limit": self.memory, "preserve_insertion_order": "true"}
        if self.threads:
            config["threads"] = self.threads
        connection = sealed(duckdb.connect(config=config))
        # A query is planned anew at each step that is added to it: the file's own account of what it
        # holds is kept from one to the next, as long as the file stays as it is.
        connection.execute("SET parquet_metadata_cache = true")
        return connection

    def frame(self, table: pl.DataFrame) -> nw.LazyFrame:
        """A LazyFrame over a Polars table."""
        return nw.from_native(
            self.connection.from_arrow(table.to_arrow(compat_level=pl.CompatLevel.oldest()))
        )

    def scan(self, path: Path) -> nw.LazyFrame:
        """A LazyFrame over a Parquet file."""
        return nw.from_native(self.connection.read_parquet(str(path)))

    def hold(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """The frame's rows in memory."""
        # As Arrow and no way round by Polars: both speak it.
        return nw.from_native(self.connection.from_arrow(frame.collect("pyarrow").to_native()))


class Polars:
    """For parsing and small tables."""

    name = "polars"

    def frame(self, table: pl.DataFrame) -> nw.LazyFrame:
        """A LazyFrame over a Polars table."""
        return nw.from_native(table.lazy())

    def scan(self, path: Path) -> nw.LazyFrame:
        """A LazyFrame over a Parquet file."""
        return nw.from_native(pl.scan_parquet(path))

    def hold(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """The frame's rows in memory."""
        return self.frame(collect(frame))


class Spark:
    """Where a nation or a region outgrows one machine; bound to loopback."""

    name = "spark"

    @cached_property
    def session(self) -> Any:
        """The Spark session behind the frames. Raises UsageError when the extra is not installed."""
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise UsageError(
                "The Spark engine is not installed.",
                mend="Install threecircles[spark], or use --engine duckdb.",
            ) from None
        import os
        import sys

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master("local[2]").appName("threecircles")
        for key, value in {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.session.timeZone": "UTC",
            "spark.driver.memory": "3g",
            "spark.sql.execution.arrow.pyspark.enabled": "true",
        }.items():
            builder = builder.config(key, value)
        return builder.getOrCreate()

    def frame(self, table: pl.DataFrame) -> nw.LazyFrame:
        """A LazyFrame over a Polars table."""
        # Spark has no unsigned whole numbers.
        signed = table.cast(
            {pl.UInt8: pl.Int64, pl.UInt16: pl.Int64, pl.UInt32: pl.Int64, pl.UInt64: pl.Int64}
        )
        arrow = signed.to_arrow(compat_level=pl.CompatLevel.oldest())
        return nw.from_native(self.session.createDataFrame(arrow))

    def scan(self, path: Path) -> nw.LazyFrame:
        """A LazyFrame over a Parquet file."""
        return nw.from_native(self.session.read.parquet(str(path)))

    def hold(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """The frame's rows in memory."""
        return self.frame(collect(frame))


ENGINES: dict[str, type[Any]] = {"duckdb": DuckDB, "polars": Polars, "spark": Spark}


def engine(name: str = "duckdb") -> Engine:
    """The engine of that name. Raises UsageError for another."""
    if name not in ENGINES:
        raise UsageError(
            "There is no such engine.",
            found=name,
            allowed=", ".join(ENGINES),
            mend=did_you_mean(name, ENGINES),
        )
    return ENGINES[name]()


def held(frame: nw.LazyFrame, within: Engine | None = None) -> nw.LazyFrame:
    """The rows in memory: where they are few and several derivations read them, the engine is asked once.

    within: the engine that goes on with them; else Polars does.
    """
    return within.hold(frame) if within else nw.from_native(collect(frame).lazy())


def collect(
    frame: nw.LazyFrame | pl.DataFrame | pl.LazyFrame, sort_by: Sequence[str] = ()
) -> pl.DataFrame:
    """The frame as a Polars table, sorted by the named columns (nulls last) so that engines agree."""
    if isinstance(frame, pl.DataFrame):
        table = frame
    elif isinstance(frame, pl.LazyFrame):
        table = frame.collect()
    elif isinstance(native := nw.to_native(frame), pl.DataFrame | pl.LazyFrame):
        table = native.lazy().collect()
    else:
        table = frame.collect(backend="pyarrow").to_polars()
    return table.sort(list(sort_by), nulls_last=True, maintain_order=True) if sort_by else table
