"""The Spark engine gives what the DuckDB engine gives."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from threecircles.identity import LinkRequest, link_tables
from threecircles.identity.benchmark import _source
from threecircles.synthetic.linkage import generate

PAIR = ["source_l", "record_l", "source_r", "record_r"]


@pytest.mark.slow
def test_duckdb_and_spark_give_the_same_pairs_with_the_same_weights():
    """identity A4, in small; at 50,000 records by hand: benchmarks/identity_engines.py."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: requirements/spark.txt")
    if shutil.which("java") is None:
        pytest.skip("There is no Java runtime: apt-get install default-jre-headless")
    made = generate(600, seed=1)
    request = LinkRequest(
        sources=tuple(_source(n, t) for n, t in made.sources.items()), fictitious=True
    )
    duck, spark = (
        link_tables(request, made.sources, engine=e, seed=1) for e in ("duckdb", "spark")
    )
    both = duck.link_edge.join(spark.link_edge, on=PAIR, how="full", suffix="_spark", coalesce=True)
    assert both["w"].null_count() == both["w_spark"].null_count() == 0
    assert both.select((pl.col("w") - pl.col("w_spark")).abs().max()).item() < 1e-6
    assert duck.person_record.equals(spark.person_record)


def test_without_spark_the_engine_says_what_to_install(monkeypatch):
    import sys

    from threecircles.core.errors import UsageError

    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    made = generate(60, seed=1)
    request = LinkRequest(
        sources=tuple(_source(n, t) for n, t in made.sources.items()), fictitious=True
    )
    with pytest.raises(UsageError, match=r"requirements/spark\.txt"):
        link_tables(request, made.sources, engine="spark")
