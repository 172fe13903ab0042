"""The same scores from Spark: without it a nation's lists would need one very large machine.

The model, the blocks and the frequencies are those of the DuckDB engine; only the dialect differs.
Spark listens on this machine alone and uses the interpreter that runs this program.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.identity import score
from threecircles.identity.model import Comparison, Model

_SAME_IN_SPARK = (
    ("list_has_any", "arrays_overlap"),
    ("list_contains", "array_contains"),
    ("jaro_winkler_similarity", "as_in_duckdb"),
    ("::INT", ""),
)


def scored(
    model: Model, connection: duckdb.DuckDBPyConnection, floor: float = score.FLOOR
) -> pl.DataFrame:
    """Pairs with their weights, columns as `score.scored` gives them.

    Raises UsageError when PySpark or a Java runtime is missing.
    """
    if not model.comparisons or not model.blocking:
        return score.scored(model, connection, floor)
    logging.getLogger("splink").setLevel(logging.ERROR)
    with _session() as (session, folder):
        from splink import Linker, SparkAPI

        given = folder / "records.parquet"
        connection.execute(f"COPY (SELECT * FROM records) TO '{given}' (FORMAT parquet)")
        api = SparkAPI(
            spark_session=session, break_lineage_method="parquet", num_partitions_on_repartition=4
        )
        told = replace(model, comparisons=tuple(_in_spark(c) for c in model.comparisons))
        linker = Linker(
            api.register(session.read.parquet(str(given))),
            score.settings(told),
            log_level=None,
            validate_settings=False,
        )
        for column, chance in score.frequencies(model).items():
            table = score.smoothed(connection, column, chance, model.learning["prior_names"])
            path = folder / f"{table}.parquet"
            connection.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
            linker.table_management.register_term_frequency_lookup(
                api.register(session.read.parquet(str(path))), column
            )
        predicted = linker.inference.predict(threshold_match_weight=floor, warning_mode="never")
        out = folder / "edges.parquet"
        predicted.as_spark_dataframe().write.parquet(str(out))
        table = connection.execute(
            score.told(model, f"read_parquet('{out}/*.parquet')")
        ).to_arrow_table()
    return pl.DataFrame(table)


def _in_spark(comparison: Comparison) -> Comparison:
    levels = []
    for level in comparison.levels:
        sql = level.sql
        for ours, theirs in _SAME_IN_SPARK:
            sql = sql.replace(ours, theirs)
        levels.append(replace(level, sql=_counted(sql)))
    return replace(comparison, levels=tuple(levels))


def _counted(sql: str) -> str:
    """Sums of conditions, which Spark counts only when each is cast."""
    if " + (" not in sql:
        return sql
    parts, _, least = sql.rpartition(" >= ")
    return " + ".join(f"CAST({p} AS INT)" for p in parts.split(" + ")) + f" >= {least}"


def _similarity() -> Any:
    """Jaro-Winkler for Spark, counted as DuckDB counts it.

    The function that comes with Splink halves an odd number of letters changed over otherwise, so
    that some misspelt names would fall into another level.
    """
    import pyarrow as pa
    from pyspark.sql.functions import arrow_udf

    def similarity(left: pa.Array, right: pa.Array) -> pa.Array:
        from rapidfuzz.distance import JaroWinkler
        from rapidfuzz.process import cpdist

        found = cpdist(
            [x or "" for x in left.to_pylist()],
            [x or "" for x in right.to_pylist()],
            scorer=JaroWinkler.similarity,
            dtype="float64",
        )
        return pa.array(found)

    similarity.__annotations__ = {"left": pa.Array, "right": pa.Array, "return": pa.Array}
    return arrow_udf(similarity, returnType="double")


@contextmanager
def _session() -> Iterator[tuple[Any, Path]]:
    try:
        from pyspark.sql import SparkSession
        from pyspark.sql.functions import arrow_udf  # noqa: F401
        from splink import SparkAPI  # noqa: F401
        from splink.backends.spark import similarity_jar_location
    except ImportError as missing:
        raise UsageError(
            "The Spark engine is not installed here.",
            mend="Install requirements/spark.txt and a Java runtime, or leave out --engine spark.",
        ) from missing
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    with tempfile.TemporaryDirectory(prefix="threecircles-spark-") as folder:
        made = (
            SparkSession.builder.master("local[2]").appName("threecircles")
            .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false").config("spark.jars", similarity_jar_location())
            .config("spark.local.dir", folder).config("spark.sql.warehouse.dir", f"{folder}/warehouse")
            .config("spark.sql.shuffle.partitions", "4").config("spark.driver.memory", "3g")
        )  # fmt: skip
        try:
            session = made.getOrCreate()
        except Exception as failed:
            raise UsageError(
                "Spark did not start.", mend="It needs a Java runtime of version 17 or later."
            ) from failed
        session.udf.register("as_in_duckdb", _similarity())
        session.sparkContext.setLogLevel("ERROR")
        session.sparkContext.setCheckpointDir(folder)
        try:
            yield session, Path(folder)
        finally:
            session.stop()
