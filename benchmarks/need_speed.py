"""How long do the circles of a million linked children take, in ten breakdowns, on each engine? (need N19)

    python benchmarks/need_speed.py [--children 1000000] [--engines duckdb,polars]

Children in 400 schools with weights; need, contact and ten breakdowns drawn at random. The same figures are asked of
every engine, and how far they lie apart is printed beside the seconds (asked: 1e-9, and 30 s on 4 cores).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import polars as pl

from threecircles.core.engines import engine
from threecircles.need.circles import circles, design_of

GROUPS = 10
SCHOOLS = 400


def children(n: int, seed: int = 1) -> pl.DataFrame:
    """One row a linked child: need, service, the design's columns and ten breakdowns g0 to g9."""
    g = np.random.default_rng(seed)
    school = g.integers(0, SCHOOLS, n)
    high = g.random(n) < 0.24
    columns = {
        "need": np.where(high, "high", "not_high"),
        "service": (g.random(n) < np.where(high, 0.25, 0.05)).astype(int),
        "link_weight": g.uniform(0.8, 1.4, n),
        "stratum": np.where(school % 4 == 0, "primary", "secondary"),
        "psu": school,
        "fpc": np.where(school % 4 == 0, 140.0, 400.0),
        "school_roll": np.full(n, 1.3 * n / SCHOOLS),
    }
    groups = {f"g{k}": g.integers(0, 5 + 12 * k, n).astype(str) for k in range(GROUPS)}
    return pl.DataFrame(columns | groups)


def main() -> None:
    """Print seconds by engine and how far the engines' figures lie apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--engines", default="duckdb,polars")
    asked = parser.parse_args()
    table, design = children(asked.children), design_of("these_pupils")
    found: dict[str, list[pl.DataFrame]] = {}
    for name in asked.engines.split(","):
        run = engine(name)
        frame = run.frame(table)
        began, worked = time.perf_counter(), time.process_time()
        found[name] = [circles(frame, design, f"g{k}") for k in range(GROUPS)]
        print(
            f"{name}: {asked.children:,} children, {GROUPS} breakdowns, {time.perf_counter() - began:.1f} s by the clock, "
            f"{time.process_time() - worked:.1f} s of processor"
        )
    first, *others = found
    for name in others:
        gap = max(
            float((a[c] - b[c]).abs().max() or 0.0)
            for a, b in zip(found[first], found[name], strict=True)
            for c in ("value", "low", "high")
        )
        print(f"{first} and {name}: figures at most {gap:.1e} apart")


if __name__ == "__main__":
    main()
