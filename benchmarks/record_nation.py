"""A nation as one authority after the other: time and memory of each, and the same tables on Spark (record A14).

    python benchmarks/record_nation.py OUT [--authorities 5] [--place hamlet] [--beside PLACE ...] [--kill] [--spark]

Makes as many places as asked for, each with its own seed, and builds the record of each in a process and a
workspace of its own: a nation's partitions are its authorities, so nothing of one is in memory while another is
built. --beside builds places that are there already too, in workspaces under OUT. A partition that is there already
is not built again: a killed build goes on where it stopped; --kill shows it on the second authority (SIGKILL when
half of its steps are done). --spark derives every table of the places made here on Spark too and compares it row by
row; it needs the spark extra and Java.

Time of a nation: seconds of the record of each authority are set against its number of children; a straight line
through them (so much for each authority, so much for each child) gives England with its 153 authorities. That is set
beside the largest place measured (the county for A14): at most 1.5 times its time a child is asked. The program ends
with 1 when that, 8 GB, taking up again or the equality of the engines does not hold.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from run_place import cost

from threecircles import pipeline, synthetic
from threecircles.core import manifest
from threecircles.core.engines import engine as make
from threecircles.record.derived import derived_steps

AUTHORITIES, CHILDREN = 153, 12_183_016
"""Upper-tier authorities of England, and children aged 0 to 17 in mid-2024 (ONS)."""
MOST_MEGABYTES, MOST_TIMES = 8_192, 1.5


@dataclass(frozen=True)
class Built:
    """One authority: children, seconds of its record by the manifest, and the largest memory of its build."""

    children: int
    seconds: float
    megabytes: float


def main() -> None:
    """Print one line for each authority, then what holds for the nation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--authorities", type=int, default=5)
    parser.add_argument("--place", default="hamlet")
    parser.add_argument("--beside", type=Path, nargs="*", default=[])
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--spark", action="store_true")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("THREECIRCLES_KEYS", str(asked.out / "keys"))
    wrong, built = 0, []
    own = [asked.out / f"place{seed}" for seed in range(1, asked.authorities + 1)]
    for seed, place in enumerate(own, 1):
        if not (place / "place.yaml").exists():
            synthetic.make(asked.place, place, seed=seed)
    for number, place in enumerate([*own, *asked.beside], 1):
        workspace = asked.out / f"w{number}"
        if asked.kill and number == 2:
            wrong += taken_up_again(place, workspace, _steps(asked.out / "w1"))
        built.append(build(place, workspace))
        if asked.spark and place in own:
            wrong += on_spark(place, workspace)
    wrong += built_twice(own, asked.out)
    sys.exit(1 if wrong + nation(built) else 0)


def build(place: Path, workspace: Path) -> Built:
    """Build the record of an authority, or what is left of it."""
    done = len(_steps(workspace))
    spent = cost(_command(place, workspace))
    entries = manifest.latest(workspace / "manifest.jsonl").values()
    found = Built(
        residents(place),
        sum(e.seconds for e in entries if e.step.startswith("record.")),
        spent.megabytes,
    )
    print(json.dumps({
        "authority": place.name, "children": found.children, "steps_run": len(_steps(workspace)) - done,
        "wall_s": round(spent.wall, 1), "processor_s": round(spent.processor, 1), "peak_mb": round(spent.megabytes),
        "record_s": round(found.seconds, 2), "record_ms_per_child": round(1000 * found.seconds / found.children, 3),
    }), flush=True)  # fmt: skip
    return found


def residents(place: Path) -> int:
    """Children of a place aged 0 to 17 who live there on the reference day."""
    person = pl.scan_parquet(place / "truth" / "person.parquet")
    return (
        person.filter(pl.col("resident") & (pl.col("age") <= 17)).select(pl.len()).collect().item()
    )


