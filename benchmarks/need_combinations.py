"""Does what truly was lie between careful and generous links? Pairs of conditions of a run with errors on (need N27).

    python benchmarks/need_combinations.py WORKSPACE PLACE [WORKSPACE PLACE ...]

WORKSPACE: of a run of PLACE, a made-up place with errors. Of every pair of conditions: children by careful links, by
all links made, with those that may be hidden, and by the generator's own links of the same returns. Exit code 1 below
95% of pairs.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import narwhals as nw
import polars as pl
from benchmarks.record_county import payload
from tests.record.conftest import Made

from threecircles.core import manifest
from threecircles.core.tables import read_measured
from threecircles.core.workspace import open_workspace
from threecircles.need.combine import combination_tables
from threecircles.need.conditions import combinations_definition, conditions_held
from threecircles.need.linked_pairs import links_of

LAST = date(2026, 3, 31)
TABLES = ("episode", "event", "factor", "measure", "person", "person_record")


def main() -> None:
    """A line a pair that lies outside, and how many lie inside."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+", type=Path)
    asked = parser.parse_args().places
    inside = pairs = 0
    for workspace, place in zip(asked[::2], asked[1::2], strict=True):
        true_of = truth_of(place)
        for (first, second), row in told_of(workspace).items():
            true = true_of[first, second]
            fits = row["low"] <= true <= row["high"]
            pairs, inside = pairs + 1, inside + fits
            print(f"{place.name} {first} and {second}: careful {row['low']:.0f}, made {row['value']:.0f}, "
                  f"at most {row['high']:.0f}, truth {true:.0f}{'' if fits else ' OUTSIDE'}")  # fmt: skip
    print(f"{inside} of {pairs} pairs inside")
    sys.exit(inside < 0.95 * pairs)


def told_of(workspace: Path) -> dict[tuple[str, str], dict]:
    """The rows of children of combinations-pairs, reckoned on the record of a run."""
    files = payload(workspace)
    frames = {t: nw.from_native(pl.scan_parquet(files[f"record.{t}"])) for t in TABLES}
    definition = combinations_definition()
    held = conditions_held(frames, definition, LAST)
    links = links_of(frames["person_record"], errors_of(workspace))
    pairs = combination_tables(held, definition, "", links)[2].frame.filter(measure="children")
    return {(r["first"], r["second"]): r for r in pairs.to_dicts()}


def errors_of(workspace: Path):
    """linkage-errors of a run."""
    opened = open_workspace(workspace)
    entry = next(
        e for e in manifest.latest(opened.manifest).values() if "identity.linkage-errors" in e.outputs
    )  # fmt: skip
    return read_measured(
        opened.steps("payload") / entry.step / entry.key[:16] / "identity.linkage-errors.parquet"
    )


def truth_of(place: Path) -> dict[tuple[str, str], float]:
    """Children who hold both of a pair, with every record of the place at its true person."""
    made = Made(place)
    frames = {
        n: nw.from_native(made.table(n).lazy()) for n in ("episode", "event", "factor", "measure")
    }
    known = made.pointers["person_id"].unique()
    person = made.truth("person").filter(pl.col("person_id").is_in(known.implode()))
    born = person.select("person_id", birth_month=pl.col("birth").dt.month_start())
    frames |= {
        "person": nw.from_native(born.lazy()),
        "person_record": nw.from_native(made.pointers.lazy()),
    }
    held = conditions_held(frames, combinations_definition(), LAST)
    pairs = combination_tables(held, combinations_definition(), "")[2].frame
    return {(r["first"], r["second"]): r["value"] for r in pairs.filter(measure="children").to_dicts()}  # fmt: skip


if __name__ == "__main__":
    main()
