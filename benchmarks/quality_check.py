"""Time and memory of a whole SSDA903 check against a plain csv.reader pass over the same files.

Run by hand: python benchmarks/quality_check.py FOLDER [COPIES]
FOLDER holds the twelve CSV files of a return; COPIES repeats every child under new identifiers.
Bounds (quality 5): 20,000 children under 10 s and 1 GB, both returns; whole 903 check at most 25
times the plain pass; time(200,000) at most 12 times time(20,000).
"""

from __future__ import annotations

import csv
import resource
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from threecircles.quality import check_tables
from threecircles.quality.layout import layout
from threecircles.quality.outputs import write_outputs


def main(folder: Path, copies: int) -> None:
    """Print seconds of reading, checking and writing, their sum, the ratio and the peak memory."""
    tables = _repeated(_tables(folder), copies)
    children = tables["Header"].height
    with tempfile.TemporaryDirectory() as out:
        plain = _plain_pass(tables, Path(out))
        check_tables(
            "903", 2026, {}, codes=["101"]
        )  # the first import of the engine is not the check
        started = time.perf_counter()
        read = {
            name: pl.read_csv(Path(out) / f"{name}.csv", infer_schema_length=0) for name in tables
        }
        reading = time.perf_counter() - started
        report = check_tables("903", 2026, read, {"local_authority": "E10000020"})
        checking = time.perf_counter() - started - reading
        found = report.findings_by_place.height
        placing = time.perf_counter() - started - reading - checking
        write_outputs(report, Path(out) / "report", ("html", "parquet"))
        whole = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = sum(t.height for t in tables.values())
    print(f"{children:,} children, {rows:,} rows; {report.headline()} {found:,} places")
    print(
        f"read {reading:.2f} s, rules {checking:.2f} s, places {placing:.2f} s, whole with files {whole:.2f} s"
    )
    print(f"plain csv.reader pass {plain:.2f} s; ratio {whole / plain:.1f}; peak {peak:,.0f} MB")


def _tables(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables of a folder by their headings; of two for one table the first by name."""
    found: dict[str, pl.DataFrame] = {}
    for path in sorted(folder.glob("*.csv")):
        frame = pl.read_csv(path, infer_schema_length=0)
        for name, table in layout("903").tables.items():
            own = {
                c
                for c in table.columns
                if not c.startswith("PL_L") and c not in ("PL_DISTANCE", "UASC")
            }
            if set(frame.columns) == own:
                found.setdefault(name, frame)
    return found


def _repeated(tables: dict[str, pl.DataFrame], copies: int) -> dict[str, pl.DataFrame]:
    return {
        name: pl.concat([frame.with_columns(pl.col("CHILD") + f"x{n}") for n in range(copies)])
        for name, frame in tables.items()
    }


def _plain_pass(tables: dict[str, pl.DataFrame], out: Path) -> float:
    for name, frame in tables.items():
        frame.write_csv(out / f"{name}.csv")
    started = time.perf_counter()
    for name in tables:
        with (out / f"{name}.csv").open(newline="") as file:
            for _ in csv.reader(file):
                pass
    return time.perf_counter() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8)
