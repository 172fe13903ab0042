"""Finds the newest version of a payload table by name, for commands that ask outside a run."""

from __future__ import annotations

from pathlib import Path

import narwhals as nw

from threecircles.core import manifest
from threecircles.core.engines import Engine
from threecircles.core.workspace import Workspace


def payload_table(workspace: Workspace, engine: Engine, table: str) -> nw.LazyFrame | None:
    """The newest version of a payload table, or None where no run has written it."""
    for entry in manifest.latest(workspace.manifest).values():
        if entry.written_side == "payload" and table in entry.outputs:
            folder: Path = workspace.steps("payload") / entry.step / entry.key[:16]
            return engine.scan(folder / f"{table}.parquet")
    return None
