"""The attacker on workspaces' own releases: their tables say what they count, so nothing has to be guessed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from threecircles.core import manifest
from threecircles.core.errors import UsageError
from threecircles.disclosure.attack_release import Leak, attack_safe
from threecircles.disclosure.release import Safe, load_safe


@dataclass(frozen=True)
class OwnAttack:
    """tables: ids attacked together. releases: whose they are, in words. figures, hidden: counts of cells. leaks: hidden figures that follow exactly."""

    tables: tuple[str, ...]
    figures: int
    hidden: int
    leaks: tuple[Leak, ...]
    releases: str = "this workspace's release"

    def safe(self) -> bool:
        """True when nothing is given away."""
        return not self.leaks

    def to_json(self) -> str:
        """The whole report as JSON."""
        return json.dumps(asdict(self) | {"exact": len(self.leaks), "safe": self.safe()}, indent=1)

    def text(self) -> str:
        """The report in words."""
        lines = [
            f"{len(self.tables)} tables of {self.releases}, {self.figures:,} cells, {self.hidden:,} hidden.",
            f"{len(self.leaks):,} hidden cells can be worked out exactly from all of them together.",
        ]
        for leak in self.leaks[:20]:
            group = ", ".join(f"{d} {v}" for d, v in leak.group) or "all"
            lines.append(f"  {leak.quantity} of {group} ({leak.children}) is {leak.value:g}")
        return "\n".join(lines)


def workspaces_of(paths: Sequence[Path]) -> list[Path]:
    """The workspaces that are asked about, each by itself, its release, or the site in that; none when one is no such folder."""
    found = [_workspace_of(p) for p in paths]
    known = [w for w in found if w is not None]
    return known if len(known) == len(found) else []


def _workspace_of(path: Path) -> Path | None:
    if not path.is_dir():
        return None
    asked = path.resolve()
    known = {asked: asked, asked.parent: asked.parent / "release", asked.parent.parent: asked.parent.parent / "release" / "site"}  # fmt: skip
    return next((w for w, f in known.items() if f == asked and (w / "workspace.json").exists()), None)  # fmt: skip


def attack_workspaces(workspaces: Sequence[Path]) -> OwnAttack:
    """Every hidden figure of the newest protected tables that follows exactly from all that they show together.

    workspaces: one, or several of one place, a run of each year. Raises UsageError when nothing was
    protected in one of them yet.
    """
    several = len(workspaces) > 1
    tables = [t for w in workspaces for t in _newest(w)]
    return OwnAttack(
        tuple(t.spec.id for t in tables),
        sum(t.frame.height for t in tables),
        sum(int(t.frame.select((pl.col("symbol") == "[c]").sum()).item()) for t in tables),
        tuple(attack_safe(tables)),
        f"{len(workspaces)} releases" if several else "this workspace's release",
    )


def _newest(workspace: Path) -> list[Safe]:
    newest = manifest.latest(workspace / "manifest.jsonl").get("disclosure.protect")
    folder = (
        workspace / "steps" / "disclosure.protect" / (newest.key[:16] if newest else "") / "out"
    )
    if newest is None or not folder.is_dir():
        raise UsageError(
            "Nothing was protected in this workspace yet.", where=workspace.name,
            mend="Run the place first: threecircles run PLACE --workspace W.",
        )  # fmt: skip
    return load_safe(folder)