def taken_up_again(place: Path, workspace: Path, whole: list[str]) -> int:
    """Kill a build in the middle and let it go on; the number of steps that were built twice."""
    if (workspace / "manifest.jsonl").exists():
        print("nothing was killed: this authority is built already; choose a new OUT")
        return 1
    run = subprocess.Popen(
        _command(place, workspace), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while run.poll() is None and len(_steps(workspace)) < len(whole) // 2:
        time.sleep(0.05)
    if run.poll() is not None:
        print(f"nothing was killed: the build had ended with {run.returncode}")
        return 1
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    before = _steps(workspace)
    subprocess.run(_command(place, workspace), check=True, capture_output=True)
    after = _steps(workspace)[len(before) :]
    twice = sorted(set(before) & set(after))
    missing = sorted(set(whole) - {*before, *after})
    print(f"killed with {len(before)} of {len(whole)} steps done; taken up again, {len(after)} ran, "
          f"{len(twice)} of them a second time, {len(missing)} missing", flush=True)  # fmt: skip
    return len(twice) + len(missing)


def built_twice(places: list[Path], out: Path) -> int:
    """Build every authority made here once more; the number of steps that ran though nothing had changed."""
    again = 0
    for number, place in enumerate(places, 1):
        before = len(_steps(out / f"w{number}"))
        subprocess.run(_command(place, out / f"w{number}"), check=True, capture_output=True)
        again += len(_steps(out / f"w{number}")) - before
    print(f"the whole build once more: {again} steps ran", flush=True)
    return again


def nation(built: list[Built]) -> int:
    """Number of bounds that do not hold: memory, and time a child beside the largest place."""
    peak = max(b.megabytes for b in built)
    print(f"largest memory of a build: {peak:,.0f} MB ({MOST_MEGABYTES:,} allowed)")
    largest = max(built, key=lambda b: b.children)
    sizes = np.array([[1.0, b.children] for b in built])
    each, per_child = np.linalg.lstsq(sizes, np.array([b.seconds for b in built]), rcond=None)[0]
    for b in {b.children: b for b in built}.values():
        print(f"  {b.children:,} children: {b.seconds:.1f} s of record, {each + per_child * b.children:.1f} s by the line")  # fmt: skip
    if largest.children < CHILDREN / AUTHORITIES:
        print(
            "time a child is not judged: no place as large as an average authority was built (--beside)"
        )
        return int(peak > MOST_MEGABYTES)
    whole = AUTHORITIES * each + per_child * CHILDREN
    times = (whole / CHILDREN) / (largest.seconds / largest.children)
    print(
        f"{each:.1f} s an authority and {1000 * per_child:.3f} ms a child: England, {AUTHORITIES} authorities, {whole / 3600:.1f} h "
        f"one after the other, {1000 * whole / CHILDREN:.3f} ms a child; {largest.children:,} children in one place "
        f"{1000 * largest.seconds / largest.children:.3f} ms: {times:.2f} times ({MOST_TIMES} allowed)"
    )
    return int(peak > MOST_MEGABYTES) + int(times > MOST_TIMES)


def on_spark(place: Path, workspace: Path) -> int:
    """Number of derived tables that Spark tells otherwise than DuckDB did."""
    runner, spark, unlike, told = pipeline.runner(place, workspace), make("spark"), [], 0
    for step in derived_steps():
        frames = [_frame(runner, spark, name) for name in step.reads]
        offered = {"engine": spark, **runner.known, **step.params}
        wanted = inspect.signature(step.function).parameters
        made = step.function(*frames, **{k: v for k, v in offered.items() if k in wanted})
        for name, frame in made.items() if isinstance(made, dict) else [(step.writes[0], made)]:
            told += 1
            if not frame.equals(runner.table(name)):
                unlike.append(name)
    print(f"  {place.name} on Spark: {told} tables, {len(unlike)} unlike{': ' if unlike else ''}{', '.join(unlike)}", flush=True)  # fmt: skip
    return len(unlike)


def _frame(runner, spark, name):  # type: ignore[no-untyped-def]
    """A table of the workspace on Spark; the counts returned, for the pattern of that name."""
    if "*" in name:
        end = name.rpartition(".")[2]
        held = [t for e in runner.entries.values() for t in e.outputs if t.startswith("mapped.")]
        return {t: spark.frame(runner.table(t)) for t in held if t.rpartition(".")[2] == end}
    table = runner.table(name)
    return None if table is None else spark.frame(table)


def _steps(workspace: Path) -> list[str]:
    """Names of the steps that ran in a workspace, in order; a line cut by a kill is none."""
    path = workspace / "manifest.jsonl"
    if not path.exists():
        return []
    entries = (manifest.from_json(line) for line in path.read_bytes().splitlines())
    return [e.step for e in entries if e is not None]


def _command(place: Path, workspace: Path) -> list[str]:
    return [sys.executable, "-m", "threecircles", "record", "build", str(place), "--workspace", str(workspace)]  # fmt: skip


if __name__ == "__main__":
    main()
