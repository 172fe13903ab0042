"""What the record promises, looked up in a whole place (record A2, A4, A6, A10).

    python benchmarks/record_county.py WORKSPACE PLACE

WORKSPACE: of a run of PLACE, a made-up place with errors (county for the acceptance). Only payload tables are
read. Every line says what was looked at and what was found; the program ends with 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core import manifest
from threecircles.core.workspace import open_workspace

YEARS = (2025, 2026)
WORD = re.compile(r"[A-Za-z0-9]+")


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("place", type=Path)
    asked = parser.parse_args()
    tables = payload(asked.workspace)
    wrong = outcomes(tables) + flows(tables) + reconciled(tables) + names(tables, asked.place)
    print(f"wrong: {wrong}")
    sys.exit(1 if wrong else 0)


def payload(workspace: Path) -> dict[str, Path]:
    """Newest file of every table of the record on the payload side."""
    opened, found = open_workspace(workspace), {}
    for entry in manifest.latest(opened.manifest).values():
        if entry.written_side == "payload":
            for name in entry.outputs:
                path = opened.steps("payload") / entry.step / entry.key[:16] / f"{name}.parquet"
                if name.startswith("record.") and path.exists():
                    found[name] = path
    return found


def outcomes(tables: dict[str, Path]) -> int:
    """A2: each source row has one outcome, each that is left out a reason."""
    lines = pl.read_parquet(tables["record.source_row"])
    doubled = lines.height - lines.select("extract_id", "source_table", "source_row").n_unique()
    silent = lines.filter((pl.col("outcome") != "mapped") & pl.col("reason").is_null()).height
    named = lines["row_ids"].explode().drop_nulls()
    lost = 0
    for name in ("episode", "event", "factor"):
        ids = pl.read_parquet(tables[f"record.{name}"], columns=["row_id"])["row_id"]
        lost += int((~ids.is_in(named.implode())).sum())
    counts = dict(lines["outcome"].value_counts().iter_rows())
    print(f"A2: {lines.height:,} source rows {counts}; doubled {doubled}, without reason {silent}, "
          f"record rows without source row {lost}")  # fmt: skip
    return doubled + silent + lost


def flows(tables: dict[str, Path]) -> int:
    """A4: stock after = stock before + starts - ends, by process, year and area."""
    rows = pl.read_parquet(
        tables["record.episode"], columns=["process", "lsoa21_in", "valid_from", "valid_to"]
    )
    wrong = cells = 0
    for year in YEARS:
        first, last = date(year - 1, 4, 1), date(year, 3, 31)

        def held(day: date) -> pl.Expr:
            still = pl.col("valid_to").is_null() | (pl.col("valid_to") > day)
            return ((pl.col("valid_from") <= day) & still).sum().cast(pl.Int64)

        before = date(year - 1, 3, 31)
        told = rows.group_by("process", "lsoa21_in").agg(
            _before=held(before),
            _after=held(last),
            _starts=pl.col("valid_from").is_between(first, last).sum().cast(pl.Int64),
            _ends=pl.col("valid_to").is_between(first, last).sum().cast(pl.Int64),
        )
        cells += told.height
        wrong += told.filter(
            pl.col("_after") != pl.col("_before") + pl.col("_starts") - pl.col("_ends")
        ).height
    print(f"A4: {cells:,} cells of process, year and area; {wrong} do not add up")
    return wrong


def reconciled(tables: dict[str, Path]) -> int:
    """A6: what no list explains."""
    counts = pl.read_parquet(tables["record.reconciliation"])
    left = int(counts["unexplained"].abs().sum())
    print(f"A6: {counts.height} headline counts, {left} unexplained")
    return left


def names(tables: dict[str, Path], place: Path) -> int:
    """A10: no surname, postcode, number or birth date of a made-up child in any cell of any table."""
    person = pl.read_parquet(place / "truth" / "person.parquet")
    known = pl.read_parquet(place / "truth" / "identity.parquet")["local_id"]
    secret = {p for p in person["postcode"].drop_nulls()} | {
        v for c in ("upn", "nhs") for v in person[c].drop_nulls() if v
    }
    secret |= {p.replace(" ", "") for p in person["postcode"].drop_nulls()} - {""}
    secret |= {i for i in known if len(i) > 6} | {str(b) for b in person["birth"].drop_nulls()}
    people = set(person["surname"]) | set(person["forename"])
    found = 0
    for name, path in sorted(tables.items()):
        for column, kind in pl.read_parquet_schema(path).items():
            if kind != pl.String or column in ("label", "line_label"):
                continue
            cells = set(pl.read_parquet(path, columns=[column])[column].unique().drop_nulls())
            hit = len(cells & (secret | people))
            if len(cells) < 50_000:
                hit += len({w for c in cells for w in WORD.findall(c)} & secret)
            if hit:
                print(f"A10: {name}.{column}: {hit}")
            found += hit
    print(f"A10: {len(secret) + len(people):,} names, numbers, postcodes and birth dates searched "
          f"in {len(tables)} tables; found {found}")  # fmt: skip
    return found


if __name__ == "__main__":
    main()
