"""A written place as frames: without it every measure would open files in its own way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.definitions.place import load_place
from threecircles.synthetic.marks import marked

Figures = dict[tuple[int, str], float]


@dataclass(frozen=True)
class Folder:
    """A place folder with truth; frames are read when asked for."""

    path: Path
    preset: str
    seed: int
    year: int
    la_code: str

    @classmethod
    def open(cls, path: Path | str) -> Folder:
        """Raises UsageError when the folder is no made-up place with truth."""
        folder = Path(path)
        if not (folder / "truth").is_dir():
            raise UsageError("The folder is no made-up place: it has no truth.", where=folder.name)
        place = load_place(folder)
        head = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return cls(folder, head["preset"], place.seed, place.year, place.la_code)

    def returned(self, delivery: str, table: str) -> pl.DataFrame:
        """One table of a return as it would be without errors; `delivery` without its year means this year's."""
        name = delivery if delivery[-4:].isdigit() else f"{delivery}_{self.year}"
        return pl.read_parquet(self.path / "truth" / "returns" / name / f"{table}.parquet")

    def holds(self, delivery: str) -> bool:
        """Whether the place was written with this return; one made with --only may lack it."""
        return (self.path / "truth" / "returns" / f"{delivery}_{self.year}").is_dir()

    def truth(self, table: str) -> pl.DataFrame:
        """One table of the truth."""
        return pl.read_parquet(self.path / "truth" / f"{table}.parquet")

    def reference(self, name: str) -> pl.DataFrame:
        """One lookup of the place."""
        files = self.path / "reference"
        bare = files / f"{name}.csv"  # as named before files carried the mark
        return pl.read_csv(bare if bare.exists() else files / marked(bare.name))

    @property
    def end(self) -> date:
        """31 March of the year."""
        return date(self.year, 3, 31)

    @property
    def start(self) -> date:
        """1 April of the year before."""
        return date(self.year - 1, 4, 1)

    @cached_property
    def children(self) -> int:
        """Residents aged 0 to 17 on 31 March."""
        return int(self.truth("person")["resident"].sum())


def share(found: pl.Series | pl.Expr, of: pl.DataFrame | None = None) -> float:
    """Share in per cent of the true values of a series (or of an expression over a frame)."""
    if of is not None:
        found = of.select(found).to_series()
    values = found.cast(pl.Float64)
    return 100 * float(values.mean() or 0.0)  # type: ignore[arg-type]
