"""Time and memory of reading, checking and reporting both statutory returns (quality 5, A26, A27), with verdicts.

Run by hand: python benchmarks/quality_check.py RETURNS [--children 20000 200000] [--peer-903 PYTHON]
[--peer-cin PYTHON] [--peer-children 2000] [--made FOLDER]
RETURNS is the folder of sample returns; they are repeated under new identifiers (quality_returns.py). Each part
runs in a process of its own; seconds are those of the clock, those of the processor stand beside; memory is the
peak resident set of that process, which starts no other. A plain pass is the median of three.
PYTHON is an interpreter that has the public validator (quality_peers.py).
"""

from __future__ import annotations

import argparse
import csv
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from quality_returns import make_903, make_cin

YEAR = 2026
PLAIN_PASSES = 3
SMALL, LARGE = 20_000, 200_000


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, seconds of the processor, peak megabytes."""

    wall: float
    processor: float
    peak: float

    def in_words(self) -> str:
        return f"{self.wall:8.2f} s  {self.processor:8.2f} s processor  {self.peak:7,.0f} MB"


Figures = dict[tuple[int, str], Took]


def main(asked: argparse.Namespace) -> None:
    """Measure each part at each size, the peers at theirs, and print what is met."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as work:
        for children in asked.children:
            made = _made(asked, Path(work), children)
            for part, path in _parts(made):
                figures[children, part] = measured([sys.executable, __file__, "--part", part, path])
                print(f"  {part:9} {figures[children, part].in_words()}", flush=True)
        judged = [*verdicts(figures), *_peers(asked, Path(work))]
    print("\nbound                                              figure     asked  verdict")
    for name, figure, bound in judged:
        print(f"{name:48} {figure:8.2f} {bound:>9}  {'met' if _met(figure, bound) else 'NOT MET'}")


def verdicts(figures: Figures) -> list[tuple[str, float, str]]:
    """Each bound of section 5 that these figures can tell: name, figure, what is asked."""
    found: list[tuple[str, float, str]] = []
    for children, seconds, megabytes in ((SMALL, 10, 1000), (LARGE, 120, 4000)):
        if (children, "903") not in figures:
            continue
        one, two = figures[children, "903"], figures[children, "cin"]
        found += [
            (f"{children:,} children, both returns, seconds", one.wall + two.wall, f"< {seconds}"),
            (f"{children:,} children, peak megabytes", max(one.peak, two.peak), f"< {megabytes}"),
            (f"{children:,} children, 903 check / csv.reader, clock", one.wall / figures[children, "csv"].wall, "<= 25"),
            (f"{children:,} children, 903 check / csv.reader, processor", one.processor / figures[children, "csv"].processor, "<= 25"),
            (f"{children:,} children, census reading / expat, clock", figures[children, "read-cin"].wall / figures[children, "expat"].wall, "<= 6"),
        ]  # fmt: skip
        if children == SMALL:
            small = one.wall + two.wall
        else:
            found.append(("census reading, peak megabytes (A27)", figures[children, "read-cin"].peak, "< 500"))  # fmt: skip
            if (SMALL, "903") in figures:
                found.append(("time of 200,000 / time of 20,000", (one.wall + two.wall) / small, "<= 12"))  # fmt: skip
    return found


