"""identity A4: the same pairs and weights from DuckDB and Spark: python benchmarks/identity_engines.py CHILDREN SEED.

Needs requirements/spark.txt and a Java runtime. 28,000 children make some 50,000 records.
"""

from __future__ import annotations

import sys
import time

import polars as pl

from threecircles.identity.benchmark import _source
from threecircles.identity.linkage import link_tables
from threecircles.identity.request import LinkRequest
from threecircles.synthetic.linkage import generate

PAIR = ["source_l", "record_l", "source_r", "record_r"]


def main(children: int, seed: int) -> None:
    """Print how many pairs only one engine has, and the largest difference of weights."""
    made = generate(children, seed)
    request = LinkRequest(
        sources=tuple(_source(n, t) for n, t in made.sources.items()), fictitious=True
    )
    edges = {}
    for engine in ("duckdb", "spark"):
        begun = time.perf_counter()
        edges[engine] = link_tables(request, made.sources, engine=engine, seed=1).link_edge
        print(f"{engine}: {len(edges[engine]):,} pairs, {time.perf_counter() - begun:.0f} s")
    both = edges["duckdb"].join(edges["spark"], on=PAIR, how="full", suffix="_spark", coalesce=True)
    alone = both.filter(pl.col("w").is_null() | pl.col("w_spark").is_null())
    print(
        f"pairs of one engine only: {len(alone):,}; largest difference {both.select((pl.col('w') - pl.col('w_spark')).abs().max()).item():.2e} bits"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
