"""One line per step run: without it nobody could follow a published number back to file and field."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Output:
    """A table a step wrote: SHA-256 of its content, rows, columns, and whether it has a specification."""

    hash: str
    rows: int
    columns: tuple[str, ...]
    measured: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one run of a step depended on and gave. All hashes are SHA-256, shortened where only compared."""

    step: str
    key: str
    side: str
    written_side: str
    inputs: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    params: str = ""
    outputs: dict[str, Output] = field(default_factory=dict)
    seconds: float = 0.0
    at: str = ""
    version: str = ""
    definition_folders: tuple[str, ...] = ()


def append(path: Path, entry: Entry) -> None:
    """Add a line; one write, so that a killed run leaves whole lines."""
    line = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True) + "\n"
    with path.open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def latest(path: Path) -> dict[str, Entry]:
    """The last entry of each step, by step name. A torn last line is passed over."""
    entries: dict[str, Entry] = {}
    if path.exists():
        for line in path.read_bytes().splitlines():
            entry = from_json(line)
            if entry is not None:
                entries[entry.step] = entry
    return entries


def from_json(text: bytes | str) -> Entry | None:
    """An entry from its JSON; None when the text was cut."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError:
        return None
    outputs = {
        k: Output(**{**v, "columns": tuple(v["columns"])}) for k, v in raw["outputs"].items()
    }
    return Entry(
        **{**raw, "outputs": outputs, "definition_folders": tuple(raw["definition_folders"])}
    )
