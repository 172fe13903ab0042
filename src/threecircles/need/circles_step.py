"""From the record's frames to every table of the circles: the order of the work, and nothing else."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.areas import FIFTHS, Areas
from threecircles.need.circles import (
    circles,
    design_of,
    named_groups,
    outside,
    sentence,
)
from threecircles.need.frechet import bounds, told_rows, words
from threecircles.need.high_need import HighNeed, classify, frozen_cuts
from threecircles.need.measured import VALUES, Told, circles_table
from threecircles.need.respondents import (
    consent_adjusted,
    home_on,
    respondents,
    survey_day,
    with_groups,
    with_service,
)
from threecircles.need.strata import Strata
from threecircles.need.targeted import TargetedServices, contact

TARGET = "these_pupils"


def circles_tables(
    measure: nw.LazyFrame,
    episode: nw.LazyFrame,
    person: nw.LazyFrame,
    residence: nw.LazyFrame,
    *,
    need: HighNeed,
    services: TargetedServices,
    areas: Areas,
    academic_year: int,
) -> list[Measured]:
    """Every table of the circles, or none where no pupil answered.

    measure, episode, person, residence: the record's tables. With consent to link, the circles are
    drawn person by person; without any, as bounds.
    """
    table = respondents(measure, [c.scale for c in need.criteria])
    if table.height == 0:
        return []
    answered = classify(nw.from_native(table.lazy()), need, frozen_cuts(need, table))
    table = collect(answered).sort("response_id")
    day = survey_day(table)
    in_contact = collect(contact(episode, services, services.chosen(), day))
    ground = with_groups(table, home_on(residence, person, day), areas.by_lsoa(), academic_year)
    ground = with_service(ground, in_contact)
    told = told_of(need, services, day, ground)
    if (ground["consent_link"].fill_null(0) == 1).any():
        return identifiable(ground, areas, told)
    return [anonymous(ground, in_contact, told)]


def told_of(need: HighNeed, services: TargetedServices, day: date, ground: pl.DataFrame) -> Told:
    """What the tables say of themselves: rule, window, children outside the picture."""
    first, last = services.window(day)
    left = outside(ground)
    return Told(
        period=f"{first:%d %B %Y} to {last:%d %B %Y}",
        rule=need.in_words(),
        definitions=(
            f"high_need/{need.id}@{need.version}",
            f"targeted_services/{services.id}@{services.version}",
        ),
        notes=(
            f"Services: {services.label.lower()}, open at any time in the {services.months} months before the survey.",
            f"Outside the picture, of {left['asked']:,} pupils asked: {left['not_answered']:,} did not answer, "
            f"{left['need_unknown']:,} left too much blank to tell, {left['no_leave_to_link']:,} gave no leave to link.",
        ),
    )


def identifiable(ground: pl.DataFrame, areas: Areas, told: Told) -> list[Measured]:
    """The circles person by person, whole and by each breakdown."""
    answered = consent_adjusted(ground.filter(pl.col("completed") == 1))
    design = design_of(TARGET)
    population = float(answered["weight"].sum())
    made = []
    labels = {"ward": areas.ward_names, "deprivation": FIFTHS, "sex": {"F": "Girls", "M": "Boys"}}
    whole = circles(answered, design, None, population)
    worded = Told(
        told.period, told.rule, told.definitions, told.population, (sentence(whole), *told.notes)
    )
    made.append(circles_table(whole, None, worded))
    for group in named_groups():
        parts = circles(answered, design, group, population)
        order = sorted({v for v in parts[group].to_list() if v != TOTAL}, key=_rank)
        vintage = "ward24" if group == "ward" else ""
        made.append(circles_table(parts, group, told, labels.get(group), order, vintage))
    return made


def anonymous(ground: pl.DataFrame, in_contact: pl.DataFrame, told: Told) -> Measured:
    """Bounds on the overlap; no row holds a value, so no page, file or answer can show a point.

    Strata: school type and year and sex where services are known for them; here the services' margin
    is known for the place as a whole.
    """
    answered = ground.filter((pl.col("completed") == 1) & (pl.col("need") != "unknown"))
    population = float(answered["weight"].sum())
    margins = pl.DataFrame(
        {"stratum_id": [TOTAL], "population": [population], "service": [float(in_contact.height)]}
    ).with_columns(pl.min_horizontal("service", "population"))
    strata = Strata.of(
        answered.with_columns(stratum_id=pl.lit(TOTAL)),
        margins,
        design_of("superpopulation", "weight"),
    )
    result = bounds(strata)
    share = float(strata.need().sum())
    rows = told_rows(result, share)
    spec = TableSpec(
        id="circles-bounds",
        title="How far high need and services can overlap",
        population=told.population,
        period=told.period,
        unit="share of children",
        dimensions=(Dimension(column="method", label="How it was reckoned"),),
        count="n",
        values=VALUES,
        kind="share",
        page="need",
        notes=(words(rows[3]["low"], rows[3]["high"]), told.rule, *told.notes),  # type: ignore[arg-type]
        definitions=told.definitions,
        sources=("survey-pupils",),
        step="need.circles",
    )
    frame = pl.DataFrame(rows).with_columns(
        value=pl.lit(None, dtype=pl.Float64),
        numerator=pl.lit(None, dtype=pl.Float64),
        denominator=pl.lit(population),
        n=pl.lit(answered.height, dtype=pl.Int64),
        n_with=pl.lit(None, dtype=pl.Int64),
        reason=pl.lit("not_linked"),
    )
    return Measured(spec, frame.select("method", "measure", *VALUES, "reason"))


def _rank(value: str) -> tuple[int, float, str]:
    return (value == "not_known", float(value) if value.isdigit() else 0.0, value)
