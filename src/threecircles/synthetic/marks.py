"""Says in the names of files that their data are made up: without it one sent on alone could be taken for real."""

from __future__ import annotations

from pathlib import Path, PurePath

MARK = "made-up-data"
_NO_ROOM = (".csv", ".txt")
"""Formats that have no place for a note; XML, workbooks and GeoJSON carry theirs inside."""


def marked(name: str) -> str:
    """The name of a text file with the mark before its suffix; a pattern or another format stays as it is.

    (`early_help.csv` becomes `early_help_made-up-data.csv`.)
    """
    path = PurePath(name)
    if path.suffix not in _NO_ROOM or "*" in name or path.stem.endswith(MARK):
        return name
    return path.with_name(f"{path.stem}_{MARK}{path.suffix}").as_posix()


def mark_files(folder: Path) -> None:
    """Give every text file in a folder and below it its marked name."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        path.rename(path.with_name(marked(path.name)))
