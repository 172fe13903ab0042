"""What pupils say beside what records hold of the same pupils: without it either would pass for the whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import narwhals as nw
import numpy as np
import polars as pl

from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.definitions import load
from threecircles.need.conditions import Combinations, conditions_held
from threecircles.need.ground import Ground
from threecircles.need.high_need import HighNeed
from threecircles.need.measured import VALUES, Told, figures
from threecircles.need.shares import COLUMNS, Parts, shares

TABLE = "need-beside-record"
NOTES = (
    "The two are kin and not the same thing: neither is the truth by which to judge the other.",
    "A missed link between a pupil's answers and a record makes the record look silent.",
)


def beside_definition(name: str = "standard") -> Combinations:
    """Which record stands beside which construct: a condition whose id is the construct's."""
    return load(f"indicators/beside/{name}", Combinations)


def recorded(
    frames: Mapping[str, nw.LazyFrame], pupils: pl.DataFrame, need: HighNeed, day: date
) -> pl.DataFrame:
    """One row a pupil: person_id and a column for each construct with a record beside it (yes, no, unknown).

    frames: as conditions_held. pupils: person_id and nc_year of those asked or on roll. A record whose source was not
    received stands beside nothing and has no column.
    """
    definition, asked = beside_definition(), {c.construct for c in need.criteria}
    # A pupil's school year tells the age also where no source tells the month of birth.
    children = pupils.drop_nulls("person_id").select(
        "person_id",
        age=pl.col("nc_year").cast(pl.Int64) + 4,
        birth_month=pl.lit(None, dtype=pl.Date),
    )
    held = conditions_held(frames, definition, day, children.unique("person_id", keep="first"))
    mine = [c.id for c in definition.conditions if c.id in asked]
    told = [c for c in mine if (held[c] != "unknown").any()]
    return held.select("person_id", *told)


def beside_tables(
    ground: Ground, held: pl.DataFrame | None, need: HighNeed, told: Told
) -> list[Measured]:
    """need-beside-record: of the pupils who answered, by construct: recorded, both_ways, answers_only, record_only,
    neither_way and record_unknown (answers_unknown and silent_unknown together); of those who say so and of whom the
    record can tell, recorded_of_answers; of those recorded, answers_of_recorded. None is made where no record stands
    beside any construct. The share who say so stands in need-dimensions alone: few on record must not hide it.
    """
    names = _named(held, need)
    if held is None or not names:
        return []
    own = ground.respondents.select("person_id").join(
        held, on="person_id", how="left", maintain_order="left"
    )
    parts = [
        shares(ground, _parts(ground.respondents[f"has_{c}"], own[c])).with_columns(
            construct=pl.lit(c)
        )
        for c in names
    ]
    return [Measured(_spec(names, told), figures(pl.concat(parts), ["construct"]))]


def apart_tables(
    ground: Ground, roll: pl.DataFrame, held: pl.DataFrame | None, need: HighNeed, told: Told
) -> list[Measured]:
    """need-beside-record where nobody may be linked: share (of those who answered) and recorded_on_roll (of everyone on roll).

    No figure joins the two, since nobody can tell whether they are the same children.
    """
    names = _named(held, need)
    if held is None or not names or not roll.height:
        return []
    pupils = roll.select("person_id").join(held, on="person_id", how="left")
    rows = []
    for c in names:
        has = ground.respondents[f"has_{c}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        said = shares(ground, {"share": (has == 1, np.isfinite(has))})
        known = pupils[c].is_in(["yes", "no"])
        rows.append(said.with_columns(construct=pl.lit(c)))
        rows.append(
            _counted(int((pupils[c] == "yes").sum()), int(known.sum())).with_columns(
                construct=pl.lit(c)
            )
        )
    return [Measured(_spec(names, told), figures(pl.concat(rows), ["construct"]))]


def _named(held: pl.DataFrame | None, need: HighNeed) -> dict[str, str]:
    """construct -> what pupils say and what the record beside it tells, in the order of the definition of need."""
    there = set(held.columns) if held is not None else set()
    records = {c.id: c.label for c in beside_definition().conditions if c.id in there}
    return {
        c.construct: f"{c.label} / {records[c.construct]}"
        for c in need.criteria
        if c.construct in records
    }


def _parts(has: pl.Series, record: pl.Series) -> Parts:
    answer = has.cast(pl.Float64).fill_null(np.nan).to_numpy()
    known, says = np.isfinite(answer), answer == 1
    yes, no = ((record == word).fill_null(False).to_numpy() for word in ("yes", "no"))
    return {
        "recorded": (yes, known),
        "both_ways": (says & yes, known),
        "answers_only": (says & no, known),
        "record_only": (~says & yes, known),
        "neither_way": (~says & no, known),
        "record_unknown": (~yes & ~no, known),
        "answers_unknown": (says & ~yes & ~no, known),
        "silent_unknown": (~says & ~yes & ~no, known),
        "recorded_of_answers": (yes, says & (yes | no)),
        "answers_of_recorded": (says, yes & known),
    }


def _counted(yes: int, known: int) -> pl.DataFrame:
    """A share that is a count of everyone, with no error of sampling."""
    value = yes / known if known else None
    row = dict.fromkeys(COLUMNS) | {
        "measure": "recorded_on_roll", "value": value, "low": value, "high": value, "n": known, "n_with": yes,
        "numerator": float(yes), "denominator": float(known), "reason": None if known else "not_available",
    }  # fmt: skip
    floats = ("value", "se", "low", "high", "n_weighted", "numerator", "denominator")
    types = dict.fromkeys(floats, pl.Float64) | dict.fromkeys(("df", "n", "n_with"), pl.Int64)
    return pl.DataFrame([row], schema_overrides=types | {"reason": pl.String}).select(*COLUMNS)


def _spec(names: Mapping[str, str], told: Told) -> TableSpec:
    definition = beside_definition()
    dimension = Dimension(
        column="construct",
        label="What pupils say / what a record tells",
        order=tuple(names),
        labels=dict(names),
    )
    return TableSpec(
        id=TABLE,
        title="What pupils say beside what records hold",
        population=told.population,
        period=told.period,
        unit="share of children",
        dimensions=(dimension,),
        count="n_with",
        values=VALUES,
        kind="share",
        page="need",
        notes=(*NOTES, definition.caveat, *told.notes),
        definitions=(
            *told.definitions,
            f"indicators/beside/{definition.id}@{definition.version}",
        ),
        sources=("survey-pupils",),
        step="need.circles",
    )
