"""Tells a newcomer what a declaration of theirs matched in a sample: adding a source needs no Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from threecircles.definitions import load_text
from threecircles.sources.declared import Source
from threecircles.sources.noting import check_codes_exist
from threecircles.sources.read import read
from threecircles.sources.reading import Reading


@dataclass(frozen=True)
class Checked:
    """A declaration and what it made of the sample. lines: what happened, in words, for the screen."""

    source: Source
    reading: Reading
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        """True when every file was recognised and no column was left over."""
        files = self.reading.files
        return (
            not self.reading.refused
            and bool(files.height)
            and not any(files["columns_extra"].list.len() > 0)
        )


def check_declaration(declaration: Path, samples: Iterable[Path]) -> Checked:
    """Load a YAML declaration and read samples with it alone.

    Raises DefinitionError with the line when the declaration itself is wrong.
    """
    source = load_text(declaration.read_text(encoding="utf-8"), Source, where=declaration.name)
    check_codes_exist(source)
    reading = read(list(samples), sources=[source])
    return Checked(source, reading, tuple(_lines(reading)))


def _lines(reading: Reading) -> Iterable[str]:
    for file in reading.files.iter_rows(named=True):
        name = " / ".join(p for p in (file["path"], file["member"], file["sheet"]) if p)
        if not file["table"] and not file["kind"].endswith("XML"):
            yield f"{name}: not recognised."
            continue
        yield f"{name}: {file['table'] or file['kind']}, {file['rows_kept']:,} rows kept, {file['rows_rejected']:,} rejected."
        if file["columns_matched"]:
            yield f"  columns matched: {', '.join(file['columns_matched'])}"
        if file["columns_missing"]:
            yield f"  columns not there: {', '.join(file['columns_missing'])}"
        if file["columns_extra"]:
            yield f"  columns no definition claims: {', '.join(file['columns_extra'])}"
    yield from (f"note: {sentence}" for sentence in reading.notes["sentence"])
    yield from (problem.sentence() for problem in reading.refused)
