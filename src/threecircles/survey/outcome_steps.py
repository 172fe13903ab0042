"""What the record knows of care leavers and of trust, measured in a run: it would stay in the returns otherwise."""

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
from threecircles.survey.trust import ITEMS as TRUST
from threecircles.survey.trust import trust_trend

LEAVERS = "care_leaver"


def steps(place: Place) -> list[Step]:
    """Homes of care leavers where there is the return of looked-after children; trust where pupils are asked."""
    asked = Step(
        name="survey.trust",
        function=trust,
        reads=("record.measure",),
        writes=("survey.survey-trust",),
        definitions=("measures",),
        purpose="needs_assessment",
    )
    surveys = [asked] if place.of("survey-pupils") else []
    if not place.of("ssda903"):
        return surveys
    return [
        *surveys,
        Step(
            name="survey.care-leavers",
            function=care_leavers,
            reads=("record.measure",),
            writes=("survey.care-leavers-homes",),
            definitions=("record/crosswalks",),
            purpose="needs_assessment",
            attributes=("care_status",),
        ),
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


def trust(measure: Any, grant: Grant, place: Place) -> list[Measured]:
    """Trust in the survey by wave and respondent, for the page of children's words; none where nobody was asked."""
    frame = measure.open(grant) if isinstance(measure, Sensitive) else measure
    rows = collect(frame).filter(pl.col("known_to").is_null())
    said = rows.filter(pl.col("measure_id") == "trust")
    if said.is_empty():
        return []
    took_part = rows.filter(pl.col("measure_id").is_in(["participation", "trust"]))
    waves: dict[tuple[str, str], pl.DataFrame] = {}
    for wave, respondent in sorted(set(took_part.select("wave", "respondent").iter_rows())):
        own = said.filter(
            pl.col("wave").eq_missing(pl.lit(wave)), pl.col("respondent") == respondent
        )
        who = "pupil" if respondent == "self" else str(respondent)
        answers = {i: own.filter(pl.col("item_or_scale") == i)["value"] for i in TRUST}
        waves[str(wave), who] = pl.concat(
            [pl.DataFrame({i: a}) for i, a in answers.items() if len(a)] or [pl.DataFrame()],
            how="horizontal",
        )
    return [trust_trend(waves)]


def _or(wide: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in wide.columns else pl.lit(None, pl.String)
