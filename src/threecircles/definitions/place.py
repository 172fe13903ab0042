"""The one file that says what a place is and what it received: without it a run would guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.definitions.loader import load_text


@dataclass(frozen=True, kw_only=True)
class DeliveryLine:
    """One set of files from one source, as place.yaml names it."""

    id: str
    source: str
    files: list[str]
    received_on: date | None = None
    as_of: date | None = None
    year: int | None = None


@dataclass(frozen=True, kw_only=True)
class PlaceFile:
    """The fields of place.yaml."""

    id: str
    label: str
    la_code: str
    year: int
    dfe_number: str = ""
    fictitious: bool = False
    seed: int = 1
    deliveries: list[DeliveryLine] = field(default_factory=list)
    reference: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """One set of files from one source, found on disk."""

    id: str
    source: str
    files: tuple[Path, ...]
    received_on: date
    as_of: date
    year: int


@dataclass(frozen=True)
class Place:
    """A council's place: who it is, which year, what it received and which lookups it holds."""

    dir: Path
    id: str
    label: str
    la_code: str
    dfe_number: str
    fictitious: bool
    seed: int
    year: int
    deliveries: tuple[Delivery, ...]
    reference: dict[str, Path]
    settings: dict[str, str]

    def of(self, *sources: str) -> tuple[Delivery, ...]:
        """The deliveries of the named sources, oldest first."""
        return tuple(
            sorted(
                (d for d in self.deliveries if d.source in sources),
                key=lambda d: (d.received_on, d.id),
            )
        )


def load_place(folder: Path) -> Place:
    """Read place.yaml of a folder. Raises an error that names the line, or the files not found."""
    path = folder / "place.yaml"
    if not path.exists():
        raise UsageError(
            "There is no place.yaml.",
            where=str(folder),
            mend="`threecircles new DIR` writes one to fill in.",
        )
    raw = load_text(path.read_text(encoding="utf-8"), PlaceFile, where="place.yaml")
    ids = [d.id for d in raw.deliveries]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise DefinitionError(
            "A delivery id is used twice.", where="place.yaml", found=", ".join(twice)
        )
    return Place(
        dir=folder,
        id=raw.id,
        label=raw.label,
        la_code=raw.la_code,
        dfe_number=raw.dfe_number,
        fictitious=raw.fictitious,
        seed=raw.seed,
        year=raw.year,
        deliveries=tuple(_delivery(folder, d, raw.year) for d in raw.deliveries),
        reference={k: _inside(folder, v) for k, v in raw.reference.items()},
        settings=raw.settings,
    )


def _delivery(folder: Path, line: DeliveryLine, place_year: int) -> Delivery:
    year = line.year or place_year
    files = sorted({p for pattern in line.files for p in folder.glob(pattern) if p.is_file()})
    if not files:
        raise UsageError(
            f"No file was found for the delivery {line.id}.",
            where="place.yaml",
            found=", ".join(line.files),
            mend="Put the files there, or take the delivery out of place.yaml.",
        )
    as_of = line.as_of or date(year, 3, 31)
    return Delivery(line.id, line.source, tuple(files), line.received_on or as_of, as_of, year)


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        raise UsageError("A reference file is not there.", where="place.yaml", found=name)
    return path
