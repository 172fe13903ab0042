"""The comparison with published figures as a step of a run, where the place has the publishers' files."""

from __future__ import annotations

from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Place
from threecircles.need.england import compared_with_neighbours
from threecircles.need.published_areas import TABLES
from threecircles.sources.published import find_published

FOLDER = "published"
COMPARE_AS = "compare_as"


def steps(place: Place) -> list[Step]:
    """One step that writes `need.neighbours-<indicator>`, or none without the setting `published`.

    place.yaml, settings: `published` names the folder of published files (absolute or beside
    place.yaml); `compare_as` names the ONS code to compare as, which a made-up place needs and which
    every table then says.
    """
    folder = place.settings.get(FOLDER)
    if not folder:
        return []
    home = Path(folder) if Path(folder).is_absolute() else place.dir / folder
    if not home.is_dir():
        raise UsageError(
            "The folder of published files is not there.", where="place.yaml", found=folder
        )
    found = find_published(home, *TABLES)
    return [
        Step(
            name="need.neighbours",
            function=neighbours_of_place,
            writes=("need.neighbours-*",),
            definitions=("published", "england", "comparators"),
            files=tuple(sorted({f.path for f in found.values()})),
            params={"folder": home, "area": place.settings.get(COMPARE_AS) or place.la_code},
        )
    ]


def neighbours_of_place(folder: Path, area: str) -> list[Measured]:
    """Published figures of the place's authority, its ten neighbours, its region and England."""
    return compared_with_neighbours(folder, area)
