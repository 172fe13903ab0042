"""Are the right records joined in a run? Links of a made-up place with errors against its truth (issue: the spine, S3).

    python benchmarks/place_linkage.py WORKSPACE PLACE

WORKSPACE: of a run of PLACE (county for S3). Pairs of records of different keys, in one source or two: F1 of all,
and of the pairs in which a child born together with another one stands. Judged are the six sources of the spine
(exit code 1 below .985 or .97); told beside are all sources of the place, and those that carry names: returns without
names join by their numbers alone, and children under five have none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import polars as pl

from threecircles.core import manifest
from threecircles.core.workspace import open_workspace

ASKED = {"all": 0.985, "twins": 0.97}
NAMELESS = ("cin-census", "ssda903")
SPINE = (*NAMELESS, "school-census", "early-help", "youth-justice", "survey-holder")


def main() -> None:
    """A line for all and one for twins, of each set of sources."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("place", type=Path)
    asked = parser.parse_args()
    records = judged(asked.workspace, asked.place)
    sets = {
        "sources of the spine": records.filter(pl.col("source").is_in(SPINE)),
        "all sources": records,
        "sources with names": records.filter(~pl.col("source").is_in(NAMELESS)),
    }
    below = 0
    for name, own in sets.items():
        for which, least in ASKED.items():
            right, made, true = pairs(own, only_twins=which == "twins")
            f1 = 2 * right / (made + true)
            below += own is sets["sources of the spine"] and f1 < least
            print(f"{name}, {which}: F1 {f1:.4f}, precision {right / made:.4f}, recall {right / true:.4f}, "
                  f"{true:,} true pairs of {own.height:,} records")  # fmt: skip
    sys.exit(below > 0)


def judged(workspace: Path, place: Path) -> pl.DataFrame:
    """Columns: source, key, found and true (persons), twin; a line for each record that truth knows."""
    opened = open_workspace(workspace, "identity")
    entry = manifest.latest(opened.manifest)["identity.link"]
    folder = opened.steps("identity") / entry.step / entry.key[:16]
    made = opened.read_table(folder / "identity.person_record.parquet", "identity")
    # Answers of pupils without leave to be joined may be joined to nothing: they are no missed link.
    found = made.filter(pl.col("band") != "not_agreed").select(
        "source", key="source_key", found="person_id"
    )
    truth = place / "truth"
    twins = pl.read_parquet(truth / "twin.parquet")["person_id"]
    true = pl.read_parquet(truth / "identity.parquet").select(
        "source", key="local_id", true="person_id"
    )
    met = found.join(true, on=["source", "key"]).unique(["source", "key"], keep="first", maintain_order=True)  # fmt: skip
    return met.with_columns(twin=pl.col("true").is_in(twins.implode()))


def pairs(records: pl.DataFrame, only_twins: bool) -> tuple[int, int, int]:
    """How many pairs are joined rightly, joined, and truly of one person."""

    def within(*of: str) -> int:
        sizes = records.group_by(of).agg(n=pl.len(), others=(~pl.col("twin")).sum())
        both = sizes.select((pl.col("n", "others") * (pl.col("n", "others") - 1) // 2).sum()).row(0)
        return both[0] - both[1] if only_twins else both[0]

    return within("found", "true"), within("found"), within("true")


if __name__ == "__main__":
    main()
