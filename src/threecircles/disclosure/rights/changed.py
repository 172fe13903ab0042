"""Which numbers a no, a correction or an erasure moves: without it nobody could tell what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose

import polars as pl

from threecircles.core import manifest
from threecircles.core.steps import Step
from threecircles.core.tables import read_measured
from threecircles.core.workspace import Workspace
from threecircles.disclosure.rights.held import stored

FIGURES = ("value", "low", "high", "numerator", "denominator", "n")
SUMMED = 1e-12
"""Fractions added up in another order differ by less than this; one child more or less moves any figure by more."""


@dataclass(frozen=True, order=True)
class Changed:
    """One number that is no longer what it was: its table, its cell in words, and its figures' names.

    The values are not told: before and after together are the child's own.
    """

    table: str
    title: str
    cell: str
    figures: tuple[str, ...]


def measured(workspace: Workspace) -> dict[str, tuple[str, pl.DataFrame]]:
    """Every measured table of the last run: id -> title and frame."""
    found = {}
    for item in stored(workspace):
        if item.measured:
            table = read_measured(item.path)
            found[item.name] = (table.spec.title, table.frame)
    return found


def changed(
    before: Mapping[str, tuple[str, pl.DataFrame]], after: Mapping[str, tuple[str, pl.DataFrame]]
) -> list[Changed]:
    """Numbers that differ between two states of the measured tables, cell by cell."""
    found: list[Changed] = []
    for name in sorted(before.keys() | after.keys()):
        title = (before.get(name) or after[name])[0]
        old, new = (_cells(side[name][1]) if name in side else {} for side in (before, after))
        for cell in sorted(old.keys() | new.keys()):
            one, other = old.get(cell, {}), new.get(cell, {})
            figures = tuple(f for f in FIGURES if not _same(one.get(f), other.get(f)))
            if figures:
                found.append(Changed(name, title, cell, figures))
    return found


def _same(one: object, other: object) -> bool:
    """Equal, or told apart only by the order in which an engine added fractions up, which is not fixed."""
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=SUMMED, abs_tol=SUMMED)
    return one == other


def depending(workspace: Workspace, steps: list[Step], purpose: str) -> list[str]:
    """Measured tables that a purpose feeds, by lineage: what an objection to it would make anew."""
    entries = manifest.latest(workspace.manifest)
    touched: list[Step] = [s for s in steps if s.purpose == purpose]
    for step in steps:
        if step not in touched and any(t.feeds(step) for t in touched):
            touched.append(step)
    names = [
        n
        for s in touched
        if s.name in entries
        for n, o in entries[s.name].outputs.items()
        if o.measured
    ]
    return sorted(names)


def _cells(frame: pl.DataFrame) -> dict[str, dict[str, object]]:
    words = [
        c for c in frame.columns if frame.schema[c] == pl.String and c not in ("reason", "symbol")
    ]
    found: dict[str, dict[str, object]] = {}
    for row in frame.iter_rows(named=True):
        cell = ", ".join(f"{c} {row[c]}" for c in words if row[c] is not None)
        found[cell] = {f: row[f] for f in FIGURES if f in frame.columns}
    return found
