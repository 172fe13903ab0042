"""A place that was run: what tests of the whole run ask of it, and what they change."""

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from threecircles import pipeline
from threecircles.core import manifest


@dataclass(frozen=True)
class Run:
    """A place and the workspace it was run into."""

    place: Path
    workspace: Path

    def lines(self) -> list[dict]:
        """The manifest, oldest line first."""
        text = (self.workspace / "manifest.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def again(self) -> list[str]:
        """Run once more; the names of the steps that ran."""
        before = len(self.lines())
        pipeline.run(self.place, self.workspace)
        return [line["step"] for line in self.lines()[before:]]

    def entries(self) -> dict[str, manifest.Entry]:
        """The newest manifest line of each step."""
        return manifest.latest(self.workspace / "manifest.jsonl")

    def output(self, step: str) -> Path:
        """The folder of a payload step's newest output."""
        return self.workspace / "steps" / step / self.entries()[step].key[:16]

    def pack(self) -> Path:
        """The folder that would be, or was, released."""
        return self.output("report.pack") / "out"

    def copy(self, to: Path) -> "Run":
        """The same place and workspace elsewhere, to be changed without harm to other tests."""
        shutil.copytree(self.place, to / "place")
        shutil.copytree(self.workspace, to / "workspace")
        return Run(to / "place", to / "workspace")


def change_one_answer(place: Path) -> None:
    """One pupil answers one question otherwise."""
    path = next((place / "received").glob("survey_pupils_*.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    answered = next(r for r in rows if r["status"] == "completed" and r["emo1"] in ("1", "2", "3"))
    answered["emo1"] = str(int(answered["emo1"]) + 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
