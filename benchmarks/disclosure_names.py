"""Byte search of a finished run for every name, number, address and birth date of its children (disclosure A10).

    threecircles synth borough --out PLACE && threecircles run PLACE --workspace W
    python benchmarks/disclosure_names.py PLACE W

Reads every file of the workspace, also inside workbooks, documents and databases. Prints how many
names and numbers were searched for, in how many files, and each file in which one was found; ends
with 1 when there is any. The identity side is searched too: with encryption on it holds none either.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.pipeline.search import found, needles


def main() -> int:
    """Read the command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("place", type=Path, help="a made-up place, with its truth")
    asked.add_argument("workspace", type=Path)
    given = asked.parse_args()
    begun = time.time()
    wanted = needles(given.place / "truth")
    kinds = Counter([*wanted.words.values(), *wanted.pairs.values()])
    print("; ".join(f"{n:,} of kind {kind}" for kind, n in sorted(kinds.items())), flush=True)
    files = [p for p in given.workspace.rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files)
    told = found(given.workspace, wanted)
    inside = found(given.workspace / "identity", wanted, leave_out=())
    print(
        f"{len(files):,} files, {size / 1e6:.0f} MB, {time.time() - begun:.0f} s: "
        f"{len(told)} outside the identity side, {len(inside)} inside it"
    )
    print("\n".join([*told[:50], *(f"identity/{line}" for line in inside[:50])]))
    return 1 if told or inside else 0


if __name__ == "__main__":
    sys.exit(main())
