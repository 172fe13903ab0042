"""Small lists in sealed files of the identity side: without it each list would seal itself its own way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from threecircles.core import keys
from threecircles.core.workspace import Workspace, write_bytes


def read_lines(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """The lines of the list, none when nobody has written it."""
    path = _path(workspace, name)
    if not path.exists():
        return []
    found: list[dict[str, Any]] = json.loads(keys.unseal(path.read_bytes(), workspace.key(), name))
    return found


def write_lines(workspace: Workspace, name: str, lines: list[dict[str, Any]]) -> None:
    """Replace the list."""
    sealed = keys.seal(json.dumps(lines, sort_keys=True).encode(), workspace.key(), name)
    write_bytes(_path(workspace, name), sealed)


def _path(workspace: Workspace, name: str) -> Path:
    return workspace.path / "identity" / "store" / f"{name}.sealed"
