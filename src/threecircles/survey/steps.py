"""The survey in a run: answers, weights and scores become rows that the record takes in, without codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from threecircles.core.dates import in_words, year_end
from threecircles.core.engines import collect
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Place
from threecircles.survey.answers import answers
from threecircles.survey.census_pupils import (
    ATTRIBUTES,
    NOT_LINKED,
    TABLES,
    beside_codes,
    pupils_of,
)
from threecircles.survey.flags import flags
from threecircles.survey.measures import measures
from threecircles.survey.rows import rows
from threecircles.survey.weights import Weighted, margins_of, weigh
from threecircles.survey.weights_table import TABLE, weights_table

UNKNOWN_TYPE = "not known"


def steps(place: Place) -> list[Step]:
    """One step for all survey deliveries, crossing from the identity side: no code or name goes out."""
    census = place.of("school-census")
    reads: list[str] = []
    surveys: list[dict[str, str]] = []
    for pupils in place.of("survey-pupils"):
        holder = next((h for h in place.of("survey-holder") if h.year == pupils.year), None)
        roll = next((c for c in reversed(census) if c.year == pupils.year), None)
        reads.append(f"sources.{pupils.id}.survey_pupils")
        reads += [f"sources.{holder.id}.survey_holder"] if holder else []
        reads += [f"sources.{roll.id}.{name}" for name in _census_tables(holder)] if roll else []
        surveys.append(
            {
                "delivery": pupils.id,
                "holder": holder.id if holder else "",
                "roll": roll.id if roll else "",
                "roll_as_of": roll.as_of.isoformat() if roll else "",
                "as_of": pupils.as_of.isoformat(),
            }
        )
    if not surveys:
        return []
    return [
        Step(
            name="survey.measure",
            function=measured,
            reads=("identity.person_record", *reads),
            writes=("survey.measure", f"survey.{TABLE}"),
            definitions=("measures",),
            side="crossing",
            params={"surveys": surveys},
        )
    ]


def _census_tables(holder: object) -> tuple[str, ...]:
    """Tables of the census that are read: of an anonymous survey the roll alone, since it asked nothing else."""
    return TABLES if holder else TABLES[:1]


def measured(
    person_record: Any, *tables: Any, surveys: Sequence[Mapping[str, str]], place: Place
) -> dict[str, pl.DataFrame | Measured]:
    """The rows of the record's measure table, and what weighting did: survey.measure and survey.survey-weights."""
    made = _surveys(person_record, *tables, surveys=surveys, place=place)
    weighting = {s["delivery"]: told for s, (_, told) in zip(surveys, made, strict=True)}
    labels = {d.id: f"Survey of pupils, {d.year}" for d in place.of("survey-pupils")}
    period = f"year ending {in_words(year_end(place.year))}"
    return {
        "survey.measure": pl.concat([rows for rows, _ in made]),
        f"survey.{TABLE}": weights_table(weighting, labels, period),
    }


def measure_rows(
    person_record: Any, *tables: Any, surveys: Sequence[Mapping[str, str]], place: Place
) -> pl.DataFrame:
    """Rows of the record's measure table from every survey of the place, as `measured` writes them."""
    made = _surveys(person_record, *tables, surveys=surveys, place=place)
    return pl.concat([rows for rows, _ in made])


Weighting = tuple[Weighted, tuple[tuple[str, ...], ...]]
"""Weights, and the margins they were fitted to."""


def _surveys(
    person_record: Any, *tables: Any, surveys: Sequence[Mapping[str, str]], place: Place
) -> list[tuple[pl.DataFrame, Weighting]]:
    """Of every survey its rows and its weighting.

    tables: for each survey its answers, then the holder's table when it is identifiable, then the tables of
    the school census when one of the year was received; weights are fitted to it. A pupil's code becomes the opaque
    source_record_id and the person_id; an anonymous survey has neither, and its response_id joins
    nothing else.
    """
    left = list(tables)
    records = collect(person_record) if person_record is not None else None
    made = []
    for survey in surveys:
        pupils = collect(left.pop(0))
        holder = collect(left.pop(0)) if survey["holder"] else None
        names = _census_tables(survey["holder"]) if survey["roll"] else ()
        census = {n: collect(t) for n in names if (t := left.pop(0)) is not None}
        linked = (
            _people(holder, records, survey["holder"])
            if holder is not None and records is not None
            else None
        )
        roll = _roll(census, holder, survey, place) if census else None
        made.append(_one_survey(pupils, linked, roll, survey, _school_types(place)))
    return made


def _one_survey(
    pupils: pl.DataFrame,
    linked: pl.DataFrame | None,
    roll: tuple[pl.DataFrame, pl.DataFrame] | None,
    survey: Mapping[str, str],
    schools: Mapping[str, str],
) -> tuple[pl.DataFrame, Weighting]:
    used = tuple(m for m in measures() if any(i.code in pupils.columns for i in m.items))
    items = [item.code for m in used for item in m.items]
    asked = _identified(answers(pupils, items), linked, survey["delivery"])
    frame = flags(_with_school(asked, schools), used)
    frame, weighting = _weighted(frame, *_on_one_footing(frame, roll, schools))
    day = pl.col("completed_on__date") if "completed_on__date" in frame.columns else pl.lit(None)
    dated = frame.with_columns(
        study_id=pl.lit(survey["delivery"]),
        on_date=pl.coalesce(day, pl.lit(date.fromisoformat(survey["as_of"]))).cast(pl.Date),
    )
    made = rows(dated, used).with_columns(
        source_id=pl.lit("survey-pupils"),
        extract_id=pl.lit(survey["delivery"]),
        source_table=pl.lit("survey_pupils"),
    )
    return made, weighting


