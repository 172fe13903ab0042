"""What the desk finds by itself before a person looks: without it a checker would see pages, not leaks."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from threecircles.core import manifest
from threecircles.core.errors import NotPermitted
from threecircles.core.workspace import Workspace, open_workspace
from threecircles.disclosure import ledger
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.quotes import unread
from threecircles.disclosure.release import Safe, load_safe

PROTECT = "disclosure.protect"


@dataclass(frozen=True)
class Report:
    """The automatic part of a check.

    profiles: table -> profile and version. leaks: hidden figures that follow from the release alone.
    ledger: what it tells beside everything released. changes: cells that differ from the release
    shown now. named: files in which a child is named; None when names could not be looked for.
    free_text: files that hold words of people. microdata: files with a row for each person.
    """

    profiles: dict[str, str]
    leaks: tuple[str, ...]
    ledger: tuple[str, ...]
    changes: tuple[str, ...]
    named: tuple[str, ...] | None
    free_text: tuple[str, ...]
    microdata: tuple[str, ...]
    unread: tuple[str, ...] = ()

    @property
    def safe(self) -> bool:
        """True when nothing found stands against the release."""
        return not (self.leaks or self.ledger or self.named or self.microdata or self.unread)

    def text(self) -> str:
        """The report in words."""
        rules = sorted(set(self.profiles.values()))
        lines = [f"{len(self.profiles)} tables under {', '.join(rules) or 'no profile'}."]
        lines += _listed("Hidden figures that can be worked out", self.leaks)
        lines += _listed("What it tells beside earlier releases", self.ledger)
        lines += _listed("Changes since the release that is shown now", self.changes)
        lines += (
            ["Names were not looked for: the key of the identity side is not here."]
            if self.named is None
            else _listed("Files that name a child", self.named)
        )
        lines += _listed("Files with words of people", self.free_text)
        lines += _listed("Quotes that two people have not read", self.unread)
        lines += _listed("Files with a row for each person", self.microdata)
        return "\n".join(lines)

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps(asdict(self) | {"safe": self.safe}, ensure_ascii=False, indent=1)


def report(workspace: Workspace, folder: Path, shown: str = "") -> Report:
    """Attack a folder that asks to be released, and hold it against the ledger and the names of children.

    shown: the release that readers see now.
    """
    tables = released_tables(workspace, folder)
    found, sums = ledger.safe_entries(tables)
    leaks = [
        f"{x.quantity} of {', '.join(f'{d} {v}' for d, v in x.group) or 'all'} is {x.value:g}"
        for x in attack_safe(tables)
    ]
    beside = (
        ledger.check(workspace.path, found, sums)
        if ledger.known(workspace.path) and found
        else None
    )
    return Report(
        {t.spec.id: f"{t.profile}@{t.profile_version}" for t in tables},
        tuple(leaks), beside.leaks if beside and beside.tables else (),
        tuple(ledger.differences(workspace.path, shown, found)) if shown else (),
        _named(workspace, folder), _free_text(folder), _microdata(folder),
        tuple(unread(workspace.path, _quoted(folder))),
    )  # fmt: skip


def released_tables(workspace: Workspace, folder: Path) -> list[Safe]:
    """The safe tables that a folder shows: those whose data file lies in it."""
    entry = manifest.latest(workspace.manifest).get(PROTECT)
    if entry is None:
        return []
    safe = workspace.steps("payload") / entry.step / entry.key[:16] / "out"
    stems = {p.stem for p in folder.rglob("*") if p.is_file()} | {folder.name}
    return [t for t in load_safe(safe) if t.spec.id in stems] if safe.is_dir() else []


def _named(workspace: Workspace, folder: Path) -> tuple[str, ...] | None:
    from threecircles.disclosure.scan import STEP, names_of, scan

    if STEP not in manifest.latest(workspace.manifest):
        return ()
    try:
        names = names_of(open_workspace(workspace.path, "identity"))
    except NotPermitted:
        return None
    return tuple(f"{s.file}: {s.kind}, {s.times} times" for s in scan(folder, names))


def _free_text(folder: Path) -> tuple[str, ...]:
    """Files that carry quotes: they need a person's reading and the quotes route."""
    return tuple(
        p.relative_to(folder).as_posix()
        for p in sorted(folder.rglob("*"))
        if "quote" in p.stem.lower() and p.is_file()
    )


def _quoted(folder: Path) -> list[str]:
    """The quotes in such files: the column `quote` of a table, else each line of a text."""
    found: list[str] = []
    for name in _free_text(folder):
        path = folder / name
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                found += [
                    r.get("quote") or " ".join(filter(None, r.values()))
                    for r in csv.DictReader(file)
                ]
        elif path.suffix.lower() in (".txt", ".md"):
            found += path.read_text(encoding="utf-8").splitlines()
        else:
            found.append(f"{name}: a kind of file whose quotes cannot be read one by one")
    return found


def _microdata(folder: Path) -> tuple[str, ...]:
    """Tables with a column that numbers persons."""
    found = []
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8", errors="ignore") as file:
            header = {h.strip().strip('"').lower() for h in file.readline().split(",")}
        if header & {"person_id", "project_id", "upn", "nhs_number", "lachildid", "child_id"}:
            found.append(path.relative_to(folder).as_posix())
    return tuple(found)


def _listed(title: str, items: Sequence[str]) -> list[str]:
    if not items:
        return [f"{title}: none."]
    more = [f"  and {len(items) - 20} more"] if len(items) > 20 else []
    return [f"{title}: {len(items)}.", *(f"  {x}" for x in items[:20]), *more]
