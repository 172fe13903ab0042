"""disclosure A5: reports of 60 schools, every figure taken together, and each rule taken away in turn."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from threecircles.disclosure import protect_file as module
from threecircles.disclosure.attack_files import attack_files
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.protect_file import protect_file

SCHOOLS = 60
ANSWERS = ("never", "some of the time", "most of the time")
HEADER = ["school", "free meals", "answer", "pupils", "percent"]


def write_reports(folder: Path, schools: int, seed: int = 5) -> Path:
    "Pupils by school, free school meals and answer, with all totals within schools and percentages."
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(schools):
        groups = [rng.multinomial(int(rng.integers(4, 40)), [0.1, 0.3, 0.6]) for _ in range(2)]
        for meals, counts in (
            ("yes", groups[0]),
            ("no", groups[1]),
            ("All", groups[0] + groups[1]),
        ):
            base = int(counts.sum())
            rows += [
                (f"school {s}", meals, a, int(n), f"{100 * n / base:.1f}")
                for a, n in zip(ANSWERS, counts, strict=True)
            ]
            rows.append((f"school {s}", meals, "All", base, "100.0"))
    path = folder / "reports.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def violations(full: Path, safe: Path) -> set[str]:
    "Which promises of the profile the safe copy breaks, judged from the two files alone."
    with full.open() as one, safe.open() as two:
        pairs = list(zip(list(csv.DictReader(one)), list(csv.DictReader(two)), strict=True))
    found = set()
    shown = {
        (a["school"], a["free meals"], a["answer"]): int(a["pupils"])
        for a, b in pairs
        if b["pupils"] != "c"
    }
    percent = {(a["school"], a["free meals"], a["answer"]) for a, b in pairs if b["percent"] != "c"}
    truth = {(a["school"], a["free meals"], a["answer"]): int(a["pupils"]) for a, _ in pairs}
    if any(1 <= n <= 9 for n in shown.values()):
        found.add("a small count is shown")
    if any(key not in shown for key in percent):
        found.add("a percentage is shown beside a hidden count")
    for (school, meals, answer), n in shown.items():
        total = truth[school, meals, "All"]
        if answer != "All" and 0 < total < 50 and n in (0, total):
            found.add("nobody or everybody of a group is shown to have answered so")
        for whole in ((school, meals, "All"), (school, "All", answer)):
            if whole in shown and 1 <= shown[whole] - n <= 9:
                found.add("what is left over is small")
    report = attack_files([safe])
    small = {k for k, n in truth.items() if 1 <= n <= 9}
    for f in report.hidden:
        key = (
            f.group.get("school", "All"),
            f.group.get("free meals", "All"),
            f.group.get("answer", "All"),
        )
        if key in small and (f.exact or (f.width is not None and f.width < 3)):
            found.add("a small count can be worked out")
    return found


def protected(folder: Path, schools: int = 10, **changed: object) -> set[str]:
    full = write_reports(folder, schools)
    rule = replace(profile("school-report"), **changed)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "profile", lambda named: rule)
        protect_file(full, "school-report", folder / "safe.csv", sensitive=["answer"])
    return violations(full, folder / "safe.csv")


def test_nothing_comes_back_from_the_reports_of_sixty_schools(tmp_path):
    """disclosure A5."""
    assert protected(tmp_path, SCHOOLS) == set()


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"hide_to": 4}, "a small count is shown"),
        ({"secondary": False}, "a small count can be worked out"),
        ({"complement": False}, "what is left over is small"),
        ({"every_complement": False}, "what is left over is small"),
        (
            {"group_disclosure": False},
            "nobody or everybody of a group is shown to have answered so",
        ),
        ({"group_full_min": 5}, "nobody or everybody of a group is shown to have answered so"),
        ({"min_width": 0.0}, "a small count can be worked out"),
    ],
)
def test_each_rule_is_needed(tmp_path, changed, broken):
    """disclosure A5: with any one rule taken away the judge finds what it kept."""
    assert broken in protected(tmp_path, **changed)


def test_percentages_go_with_their_counts(tmp_path, monkeypatch):
    """disclosure A5: the rule that a percentage shares its count's fate is needed too."""
    monkeypatch.setattr(module, "_shares", lambda *_: {})
    assert "a percentage is shown beside a hidden count" in protected(tmp_path)
