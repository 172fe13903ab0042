"""Where a made-up place is written: without it a slip of the pen could wipe a folder of somebody's own files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from threecircles.core.errors import UsageError


@contextmanager
def fresh(out: Path | str) -> Iterator[Path]:
    """A folder to write into, which takes the place of `out` at the end; nothing is left behind on failure.

    An earlier made-up place at `out` is replaced. Raises UsageError when `out` is a file or holds anything
    else, and when the disk is full or may not be written.
    """
    target = Path(out)
    refuse_others(target)
    aside = target.with_name(f"{target.name}.part")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
    except OSError as error:
        raise UsageError(
            "The place could not be written.", where=str(target), found=error.strerror or str(error),
            mend="Free some space (a county needs about 500 MB), or name another folder with --out.",
        ) from error  # fmt: skip
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def refuse_others(target: Path) -> None:
    """Raise UsageError where writing a place would take something of somebody's away."""
    if not target.name or target.name == "..":
        raise UsageError("Name a folder of its own for the place.", where=str(target))
    if target.exists() and not target.is_dir():
        raise UsageError("There is a file of that name.", where=str(target), mend="Name a folder.")
    if target.exists() and any(target.iterdir()) and not is_made_up(target):
        raise UsageError(
            "The folder holds files that are no made-up place; they would be lost.",
            where=str(target), mend="Name a new folder, or an earlier made-up place to replace.",
        )  # fmt: skip


def is_made_up(folder: Path) -> bool:
    """Whether the folder was written by this room: its manifest says so."""
    try:
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return isinstance(told, dict) and told.get("note") == "made-up data"
    except (OSError, ValueError):
        return False
