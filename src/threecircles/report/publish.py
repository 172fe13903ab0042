"""Copies a released pack to where people can read it: only what the release desk let out can be copied."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.report.kit import write_kit

SITE = Path("release") / "site"
COPIES = "copies.jsonl"
"""In the workspace: one line for each copy made, so that a withdrawal knows what to take down."""


def released_folder(pack: str, demonstrations: Path = Path("demo")) -> Path:
    """The released pages of a workspace, a place folder or a demonstration place by its name.

    Raises UsageError when nothing is released there.
    """
    given = Path(pack)
    tried = (given, given / "workspace", demonstrations / pack / "workspace")
    for workspace in tried:
        if (workspace / SITE / "pack.json").is_file():
            return workspace / SITE
    raise UsageError(
        "Nothing is released there.",
        where=pack,
        allowed="a workspace, a place folder, or the name of a place under demo/",
        mend="Run it first (threecircles demo --place borough --out demo/borough), or see `threecircles release list`.",
    )


def publish(
    released: Path, out: Path, *, kit: bool = False, edits: Path | None = None
) -> list[Path]:
    """Every released file below `out`, byte for byte, and the kit in `out/kit` when asked.

    Returns the files written, in order of their names. Raises UsageError when `out` holds something else.
    """
    if out.exists() and any(out.iterdir()) and not (out / "pack.json").is_file():
        raise UsageError(
            "The folder holds something else.",
            where=str(out),
            mend="Name a new folder with --static.",
        )
    if out.exists():
        shutil.rmtree(out)
    shutil.copytree(released, out)
    if kit:
        write_kit(released, out / "kit", edits)
    files = sorted(p for p in out.rglob("*") if p.is_file())
    _remember(released, out, files)
    return files


def copies(workspace: Path) -> list[tuple[str, list[str]]]:
    """Copies made of what a workspace released, oldest first: folder, and the files in it."""
    path = workspace / COPIES
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line["folder"], line["files"]) for line in lines]


def _remember(released: Path, out: Path, files: list[Path]) -> None:
    line = {"folder": str(out.resolve()), "files": [str(f.relative_to(out)) for f in files]}
    workspace = released.parents[1]
    with (workspace / COPIES).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
