"""The school census put beside a study: without it those who answer less often, by need or means, count less.

The roll is counted from the census for every study. In an identifiable study the holder's key leads from a
code to a pupil number, and special needs, ethnic group, free meals and deprivation come to stand beside
the answers; neither number, name nor postcode is kept. An anonymous study is weighed to what it asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.definitions.place import Delivery, Place
from threecircles.sources import read
from threecircles.survey.census_pupils import (
    ATTRIBUTES,
    NOT_LINKED,
    beside_codes,
    pupils_of,
    roll_of,
)
from threecircles.survey.study import Study, folder_of

BESIDE = "beside.parquet"


@dataclass(frozen=True)
class Beside:
    """What was put beside a study: pupils on roll, codes of the holder, those found in the census."""

    roll: int
    codes: int
    found: int


def put_beside(workspace: Path, study: Study, place: Place, years: tuple[int, ...]) -> Beside:
    """Write the study's roll.csv from the place's latest school census, and what it says beside the codes.

    years: school years that were asked. An anonymous study gets the roll by school, year and sex alone.
    Raises UsageError without a census, or when a list made by hand would be written over.
    """
    census = place.of("school-census")
    folder = folder_of(workspace, study.id)
    if not census:
        raise UsageError("The place has no school census.", where="place.yaml")
    if (folder / "roll.csv").exists() and not (folder / BESIDE).exists():
        raise UsageError(
            "The study has a roll that was made by hand.", where="roll.csv", mend="Move it away first."
        )  # fmt: skip
    pupils = pupils_of(_tables(census[-1]), place.reference, census[-1].as_of).filter(
        pl.col("nc_year").is_in(years)
    )
    schools = _urns(workspace, study)
    pupils = pupils.filter(pl.col("urn").is_in(schools)) if schools else pupils
    named = study.mode == "identifiable"
    roll_of(pupils, ATTRIBUTES if named else ()).write_csv(folder / "roll.csv")
    beside = pl.DataFrame(schema=dict.fromkeys(("response_id", *ATTRIBUTES), pl.String))
    holders = place.of("survey-holder") if named else ()
    if holders:
        keys = _tables(holders[-1])["survey_holder"]
        beside = beside_codes(keys, pupils)
    beside.write_parquet(folder / BESIDE, statistics=False)
    found = int((beside["sen"] != NOT_LINKED).sum()) if beside.height else 0
    return Beside(pupils.height, beside.height, found)


def with_beside(frame: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Responses with what was put beside them; a form whose code is in no list has "not linked"."""
    path = folder / BESIDE
    if not path.exists():
        return frame
    beside = pl.read_parquet(path)
    if not beside.height:
        return frame
    new = [c for c in ATTRIBUTES if c not in frame.columns]
    told = frame.join(
        beside.select("response_id", *new), on="response_id", how="left", maintain_order="left"
    )
    return told.with_columns(pl.col(new).fill_null(NOT_LINKED))


def _tables(delivery: Delivery) -> Mapping[str, pl.DataFrame]:
    found = read(delivery.files, return_name=delivery.source, year=delivery.year)
    if not found.tables:
        raise UsageError("The delivery could not be read.", where=delivery.id)
    return found.tables


def _urns(workspace: Path, study: Study) -> list[str]:
    """Schools that take part."""
    from threecircles.survey.field import store_of

    store = store_of(workspace, study)
    urns = [str(r["urn"]) for r in store.run("SELECT urn FROM school_window")]
    store.close()
    return urns
