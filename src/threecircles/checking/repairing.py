"""Repairs kept in a folder: proposed, accepted by a named person, undone to the byte."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.workspace import write_bytes
from threecircles.quality.repairs import (
    REPAIRS,
    apply_repairs,
    propose_episode_repairs,
    propose_fills,
)
from threecircles.quality.report import Report
from threecircles.sources import Options, read

PROPOSED = "repairs.csv"
ORIGINAL, TABLES, LOG = "original", "tables", "decisions.jsonl"


def propose_repairs(
    submissions: Sequence[Path], folder: Path, cross: Sequence[Report] = ()
) -> pl.DataFrame:
    """Propose repairs of the episodes in several years' files and keep copies of them in a folder.

    submissions: one file or folder for each year's SSDA903. cross: reports of checks across returns, whose
    fillable blanks (X08, X10) are proposed too. The files named are never written to.
    Raises UsageError when no episodes, or two submissions of one year, are found.
    """
    held = _submissions(submissions)
    found = pl.concat([propose_episode_repairs(held), *(propose_fills(r) for r in cross)])
    for place in (ORIGINAL, TABLES):
        (folder / place).mkdir(parents=True, exist_ok=True, mode=0o700)
        for year, frame in held.items():
            write_bytes(folder / place / f"episodes_{year}.csv", _csv(frame))
    write_bytes(folder / PROPOSED, _csv(found))
    return found


def accept_repairs(folder: Path, by: str, reason: str, only: Sequence[str] = ()) -> dict[str, int]:
    """Make the proposed repairs in the folder's copies. only: repair rules or ids; all when empty.

    Returns how many of each repair were made. Raises UsageError without a name and a reason, or when
    repairs are already accepted.
    """
    _named(by, reason)
    if _accepted(folder):
        raise UsageError("Repairs are already accepted here.", mend="Undo them first: repair undo")
    proposed = _read(folder / PROPOSED).cast(REPAIRS)  # type: ignore[arg-type]
    chosen = (
        proposed.filter(pl.col("repair").is_in(list(only)) | pl.col("repair_id").is_in(list(only)))
        if only
        else proposed
    )
    held = {
        int(p.stem.removeprefix("episodes_")): _read(p)
        for p in sorted((folder / ORIGINAL).glob("episodes_*.csv"))
    }
    for year, frame in apply_repairs(held, chosen).items():
        write_bytes(folder / TABLES / f"episodes_{year}.csv", _csv(frame))
    counted = dict(
        chosen.unique(["repair", "table", "year", "row"]).group_by("repair").len().iter_rows()
    )
    _note(folder, {"did": "accept", "by": by, "reason": reason, "repairs": chosen["repair_id"].to_list()})  # fmt: skip
    return dict(sorted(counted.items()))


def undo_repairs(folder: Path, by: str, reason: str) -> None:
    """Put the copies back as they were, byte for byte. Raises UsageError when nothing was accepted."""
    _named(by, reason)
    if not _accepted(folder):
        raise UsageError("No repair is accepted here, so there is nothing to undo.")
    for path in sorted((folder / ORIGINAL).glob("episodes_*.csv")):
        write_bytes(folder / TABLES / path.name, path.read_bytes())
    _note(folder, {"did": "undo", "by": by, "reason": reason})


def _submissions(paths: Sequence[Path]) -> dict[int, pl.DataFrame]:
    held: dict[int, pl.DataFrame] = {}
    files = [f for p in paths for f in (sorted(p.rglob("*.csv")) if p.is_dir() else [p])]
    for path in files:
        reading = read([path], return_name="ssda903", options=Options())
        frame = reading.tables.get("Episodes")
        if frame is None:
            continue
        if reading.year is None or reading.year in held:
            raise UsageError(
                "The years of the submissions cannot be told apart.", where=path.name,
                found=str(reading.year or "no year"), mend="Give one file of episodes for each year.",
            )  # fmt: skip
        held[reading.year] = frame.select(
            c for c in frame.columns if not c.startswith("_") and "__" not in c
        )
    if not held:
        raise UsageError("No episodes were found in these files.")
    return held


def _named(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise UsageError("A repair needs the name of who accepts it, and a reason.")


def _accepted(folder: Path) -> bool:
    log = folder / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return bool(lines) and json.loads(lines[-1])["did"] == "accept"


def _note(folder: Path, line: dict[str, Any]) -> None:
    at = datetime.now().astimezone().isoformat(timespec="seconds")
    with (folder / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps({"at": at, **line}, ensure_ascii=False) + "\n")


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def _read(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise UsageError("No proposed repairs are in this folder.", where=str(path.parent))
    return pl.read_csv(path, infer_schema=False)
