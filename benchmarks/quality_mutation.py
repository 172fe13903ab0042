"""Every rule's SQL done small wrongs: without it nobody would know which rules no example watches (quality A29).

    PYTHONPATH=. python benchmarks/quality_mutation.py [--return 903] [--minutes 9] [--kept FILE] [--survivors FILE]

Runs in parts: verdicts are kept, line by line, in the file --kept; a call goes on where the last one ended and
stops after --minutes, so call it until it says that all are judged. A rule that has changed is judged again.
--survivors writes the changes that no example notices, with the reasons given in that file before; one
without a reason is what is left to do. Prints, per return, changes noticed of those tried.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
from collections import Counter
from pathlib import Path

from tests.quality.mutants import Mutant, mutants, noticed

from threecircles.quality.database import database
from threecircles.quality.rulebook import RETURNS, all_versions

HEADS = ("return", "code", "year", "mode", "change", "reason")
VERDICTS = {True: "noticed", False: "unnoticed", None: "no sql"}


def fingerprint(mutant: Mutant) -> str:
    """Changes with the rule's SQL and examples."""
    return hashlib.sha256(repr(mutant.rule).encode()).hexdigest()[:16]


def kept_verdicts(path: Path) -> dict[str, str]:
    """Fingerprint -> verdict of earlier calls."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {told["is"]: told["verdict"] for told in map(json.loads, lines)}


def judge(chosen: list[Mutant], path: Path, minutes: float) -> dict[str, str]:
    """Verdicts by fingerprint; each is written as soon as it is known."""
    known, ends = kept_verdicts(path), time.monotonic() + 60 * minutes
    with path.open("a", encoding="utf-8") as lines, database() as connection:
        for mutant in chosen:
            mark = fingerprint(mutant)
            if mark in known:
                continue
            if time.monotonic() > ends:
                break
            known[mark] = VERDICTS[noticed(mutant, connection)]
            lines.write(json.dumps({"is": mark, "verdict": known[mark]}) + "\n")
    return known


def write_survivors(survivors: list[Mutant], path: Path) -> int:
    """The survivors with the reasons already given; how many lack one."""
    reasons: dict[tuple[str, ...], str] = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as lines:
            reasons = {tuple(r[h] for h in HEADS[:-1]): r["reason"] for r in csv.DictReader(lines)}
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(HEADS)
        writer.writerows([*m.name, reasons.get(m.name, "")] for m in survivors)
    return sum(not reasons.get(m.name) for m in survivors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--return", dest="return_name", choices=list(RETURNS), action="append")
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--kept", type=Path, default=Path("mutation.jsonl"))
    parser.add_argument("--survivors", type=Path)
    told = parser.parse_args()
    names = told.return_name or list(RETURNS)
    every = [m for name in names for rule in all_versions(name) for m in mutants(rule)]
    verdicts = judge(every, told.kept, told.minutes)
    counted = Counter(
        (m.rule.return_, verdicts.get(fingerprint(m), "not tried yet")) for m in every
    )
    for name in names:
        hit, missed = counted[name, "noticed"], counted[name, "unnoticed"]
        rest = "; ".join(
            f"{counted[name, w]} {w}" for w in ("no sql", "not tried yet") if counted[name, w]
        )
        print(f"{name}: {hit} of {hit + missed} noticed ({hit / max(hit + missed, 1):.1%}). {rest}")
    if told.survivors:
        left = [m for m in every if verdicts.get(fingerprint(m)) == "unnoticed"]
        print(f"{len(left)} survivors, {write_survivors(left, told.survivors)} without a reason")
    sys.exit(any(state == "not tried yet" for _, state in counted))


if __name__ == "__main__":
    main()
