"""Follows a published number back to file and field: without it a figure would have to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from threecircles.core.manifest import Entry
from threecircles.core.steps import Step


@dataclass(frozen=True)
class Link:
    """One step on the way: what it wrote, from which tables and files, by which definitions and code."""

    depth: int
    step: str
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    files: dict[str, str]
    definitions: dict[str, str]
    fields: dict[str, tuple[str, ...]]
    at: str


def trace(table: str, entries: dict[str, Entry]) -> list[Link]:
    """The steps behind a table, nearest first, each once; ends at received files.

    entries: the latest manifest entries by step. Columns of source tables are in `fields`.
    """
    links: list[Link] = []
    seen: set[str] = set()
    level = [table]
    depth = 0
    while level:
        makers = [
            e for t in level for e in entries.values() if t in e.outputs and e.step not in seen
        ]
        level = []
        for entry in makers:
            if entry.step in seen:
                continue
            seen.add(entry.step)
            links.append(_link(depth, entry, entries))
            level += list(entry.inputs)
        depth += 1
    return links


def _link(depth: int, entry: Entry, entries: dict[str, Entry]) -> Link:
    read = {
        t: other.outputs[t].columns
        for t in entry.inputs
        for other in entries.values()
        if t in other.outputs and t.startswith("sources.")
    }
    return Link(
        depth=depth,
        step=entry.step,
        writes=tuple(sorted(entry.outputs)),
        reads=tuple(sorted(entry.inputs)),
        files=entry.files,
        definitions=entry.definitions,
        fields=read,
        at=entry.at,
    )


def readers(table: str, steps: list[Step]) -> list[str]:
    """Names of the steps that read a table: how the catalogue knows that a field is used."""
    return [s.name for s in steps if any(fnmatchcase(table, r) for r in s.reads)]
