"""Who looked, at whom and why: without it the log would be a proof that nobody can read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from threecircles.disclosure import audit


@dataclass(frozen=True)
class Look:
    """One line of the log about a child or about tables of children."""

    seq: int
    at: str
    actor: str
    action: str
    resource: str
    purpose: str
    basis: str
    policies: tuple[str, ...]
    allowed: bool


def looks(workspace: Path, *, person: str = "", actor: str = "", month: str = "") -> list[Look]:
    """Lines of identifiable actions, newest first. person: an id; month: yyyy-mm."""
    found = []
    for line in audit.lines(workspace):
        about = _about(str(line["resource"]))
        if line["action"] not in audit.IDENTIFIABLE or (person and person not in about):
            continue
        if (actor and line["actor"] != actor) or not line["at"].startswith(month):
            continue
        found.append(
            Look(line["seq"], line["at"], line["actor"], line["action"], line["resource"], line["purpose"],
                 line["basis"], tuple(line["policy"]), line["decision"] == "allow")
        )  # fmt: skip
    return found[::-1]


def _about(resource: str) -> set[str]:
    """The ids in `person:ID`, `table:a,b` or `person:person:ID`, whichever door wrote the line."""
    return {part.rpartition(":")[2] for part in resource.split(",")}


def unexplained(workspace: Path) -> list[int]:
    """Numbers of identifiable reads without actor, purpose, basis or policy: there must be none."""
    return [
        x.seq for x in looks(workspace)
        if x.allowed and not (x.actor and x.purpose and x.basis and x.policies)
    ]  # fmt: skip


def counts(workspace: Path) -> list[tuple[str, str, int, int]]:
    """(purpose, action, allowed, refused), for the public page: how often, never who."""
    found = Counter((x.purpose, x.action, x.allowed) for x in looks(workspace))
    pairs = sorted({(p, a) for p, a, _ in found})
    return [(p, a, found[p, a, True], found[p, a, False]) for p, a in pairs]
