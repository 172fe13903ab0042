"""Kills a run with SIGKILL at random moments and compares what it released with a clean run's, byte for byte (S6).

    python benchmarks/killed.py --place hamlet --kills 20 --seed 1

The moments are drawn over the time of a clean run and taken in order: each kill hits the whole
process group, and the next run goes on from what the last one left. The last run ends by itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Moment:
    """A point of a run: so many seconds after the step began ("" = after the start of the program)."""

    step: str
    seconds: float


def main() -> int:
    """Print each kill, then whether the two releases are equal; exit code 1 when they are not."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--place", default="hamlet")
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _environment(home)
        subprocess.run([*_command(), "synth", given.place, "--out", home / "place"], check=True)
        differing = killed_and_clean(home / "place", home, given.kills, given.seed)
    print(
        f"{given.kills} kills; {len(differing)} files differ"
        + "".join(f"\n  {d}" for d in differing)
    )
    return 1 if differing else 0


def killed_and_clean(place: Path, home: Path, kills: int, seed: int) -> list[str]:
    """Names of the released files that differ between a clean run and one killed so often.

    home: a folder for the two workspaces. Raises CalledProcessError when a run that nobody kills fails.
    """
    clean, killed = home / "clean", home / "killed"
    subprocess.run([*_command(), "run", place, "--workspace", clean], check=True)
    for moment in moments(clean / "manifest.jsonl", kills, seed):
        print(_kill(place, killed, moment), flush=True)
    subprocess.run([*_command(), "run", place, "--workspace", killed], check=True)
    one, two = released(clean), released(killed)
    if not one:
        raise SystemExit("The clean run released nothing; there is nothing to compare.")
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


def moments(manifest: Path, kills: int, seed: int) -> list[Moment]:
    """Random moments of a run, in order, uniform over the seconds its steps took and its start-up."""
    lines = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    parts = [("", 2.0), *((line["step"], max(line["seconds"], 0.05)) for line in lines)]
    draw, found = random.Random(seed), []
    for at in sorted(draw.uniform(0, sum(s for _, s in parts)) for _ in range(kills)):
        left = at
        for step, seconds in parts:
            if left < seconds:
                found.append(Moment(step, left))
                break
            left -= seconds
    return found


def released(workspace: Path) -> dict[str, str]:
    """SHA-256 of every file in the release folder, by name."""
    files = sorted(p for p in (workspace / "release").rglob("*") if p.is_file())
    return {
        str(p.relative_to(workspace)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def _kill(place: Path, workspace: Path, moment: Moment) -> str:
    """Run until the moment, then kill the process group; says what was hit."""
    command = [str(part) for part in (*_command(), "run", place, "--workspace", workspace)]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert run.stderr is not None
    began, last = time.monotonic(), "the start"
    if moment.step:
        for line in run.stderr:
            last = line.strip()
            if f"] {moment.step}: " in line and ": done in" not in line:
                break
    time.sleep(moment.seconds)
    ended = run.poll() is not None
    if not ended:
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    run.stderr.close()
    where = moment.step or "the start"
    how = f"had ended already, after: {last}" if ended else f"killed {moment.seconds:.2f} s into it"
    return f"{where}: {how} ({time.monotonic() - began:.1f} s of running)"


def _command() -> list[str]:
    return [sys.executable, "-m", "threecircles"]


def _environment(home: Path) -> None:
    os.environ.update(THREECIRCLES_KEYS=str(home / "keys"), THREECIRCLES_LOGS=str(home / "logs"))


if __name__ == "__main__":
    raise SystemExit(main())
