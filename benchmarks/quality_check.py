"""Time and memory of reading, checking and reporting both statutory returns, against plain passes over the same files.

Run by hand: python benchmarks/quality_check.py SAMPLES PLACE [CHILDREN ...]
SAMPLES holds the twelve CSV files of a made-up SSDA903 return, PLACE a made-up place (threecircles synth)
whose newest CIN census is repeated; both are repeated under new identifiers to CHILDREN (2000 20000).
Bounds (quality 5, A26, A27): 20,000 children of each return under 10 s and 1 GB; 200,000 under 2 minutes and
4 GB; reading the census at most 6 times a bare expat pass; the whole 903 check at most 25 times a csv.reader
pass; 200,000 at most 12 times 20,000; census reading of 200,000 under 500 MB.
Every part runs in a process of its own; memory is the peak resident set of that process.
"""

from __future__ import annotations

import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.parsers import expat

import polars as pl

from threecircles.quality.layout import layout

MADE_UP = ("PL_LA", "PL_LOCATION", "PL_DISTANCE", "UASC")


def main(samples: Path, place: Path, sizes: list[int]) -> None:
    """Print seconds (wall and processor) and megabytes of each part at each size, and the ratios."""
    for children in sizes:
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            rows = make_903(samples, folder / "s903", children)
            count = make_cin(place, folder / "cin.xml", children)
            print(f"\n{children:,} children: 903 {rows:,} rows; CIN {count:,} children, {(folder / 'cin.xml').stat().st_size / 1e6:.0f} MB")  # fmt: skip
            told = {
                part: measured(part, path)
                for part, path in (
                    ("csv", folder / "s903"), ("903", folder / "s903"), ("expat", folder / "cin.xml"),
                    ("read-cin", folder / "cin.xml"), ("cin", folder / "cin.xml"),
                )
            }  # fmt: skip
            for part, (wall, processor, peak) in told.items():
                print(
                    f"  {part:9} {wall:7.1f} s wall  {processor:7.1f} s processor  {peak:6,.0f} MB"
                )
            print(f"  903 check {told['903'][1] / told['csv'][1]:.1f} x csv.reader; CIN reading {told['read-cin'][1] / told['expat'][1]:.1f} x expat; both {told['903'][0] + told['cin'][0]:.1f} s")  # fmt: skip


def measured(part: str, path: Path) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of the processor and peak megabytes of one part, in its own process."""
    done = subprocess.run(
        [sys.executable, __file__, "--part", part, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    wall, processor, peak = map(float, done.stdout.split()[-3:])
    return wall, processor, peak


def run_part(part: str, path: Path) -> None:
    """One part, timed without the imports; prints wall, processor, peak."""
    from threecircles import checking
    from threecircles.sources import read

    started, used = time.perf_counter(), time.process_time()
    if part == "csv":
        for file in path.glob("*.csv"):
            with file.open(newline="") as stream:
                for _ in csv.reader(stream):
                    pass
    elif part == "expat":
        parser = expat.ParserCreate()
        parser.StartElementHandler = parser.EndElementHandler = lambda *_: None
        parser.CharacterDataHandler = lambda _: None
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    elif part == "read-cin":
        read([path], return_name="cin-census", year=2026)
    else:
        source = {"903": "ssda903", "cin": "cin-census"}[part]
        asked = checking.Asked(return_name=source, year=2026, authority="E10000020")
        done = checking.check_files([path], asked)
        with tempfile.TemporaryDirectory() as out:
            checking.write(done, Path(out), None, ("html", "parquet"))
    wall, processor = time.perf_counter() - started, time.process_time() - used
    print(wall, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def make_903(samples: Path, out: Path, children: int) -> int:
    """Write the sample return repeated under new identifiers; returns its rows."""
    tables = _tables(samples)
    copies = max(1, round(children / tables["Header"].height))
    out.mkdir()
    rows = 0
    for name, frame in tables.items():
        whole = pl.concat([frame.with_columns(pl.col("CHILD") + f"x{n}") for n in range(copies)])
        whole.write_csv(out / f"{name}.csv")
        rows += whole.height
    return rows


def make_cin(place: Path, out: Path, children: int) -> int:
    """Write the newest census of a place repeated under new identifiers; returns its children."""
    text = max((place / "received").glob("cin_*.xml")).read_text(encoding="utf-8")
    head, _, rest = text.partition("<Children>")
    body, _, tail = rest.rpartition("</Children>")
    own = body.count("<Child>")
    copies = max(1, round(children / own))
    with out.open("w", encoding="utf-8") as file:
        file.write(head + "<Children>")
        for n in range(copies):
            file.write(body.replace("</LAchildID>", f"x{n}</LAchildID>"))
        file.write("</Children>" + tail)
    return own * copies


def _tables(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables of a folder by their headings; of two for one table the first by name."""
    found: dict[str, pl.DataFrame] = {}
    for path in sorted(folder.glob("*.csv")):
        frame = pl.read_csv(path, infer_schema_length=0)
        for name, table in layout("903").tables.items():
            if set(frame.columns) == {c for c in table.columns if c not in MADE_UP}:
                found.setdefault(name, frame)
    return found


if __name__ == "__main__":
    if sys.argv[1] == "--part":
        run_part(sys.argv[2], Path(sys.argv[3]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]), [int(n) for n in sys.argv[3:]] or [2000, 20000])
