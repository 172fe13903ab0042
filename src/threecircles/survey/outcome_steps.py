"""What the record knows of care leavers, measured in a run: without it their homes would stay in the return."""

from __future__ import annotations

from typing import Any

import polars as pl

from threecircles.core.dates import in_words, year_end
from threecircles.core.engines import collect
from threecircles.core.safety import Grant, Sensitive
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Place
from threecircles.survey.care_leavers import MODULE, homes

LEAVERS = "care_leaver"


def steps(place: Place) -> list[Step]:
    """One step, for a place that has the return of looked-after children."""
    if not place.of("ssda903"):
        return []
    return [
        Step(
            name="survey.care-leavers",
            function=care_leavers,
            reads=("record.measure",),
            writes=("survey.care-leavers-homes",),
            definitions=("record/crosswalks",),
            purpose="needs_assessment",
            attributes=("care_status",),
        )
    ]


def care_leavers(measure: Any, grant: Grant, place: Place) -> list[Measured]:
    """Care leavers of the place's year by kind of home; none, where the return names nobody."""
    frame = measure.open(grant) if isinstance(measure, Sensitive) else measure
    rows = collect(frame)
    last = year_end(place.year)
    known = rows.filter(pl.col("measure_id") == LEAVERS, pl.col("on_date") == last)
    if known.is_empty():
        return []
    wide = known.pivot(
        "item_or_scale", index="person_id", values="value_code", aggregate_function="first"
    )
    leavers = wide.select(
        pl.col("home").fill_null("not_known"),
        _or(wide, "home_suitable").fill_null("not_known").alias("suitable"),
        (_or(wide, "in_touch").fill_null("NO") == "YES").alias("in_touch"),
    )
    said = rows.filter(
        pl.col("measure_id") == "leaving_care", pl.col("item_or_scale").is_in(list(MODULE))
    )
    if said.height:
        answers = said.pivot(
            "item_or_scale", index="person_id", values="value", aggregate_function="last"
        )
        asked = [c for c in answers.columns if c != "person_id"]
        joined = wide.select("person_id").join(answers, on="person_id", how="left")
        leavers = leavers.hstack(joined.select(pl.col(asked).cast(pl.Int64)))
    return [homes(leavers, f"year ending {in_words(last)}")]


def _or(wide: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in wide.columns else pl.lit(None, pl.String)
