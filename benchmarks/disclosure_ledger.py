"""A release held against a thousand released tables (disclosure A4: <= 60 s, touching only what is shared).

    python benchmarks/disclosure_ledger.py             # forty years of twenty-five tables
    python benchmarks/disclosure_ledger.py --one-year  # a thousand tables of the same children

Each table counts made-up children by ward and by one or two other things, with all totals, and is
protected with the others of its year. Prints how many released tables bear on the new ones, and
processor seconds of noting them and of the check.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.disclosure import ledger
from threecircles.disclosure.layout import Entry
from threecircles.disclosure.release import protect

WARDS, THINGS, VALUES, CHILDREN = 12, 6, 3, 1_500


def children(year: int) -> pl.DataFrame:
    """One row for each child of a year: ward and what else is known of it."""
    rng = np.random.default_rng(year)
    own = {"ward": rng.choice([f"w{i}" for i in range(WARDS)], CHILDREN)}
    own |= {f"thing{t}": rng.choice([f"t{t}v{v}" for v in range(VALUES)], CHILDREN, p=(0.75, 0.2, 0.05)) for t in range(THINGS)}  # fmt: skip
    return pl.DataFrame(own)


def table(name: str, made: pl.DataFrame, columns: tuple[str, ...], period: str) -> Measured:
    """Children by these columns, with every total."""
    frames = []
    for size in range(len(columns) + 1):
        for by in combinations(columns, size):
            counted = made.group_by(by).len("n") if by else made.select(pl.len().alias("n"))
            frames.append(
                counted.with_columns(pl.lit(TOTAL).alias(c) for c in columns if c not in by).select(*columns, pl.col("n").cast(pl.Int64))
            )  # fmt: skip
    frame = pl.concat(frames).sort(*columns, "n").with_columns(measure=pl.lit("children"), value=pl.col("n").cast(pl.Float64))  # fmt: skip
    spec = TableSpec(
        id=name, title=name, population="children", period=period, unit="children", kind="count",
        dimensions=tuple(Dimension(column=c, label=c) for c in columns), count="n", values=("value", "n"),
    )  # fmt: skip
    return Measured(spec, frame)


def year_of(year: int, tables: int) -> list[Measured]:
    """The tables of one year: by ward, by one thing, by two, by ward and up to two things."""
    made = children(year)
    things = [c for c in made.columns if c != "ward"]
    ways = [("ward",), *((t,) for t in things), *combinations(things, 2), *(("ward", t) for t in things), *combinations(things, 3)]  # fmt: skip
    return [
        table(f"year{year}-{i}", made, way, f"year ending 31 March {2000 + year}")
        for i, way in enumerate(ways[:tables])
    ]


def released(tables: list[Measured], editions: int = 1) -> list[tuple[list[Entry], list[ledger.Sum]]]:  # fmt: skip
    """What each edition of these tables shows; all say the same, under other names."""
    found, sums = ledger.safe_entries(protect(tables))
    return [([ledger._renamed(e, f"{e.sheet}-{k}") for e in found], sums) for k in range(editions)]


def main() -> None:
    """Fill a ledger and hold a new release against it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--one-year", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        begun = time.process_time()
        if given.one_year:
            *first, last = year_of(1, 41)
            for name, told in enumerate(released(first, 25)):
                ledger.write_down(workspace, f"release {name}", *told)
            new = [last]
        else:
            for year in range(1, 41):
                ledger.write_down(workspace, f"release {year}", *released(year_of(year, 25))[0])
            new = year_of(40, 41)[25:]
        print(f"protected and noted in {time.process_time() - begun:.1f} s of processor time")
        with sqlite3.connect(workspace / ledger.FILE) as held:
            (counted,) = held.execute(
                "SELECT count(DISTINCT source || release) FROM ledger"
            ).fetchone()
        told = ledger.safe_entries(protect(new))
        begun = time.process_time(), time.time()
        found = ledger.check(workspace, *told)
        print(
            f"{counted:,} tables in the ledger; {found.tables} tables bear on the new one, "
            f"{found.cells:,} cells; {len(found.leaks)} against it; check {time.process_time() - begun[0]:.1f} s of processor time, {time.time() - begun[1]:.1f} s"
        )


if __name__ == "__main__":
    main()
