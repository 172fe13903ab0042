"""The attacker on a workspace's own release: its tables say what they count, so nothing has to be guessed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from threecircles.core import manifest
from threecircles.core.errors import UsageError
from threecircles.disclosure.attack_release import Leak, attack_safe
from threecircles.disclosure.release import load_safe


@dataclass(frozen=True)
class OwnAttack:
    """tables: ids attacked together. figures, hidden: counts of cells. leaks: hidden figures that follow exactly."""

    tables: tuple[str, ...]
    figures: int
    hidden: int
    leaks: tuple[Leak, ...]

    def safe(self) -> bool:
        """True when nothing is given away."""
        return not self.leaks

    def to_json(self) -> str:
        """The whole report as JSON."""
        return json.dumps(asdict(self) | {"exact": len(self.leaks), "safe": self.safe()}, indent=1)

    def text(self) -> str:
        """The report in words."""
        lines = [
            f"{len(self.tables)} tables of this workspace's release, {self.figures:,} cells, {self.hidden:,} hidden.",
            f"{len(self.leaks):,} hidden cells can be worked out exactly from all of them together.",
        ]
        for leak in self.leaks[:20]:
            group = ", ".join(f"{d} {v}" for d, v in leak.group) or "all"
            lines.append(f"  {leak.quantity} of {group} ({leak.children}) is {leak.value:g}")
        return "\n".join(lines)


def workspace_of(paths: Sequence[Path]) -> Path | None:
    """The workspace that is asked about: one folder, which is it, its release, or the site in that; else None."""
    if len(paths) != 1 or not paths[0].is_dir():
        return None
    asked = paths[0].resolve()
    known = {asked: asked, asked.parent: asked.parent / "release", asked.parent.parent: asked.parent.parent / "release" / "site"}  # fmt: skip
    return next((w for w, f in known.items() if f == asked and (w / "workspace.json").exists()), None)  # fmt: skip


def attack_workspace(workspace: Path) -> OwnAttack:
    """Every hidden figure of the newest protected tables that follows exactly from all that they show.

    Raises UsageError when nothing was protected in the workspace yet.
    """
    newest = manifest.latest(workspace / "manifest.jsonl").get("disclosure.protect")
    folder = (
        workspace / "steps" / "disclosure.protect" / (newest.key[:16] if newest else "") / "out"
    )
    if newest is None or not folder.is_dir():
        raise UsageError(
            "Nothing was protected in this workspace yet.", where=workspace.name,
            mend="Run the place first: threecircles run PLACE --workspace W.",
        )  # fmt: skip
    tables = load_safe(folder)
    return OwnAttack(
        tuple(t.spec.id for t in tables),
        sum(t.frame.height for t in tables),
        sum(int(t.frame.select((pl.col("symbol") == "[c]").sum()).item()) for t in tables),
        tuple(attack_safe(tables)),
    )
