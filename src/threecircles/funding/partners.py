"""Partners' ledgers of a place beside its own return: without them the page of spend would show the council's money alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.definitions.place import Place
from threecircles.funding.ledger import load_mapping, read_ledger
from threecircles.funding.terms import check_terms, pooled
from threecircles.sources.published_files import SUFFIXES

MADE_UP = "received/partners"
"""Where a made-up place keeps its partners' ledgers."""


def ledgers_of(place: Place) -> dict[str, tuple[Path, Path]]:
    """Each partner's ledger with the mapping that lies beside it, by name. Raises UsageError without one.

    A real place names the folder in `settings: {ledgers: FOLDER}`; a made-up one has `received/partners`.
    """
    folder = place.settings.get("ledgers", "")
    if not folder and place.fictitious and (place.dir / MADE_UP).is_dir():
        folder = MADE_UP
    if not folder:
        return {}
    files = sorted(p for p in (place.dir / folder).glob("*") if p.suffix.lower() in SUFFIXES)
    found = {p.stem: (p, p.with_suffix(".yaml")) for p in files}
    missing = [m.name for _, m in found.values() if not m.exists()]
    if missing or not found:
        raise UsageError(
            "A ledger has no mapping." if missing else "There are no ledgers.",
            where=f"place.yaml, settings: ledgers: {folder}",
            found=", ".join(missing),
            mend="Each NAME.csv needs NAME.yaml beside it (docs/how-to/funding-spend.md).",
        )
    return found


def partners_lines(
    ledgers: Mapping[str, tuple[Path, Path]], la_code: str, year: int
) -> dict[str, pl.DataFrame]:
    """Spend lines of each ledger by its label; a row that books a whole pool is left to those who paid into it.

    A ledger whose net does not come out is refused, not mended; so are two of one label or id.
    """
    made: dict[str, pl.DataFrame] = {}
    ids: set[str] = set()
    for file, path in ledgers.values():
        mapping = load_mapping(path)
        if mapping.label in made or mapping.id in ids:
            raise UsageError(
                "Two ledgers have one id or label.", where=path.name, found=f"{mapping.id}, {mapping.label}",
                mend="Give each its own, so that the page can name both.",
            )  # fmt: skip
        lines, broken = read_ledger(file, mapping, la_code=la_code, year=year)
        if broken.height:
            raise UsageError(
                "A ledger does not add up.",
                where=f"{file.name}, row {broken['row'][0]}",
                found=broken["sentence"][0],
                mend=f"`threecircles spend map {file.name}` lists every such row.",
            )
        check_terms(lines)
        made[mapping.label] = lines
        ids.add(mapping.id)
    return _pools_once(made)


def _pools_once(made: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    if not made:
        return made
    booked = pooled(pl.concat(made.values()))[1]["spend_id"].to_list()
    return {name: t.filter(~pl.col("spend_id").is_in(booked)) for name, t in made.items()}
