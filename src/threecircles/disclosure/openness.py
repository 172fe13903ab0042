"""What anybody may know of what is held and done: trust is given to those who show their books."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from threecircles.core import manifest
from threecircles.core.workspace import open_workspace
from threecircles.disclosure import agreements, desk, immigration, state, who_looked
from threecircles.disclosure.purposes import ForbiddenPurpose, forbidden, purposes
from threecircles.disclosure.rights.retention import schedules


@dataclass(frozen=True, kw_only=True)
class Openness:
    """The public account of a place: counts and sentences, nobody in it."""

    place: str
    fictitious: bool
    held: tuple[tuple[str, str, str], ...]
    purposes: tuple[tuple[str, str, str], ...]
    never: tuple[ForbiddenPurpose, ...]
    looks: tuple[tuple[str, str, int, int], ...]
    releases: tuple[tuple[str, str, str], ...]
    refused: int
    immigration_asked: int
    immigration_refused: int
    requests: int
    breaches: tuple[tuple[str, str], ...]
    shared_with: tuple[tuple[str, str], ...]


def openness(folder: Path) -> Openness:
    """The account of a workspace as it stands now."""
    workspace = open_workspace(folder)
    known, keep, local = agreements.flows(folder), schedules(), folder / "forbidden.yaml"
    asked = immigration.counts(folder)
    released = desk.releases(workspace)
    label = json.loads((folder / "workspace.json").read_text())["label"] or "This place"
    return Openness(
        place=label, fictitious=workspace.fictitious,
        held=tuple((s.replace("-", " "), known[s].giver if s in known else "not said", f"{keep.get(s, keep['*']).months // 12} years") for s in _sources(folder)),
        purposes=tuple((p.label, p.description, p.source) for p in purposes().values()),
        never=tuple(forbidden(local if local.exists() else None).values()),
        looks=tuple((p.replace("_", " "), a.replace("_", " "), yes, no) for p, a, yes, no in who_looked.counts(folder)),
        releases=tuple((r.title, r.audience, r.state) for r in released),
        refused=sum(r.state == "refused" for r in released),
        immigration_asked=asked.asked, immigration_refused=asked.refused,
        requests=len(state.rows(folder, "SELECT id FROM rights_request")),
        breaches=tuple((r["day"], r["told"]) for r in state.rows(folder, "SELECT day, told FROM breach ORDER BY day")),
        shared_with=tuple((a.label, ", ".join(p.label for p in a.parties)) for a in agreements.agreements(folder) if a.status == "in force"),
    )  # fmt: skip


def _sources(folder: Path) -> list[str]:
    """Ids of the sources taken up, from the deliveries' steps and the definitions they rest on."""
    found = set()
    for entry in manifest.latest(folder / "manifest.jsonl").values():
        if entry.step.startswith("sources."):
            found |= {Path(d).stem for d in entry.definitions if d.startswith("sources/")}
    return sorted(found)