def measured(command: list[str | Path]) -> Took:
    """One process that prints wall, processor and peak as its last words."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    wall, processor, peak = map(float, done.stdout.split()[-3:])
    return Took(wall, processor, peak)


def run_part(part: str, path: Path) -> None:
    """One part, timed without the imports; prints wall, processor, peak."""
    from threecircles import checking
    from threecircles.sources import read

    if part in ("csv", "expat"):
        passes = [timed(lambda: _plain(part, path)) for _ in range(PLAIN_PASSES)]
        wall, processor = (statistics.median(column) for column in zip(*passes, strict=True))
    elif part == "read-cin":
        wall, processor = timed(lambda: read([path], return_name="cin-census", year=YEAR))
    else:
        wall, processor = timed(lambda: _whole(checking, part, path))
    print(wall, processor, _peak())


def timed(work) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Seconds of the clock and of the processor."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - used


def _whole(checking, part: str, path: Path) -> None:  # type: ignore[no-untyped-def]
    """Reading, all rules, report, worklist and tables, and the stored run, as a check without --fit."""
    source = {"903": "ssda903", "cin": "cin-census"}[part]
    asked = checking.Asked(return_name=source, year=YEAR, authority="E10000020")
    done = checking.check_files([path], asked)
    with tempfile.TemporaryDirectory() as out:
        checking.write(done, Path(out), None, ("html", "parquet"))


def _plain(part: str, path: Path) -> None:
    if part == "csv":
        for file in path.glob("*.csv"):
            with file.open(newline="") as stream:
                for _ in csv.reader(stream):
                    pass
        return
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _name, _attributes: None
    parser.EndElementHandler = lambda _name: None
    parser.CharacterDataHandler = lambda _text: None
    with path.open("rb") as stream:
        parser.ParseFile(stream)


def _peak() -> float:
    """Peak megabytes of this process alone: what `getrusage` says would count its parent's before it started."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise SystemExit("The system does not say how much memory was taken.")


def _parts(made: Path) -> list[tuple[str, Path]]:
    of_903, of_cin = made / "s903", made / "cin.xml"
    return [("csv", of_903), ("903", of_903), ("expat", of_cin), ("read-cin", of_cin), ("cin", of_cin)]  # fmt: skip


def _made(asked: argparse.Namespace, work: Path, children: int) -> Path:
    """The two returns of a size, made unless they are there."""
    made = (asked.made or work) / f"{children}"
    if not (made / "cin.xml").exists():
        made.mkdir(parents=True)
        rows = make_903(asked.returns, made / "s903", children)
        make_cin(asked.returns, made / "cin.xml", children)
        print(f"made: 903 of {rows:,} rows")
    size = (made / "cin.xml").stat().st_size / 1e6
    print(f"\n{children:,} children; census of {size:,.0f} MB")
    return made


def _peers(asked: argparse.Namespace, work: Path) -> list[tuple[str, float, str]]:
    """Each public validator and ours on the same return, made at the size asked for peers."""
    found, both = [], []
    for part, python in (("903", asked.peer_903), ("cin", asked.peer_cin)):
        if not python:
            continue
        made = _made(asked, work, asked.peer_children)
        path = dict(_parts(made))[part]
        peer = measured([python, Path(__file__).with_name("quality_peers.py"), part, path, str(YEAR)])  # fmt: skip
        ours = measured([sys.executable, __file__, "--part", part, path])
        print(f"  {part} public validator {peer.in_words()}\n  {part} ours             {ours.in_words()}")  # fmt: skip
        found.append((f"{asked.peer_children:,} children, {part}: public validator / ours", peer.wall / ours.wall, ">= 30"))  # fmt: skip
        both.append((peer.wall, ours.wall))
    if len(both) > 1:
        theirs, own = map(sum, zip(*both, strict=True))
        found.append((f"{asked.peer_children:,} children, both returns: public validators / ours", theirs / own, ">= 30"))  # fmt: skip
    return found


def _met(figure: float, bound: str) -> bool:
    sign, _, number = bound.partition(" ")
    return {"<": figure < float(number), "<=": figure <= float(number), ">=": figure >= float(number)}[sign]  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("returns", type=Path)
    parser.add_argument("--children", type=int, nargs="*", default=[SMALL, LARGE])
    parser.add_argument("--made", type=Path, help="where made returns are kept and looked for")
    parser.add_argument("--peer-903", help="a Python with csc-validator-be-903")
    parser.add_argument("--peer-cin", help="a Python with csc-validator-be-cin")
    parser.add_argument("--peer-children", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1] == "--part":
        run_part(sys.argv[2], Path(sys.argv[3]))
    else:
        main(_arguments())
