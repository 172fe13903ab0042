"""Figures of another authority beside one's own: only when both were made the same way, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from threecircles.core.errors import UsageError

MUST_AGREE = ("core_hash", "definitions", "scale_form", "population", "profile")
"""What two packs must share before their figures may stand in one table."""


@dataclass(frozen=True)
class ExchangePack:
    """Released figures of one place, and how they were made.

    figures: dicts with measure, value, low, high, n (hidden ones null, with their symbol). definitions: id@version.
    core_hash: of the code that estimated. profile: disclosure profile and version. seal: SHA-256 over all else.
    """

    released_by: str
    released_on: str
    study: str
    core_hash: str
    definitions: tuple[str, ...]
    scale_form: str
    population: str
    profile: str
    licence: str
    figures: tuple[Mapping[str, Any], ...]
    seal: str = ""


def sealed(pack: ExchangePack) -> ExchangePack:
    """The pack with its seal."""
    return ExchangePack(**{**asdict(pack), "seal": _seal(pack)})


def write_pack(pack: ExchangePack, folder: Path) -> Path:
    """Write pack.json and figures.csv of a sealed pack. Raises UsageError for a pack without a whole seal."""
    import polars as pl

    if pack.seal != _seal(pack):
        raise UsageError("The pack has no whole seal.", mend="Seal it first (sealed).")
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame([dict(f) for f in pack.figures], infer_schema_length=None).write_csv(
        folder / "figures.csv"
    )
    path = folder / "pack.json"
    path.write_text(
        json.dumps(asdict(pack), indent=1, sort_keys=True, default=str) + "\n", encoding="utf-8"
    )
    return path


def open_pack(path: Path) -> ExchangePack:
    """A pack from its file. Raises UsageError for a broken seal."""
    held = json.loads(path.read_text(encoding="utf-8"))
    held["figures"], held["definitions"] = tuple(held["figures"]), tuple(held["definitions"])
    pack = ExchangePack(**held)
    if pack.seal != _seal(pack):
        raise UsageError(
            "The seal is broken: the pack is not what was released.",
            where=path.name,
            mend="Ask the authority for the pack again.",
        )
    return pack


def read_pack(path: Path, own: ExchangePack) -> tuple[list[dict[str, Any]], str]:
    """Rows of another's pack that may stand beside one's own, and a sentence on where they come from.

    Each row carries released_by, released_on and imported_on; nothing in it is hidden again. Raises UsageError
    for a broken seal, or naming everything in which the two packs were made differently.
    """
    other = open_pack(path)
    unlike = [n for n in MUST_AGREE if _plain(getattr(other, n)) != _plain(getattr(own, n))]
    if unlike:
        raise UsageError(
            f"The figures were made differently: {', '.join(n.replace('_', ' ') for n in unlike)}.",
            where=path.name,
            found="; ".join(f"{n.replace('_', ' ')} {_plain(getattr(other, n))}" for n in unlike),
            allowed="; ".join(f"{n.replace('_', ' ')} {_plain(getattr(own, n))}" for n in unlike),
            mend="Compare only what was measured the same way; ask for a pack of the same version.",
        )
    today = date.today().isoformat()
    rows = [
        {
            **f,
            "released_by": other.released_by,
            "released_on": other.released_on,
            "imported_on": today,
        }
        for f in other.figures
    ]
    return rows, f"Released by {other.released_by} on {other.released_on}, {other.licence}."


def _seal(pack: ExchangePack) -> str:
    told = {k: v for k, v in asdict(pack).items() if k != "seal"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _plain(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ", ".join(sorted(value))
