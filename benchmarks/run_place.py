"""Times a place from its received files to the finished pack, an unchanged rerun, and one changed survey answer (S2).

    python benchmarks/run_place.py --place county

Prints wall seconds, processor seconds and peak memory of the whole process tree, and the ten slowest
steps by the manifest. Making the place is not counted.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a command took. megabytes: the largest sum of resident memory over the process tree."""

    wall: float
    processor: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s, {self.processor:.1f} processor s, {self.megabytes:,.0f} MB"


def main() -> None:
    """Make the place in a folder that is removed afterwards, unless --at names one that is there."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--place", default="county")
    asked.add_argument(
        "--at",
        type=Path,
        help="a place folder that is there already; one survey answer is changed and set back",
    )
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ.update(
            THREECIRCLES_KEYS=str(home / "keys"), THREECIRCLES_LOGS=str(home / "logs")
        )
        place = given.at or home / "place"
        if given.at is None:
            subprocess.run([*_command(), "synth", given.place, "--out", str(place)], check=True)
        _measure(place, home / "workspace")


def _measure(place: Path, workspace: Path) -> None:
    command = [*_command(), "run", str(place), "--workspace", str(workspace)]
    print(f"load before: {os.getloadavg()[0]:.1f}")
    print(f"from files to pack: {cost(command)}", flush=True)
    lines = _lines(workspace)
    for line in sorted(lines, key=lambda entry: -entry["seconds"])[:10]:
        print(f"    {line['step']}: {line['seconds']:.1f} s")
    print(
        f"unchanged: {cost(command)}; steps run: {len(_lines(workspace)) - len(lines)}", flush=True
    )
    survey = next((place / "received").glob("survey_pupils_*.csv"))
    before = survey.read_bytes()
    try:
        change_one_answer(survey)
        print(f"one survey answer changed: {cost(command)}")
    finally:
        survey.write_bytes(before)
    print(f"    steps run: {', '.join(x['step'] for x in _lines(workspace)[len(lines) :])}")


def cost(command: list[str]) -> Cost:
    """Run a command to its end and measure its process tree. Raises CalledProcessError when it fails."""
    began, used = time.monotonic(), _children()
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(run, peak))
    watch.start()
    code = run.wait()
    watch.join()
    if code:
        raise subprocess.CalledProcessError(code, command)
    return Cost(time.monotonic() - began, _children() - used, peak[0])


def change_one_answer(path: Path) -> None:
    """One pupil answers one question one step higher or lower."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(r for r in rows if r["emo1"] in ("1", "2", "3", "4"))
    row["emo1"] = str(int(row["emo1"]) + 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _watch(run: subprocess.Popen[bytes], peak: list[float]) -> None:
    while run.poll() is None:
        peak[0] = max(peak[0], _megabytes(run.pid))
        time.sleep(0.2)


def _megabytes(root: int) -> float:
    """Resident memory of a process and all below it, from /proc."""
    parents: dict[int, int] = {}
    resident: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = dict(
                line.split(":", 1)
                for line in (entry / "status").read_text().splitlines()
                if ":" in line
            )
        except OSError:
            continue  # it ended while we looked
        parents[int(entry.name)] = int(fields["PPid"])
        resident[int(entry.name)] = int(fields.get("VmRSS", "0 kB").split()[0]) / 1024
    family = {root}
    while more := {p for p, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(resident.get(p, 0.0) for p in family)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _lines(workspace: Path) -> list[dict]:
    text = (workspace / "manifest.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _command() -> list[str]:
    return [sys.executable, "-m", "threecircles"]


if __name__ == "__main__":
    main()
