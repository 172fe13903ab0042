"""What a team's recording was used for: without it those who write would never learn that somebody reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.core import manifest
from threecircles.core.workspace import Workspace
from threecircles.disclosure.release import Safe, read_safe

PROTECT, PACK = "disclosure.protect", "report.pack"


@dataclass(frozen=True)
class Use:
    """One released table that rests on a source: its title and where it can be read."""

    title: str
    href: str


def released_tables(workspace: Workspace) -> list[Safe]:
    """The protected tables that stand in the present release; none before the first release."""
    entry = manifest.latest(workspace.manifest).get(PROTECT)
    data = workspace.path / "release" / "site" / "data"
    if entry is None or not data.is_dir():
        return []
    found = read_safe(workspace.steps("payload") / PROTECT / entry.key[:16] / "out")
    return [s for s in found if (data / f"{s.spec.id}.csv").exists()]


def used_for(tables: Sequence[Safe], sources: Sequence[str]) -> list[Use]:
    """Tables that rest on any of these sources, by title."""
    mine = [s for s in tables if set(s.spec.sources) & set(sources)]
    uses = {Use(s.spec.title, f"/lineage/{s.spec.id}.html") for s in mine}
    return sorted(uses, key=lambda use: use.title)


def released_on(workspace: Workspace) -> str:
    """The day on which the pack of the present release was made; blank where there is none."""
    entry = manifest.latest(workspace.manifest).get(PACK)
    return entry.at[:10] if entry is not None and (workspace.path / "release").is_dir() else ""


def findings_of(tables: Sequence[Safe], returns: Sequence[str]) -> list[tuple[str, str, str]]:
    """Rules that these returns break: code, title, how often, in the order of codes; a hidden count as its symbol."""
    rules = next((s for s in tables if s.spec.id == "quality-rules"), None)
    if rules is None:
        return []
    titles = next(d.labels for d in rules.spec.dimensions if d.column == "rule")
    told = []
    for row in rules.frame.to_dicts():
        rule, found = str(row["rule"]), row["value"]
        if (
            row["measure"] == "findings"
            and row["return"] in returns
            and rule in titles
            and found != 0
        ):
            told.append((rule, titles[rule], row["symbol"] or f"{found or 0:,.0f}"))
    return sorted(set(told))