def _people(holder: pl.DataFrame, person_record: pl.DataFrame, delivery: str) -> pl.DataFrame:
    """code -> source_record_id, person_id and consent_link of an identifiable survey."""
    found = person_record.filter(pl.col("delivery") == delivery).select(
        pl.col("source_key").alias("code"), "source_record_id", "person_id"
    )
    yes = pl.col("consent_link").cast(pl.String).str.to_lowercase().is_in(["yes", "y", "1", "true"])
    return holder.select("code", yes.alias("consent_link")).join(found, on="code", how="left")


def _identified(frame: pl.DataFrame, linked: pl.DataFrame | None, delivery: str) -> pl.DataFrame:
    frame = frame.with_row_index("_n").with_columns(
        response_id=pl.concat_str([pl.lit(f"{delivery}:"), pl.col("_n").cast(pl.String)]),
        source_row=(pl.col("_row") if "_row" in frame.columns else pl.col("_n")).cast(pl.Int64),
    )
    if linked is None:
        return frame.with_columns(
            source_record_id=pl.lit(None, dtype=pl.String),
            person_id=pl.lit(None, dtype=pl.String),
            consent_link=pl.lit(False),
        )
    joined = frame.join(linked, on="code", how="left", maintain_order="left")
    # Without leave to link, answers stay answers: no person is put to them.
    return joined.with_columns(
        consent_link=pl.col("consent_link").fill_null(False),
        person_id=pl.when(pl.col("consent_link").fill_null(False)).then("person_id"),
    )


def _school_types(place: Place) -> Mapping[str, str]:
    """urn -> type of school (phase) from the place's list of schools."""
    path = place.reference.get("schools")
    if path is None:
        return {}
    table = pl.read_csv(path, infer_schema=False)
    return dict(table.select("URN", pl.col("phase").str.to_lowercase()).iter_rows())


def _with_school(frame: pl.DataFrame, schools: Mapping[str, str]) -> pl.DataFrame:
    urn = pl.col("urn").cast(pl.String).str.strip_chars()
    year = pl.col("nc_year").cast(pl.String).str.strip_chars()
    return frame.with_columns(
        urn=urn,
        nc_year=year.cast(pl.Int64, strict=False),
        psu=urn,
        sex=pl.col("sex").cast(pl.String),
    ).with_columns(stratum=pl.col("urn").replace_strict(dict(schools), default=UNKNOWN_TYPE))


def _roll(
    census: Mapping[str, pl.DataFrame],
    holder: pl.DataFrame | None,
    survey: Mapping[str, str],
    place: Place,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pupils on roll with what the census says of them, and the same beside each code of the holder."""
    pupils = pupils_of(census, place.reference, date.fromisoformat(survey["roll_as_of"]))
    if holder is None:
        return pupils.drop("upn", *ATTRIBUTES), pl.DataFrame(schema={"code": pl.String})
    return pupils.drop("upn"), beside_codes(holder, pupils).rename({"response_id": "code"})


def _on_one_footing(
    frame: pl.DataFrame,
    roll: tuple[pl.DataFrame, pl.DataFrame] | None,
    schools: Mapping[str, str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The roll of the years asked, in the columns of the answers, and what stands beside the answers.

    Without a census those who were asked are the roll.
    """
    if roll is None:
        return frame, pl.DataFrame(schema={"code": pl.String})
    years = frame["nc_year"].drop_nulls().unique().to_list()
    counted = _with_school(roll[0], schools).filter(pl.col("nc_year").is_in(years))
    return counted, roll[1]


def _weighted(
    frame: pl.DataFrame, roll: pl.DataFrame, beside: pl.DataFrame
) -> tuple[pl.DataFrame, Weighting]:
    """The frame with weight (nought for those who did not answer), fpc (schools of the type) and roll; the weighting."""
    done = frame.filter("completed")
    known = [c for c in ATTRIBUTES if c in beside.columns]
    told = done.select("stratum", "urn", "nc_year", "sex", *(["code"] if known else []))
    if known:
        told = told.join(beside.unique("code"), on="code", how="left", maintain_order="left")
        told = told.with_columns(pl.col(known).fill_null(NOT_LINKED))
    margins = margins_of(known, known)
    weighted = weigh(told, roll, margins)
    weights = done.select("_n").with_columns(weight=weighted.weights)
    schools = roll.group_by("stratum").agg(pl.col("urn").n_unique().cast(pl.Float64).alias("fpc"))
    size = roll.group_by("urn").agg(pl.len().alias("roll"))
    took_part = done.group_by("stratum").agg(pl.col("urn").n_unique().alias("_part"))
    joined = (
        frame.join(weights, on="_n", how="left", maintain_order="left")
        .join(schools, on="stratum", how="left", maintain_order="left")
        .join(took_part, on="stratum", how="left", maintain_order="left")
        .join(size, on="urn", how="left", maintain_order="left")
    )
    made = joined.with_columns(
        weight=pl.col("weight").fill_null(0.0),
        fpc=pl.max_horizontal(pl.col("fpc").fill_null(0), pl.col("_part").fill_null(0)).cast(
            pl.Float64
        ),
    ).drop("_part")
    return made, (weighted, margins)
