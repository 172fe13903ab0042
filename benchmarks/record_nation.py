"""A nation as one authority after the other: time and memory of each, and the same tables on Spark (record A14).

    python benchmarks/record_nation.py OUT [--authorities 5] [--place hamlet] [--spark]

Makes as many places as asked for, each with its own seed, and builds the record of each in a process and a
workspace of its own: a nation's partitions are its authorities, so nothing of one is in memory while another is
built. A partition that is there already is not built again: a killed build goes on where it stopped. --spark
derives every table of each authority on Spark too and compares it row by row; it needs the spark extra and Java.
"""

from __future__ import annotations

import argparse
import inspect
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from threecircles import pipeline, synthetic
from threecircles.core import manifest
from threecircles.core.engines import engine as make
from threecircles.record.derived import derived_steps


def main() -> None:
    """Print one line for each authority."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--authorities", type=int, default=5)
    parser.add_argument("--place", default="hamlet")
    parser.add_argument("--spark", action="store_true")
    asked = parser.parse_args()
    unlike = 0
    for seed in range(1, asked.authorities + 1):
        place, workspace = asked.out / f"place{seed}", asked.out / f"w{seed}"
        if not (place / "place.yaml").exists():
            synthetic.make(asked.place, place, seed=seed)
        children = pl.scan_parquet(place / "truth" / "person.parquet").select(pl.len()).collect().item()  # fmt: skip
        began = time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "threecircles", "record", "build", str(place), "--workspace", str(workspace)]  # fmt: skip
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        of_record = sum(
            e.seconds
            for e in manifest.latest(workspace / "manifest.jsonl").values()
            if e.step.startswith("record.")
        )
        print(json.dumps({
            "authority": seed, "children": children, "ran": told,
            "wall_s": round(time.perf_counter() - began, 1),
            "processor_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
            "record_ms_per_child": round(1000 * of_record / children, 3),
            "peak_mb_so_far": after.ru_maxrss // 1024,
        }), flush=True)  # fmt: skip
        if asked.spark:
            unlike += on_spark(place, workspace)
    sys.exit(1 if unlike else 0)


def on_spark(place: Path, workspace: Path) -> int:
    """Number of derived tables that Spark tells otherwise than DuckDB did."""
    runner, spark, unlike = pipeline.runner(place, workspace), make("spark"), 0
    for step in derived_steps():
        frames = [_frame(runner, spark, name) for name in step.reads]
        offered = {"engine": spark, **runner.known, **step.params}
        wanted = inspect.signature(step.function).parameters
        made = step.function(*frames, **{k: v for k, v in offered.items() if k in wanted})
        for name, frame in made.items() if isinstance(made, dict) else [(step.writes[0], made)]:
            same = frame.equals(runner.table(name))
            unlike += not same
            print(f"  {name}: {'equal' if same else 'UNLIKE'} on Spark", flush=True)
    return unlike


def _frame(runner, spark, name):  # type: ignore[no-untyped-def]
    """A table of the workspace on Spark; the counts returned, for the pattern of that name."""
    if "*" in name:
        end = name.rpartition(".")[2]
        held = [t for e in runner.entries.values() for t in e.outputs if t.startswith("mapped.")]
        return {t: spark.frame(runner.table(t)) for t in held if t.rpartition(".")[2] == end}
    table = runner.table(name)
    return None if table is None else spark.frame(table)


if __name__ == "__main__":
    main()
