"""From the record's frames to every table of the circles: the order of the work, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from math import exp

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.areas import FIFTHS, Areas
from threecircles.need.beside import apart_tables, beside_tables, recorded
from threecircles.need.calibrated import calibrated_circles
from threecircles.need.circles import (
    circles,
    design_of,
    named_groups,
    outside,
    sentence,
)
from threecircles.need.found import known_on, links_found, said
from threecircles.need.frechet import bounds, told_rows, words
from threecircles.need.ground import Ground, directions, grounded, in_picture, plain_ground
from threecircles.need.hard_to_reach import BY, WHERE, crossed, joined, table_of
from threecircles.need.high_need import HighNeed, frozen_cuts
from threecircles.need.judged import judged
from threecircles.need.linkage import LinkQuality, correct
from threecircles.need.links_table import links_drawn, links_table
from threecircles.need.measured import VALUES, Told, circles_table
from threecircles.need.profile import dimensions_table, distribution_table, gradient_table
from threecircles.need.respondents import (
    consent_adjusted,
    home_on,
    respondents,
    survey_day,
    with_groups,
    with_service,
)
from threecircles.need.roll import on_roll
from threecircles.need.sensitivity import sensitivity_table
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
    person_record: nw.LazyFrame | None = None,
    event: nw.LazyFrame | None = None,
    factor: nw.LazyFrame | None = None,
) -> list[Measured]:
    """Every table of the circles, or none where no pupil answered.

    measure, episode, person, residence: the record's tables; person_record: for draws of links; with it, event and
    factor: for what records hold beside the answers. With leave to link, the circles are drawn person by person;
    without any, as bounds.
    """
    scales = [c.scale for c in need.criteria]
    table = respondents(measure, scales)
    if table.height == 0:
        return []
    day, cuts = survey_day(table), frozen_cuts(need, table)
    in_contact = collect(contact(episode, services, services.chosen(), day))
    table = judged(with_service(table, in_contact), need, cuts)
    home = home_on(residence, person, day)
    survey = with_groups(table, home, areas.by_lsoa(), academic_year)
    told = told_of(need, services, day, survey)
    roll = on_roll(
        episode,
        measure,
        person,
        day,
        survey["nc_year"].drop_nulls().cast(pl.Int64).unique().to_list(),
    )
    held = None
    if person_record is not None and event is not None and factor is not None:
        frames = {"episode": episode, "event": event, "factor": factor, "measure": measure, "person": person,
                  "person_record": person_record}  # fmt: skip
        held = recorded(frames, _pupils(survey, roll), need, day)
    if not (survey["consent_link"].fill_null(0) == 1).any():
        everyone = plain_ground(_meant(survey), "weight")
        return [
            anonymous(survey, in_contact, told),
            *apart_tables(everyone, roll, held, need, told),
        ]
    if roll.height:
        lines = directions([(c.scale, c.cut) for c in need.criteria])
        ground = grounded(survey, ground_of(roll, in_contact, home, areas), lines)
        if ground is not None:
            children = sum(
                areas.by_age.get(int(y) + 4, 0) for y in roll["nc_year"].unique().to_list()
            )
            known = known_on(episode, services.chosen(), day)
            quality = links_found(known, home, roll, children, academic_year)
            drawn = (
                links_drawn(episode, person_record, services, day)
                if person_record is not None
                else []
            )
            tables = grounded_tables(ground, areas, told, quality, drawn)
            return [
                *tables,
                *profile_tables(ground, survey, need, told, quality),
                *beside_tables(ground, held, need, told),
            ]
    answered = consent_adjusted(_meant(survey))
    plain = plain_ground(answered.filter(in_picture()), "link_weight")
    return [
        *weighted_tables(answered, areas, told),
        *profile_tables(plain, survey, need, told, None),
        *beside_tables(plain, held, need, told),
    ]


def _pupils(survey: pl.DataFrame, roll: pl.DataFrame) -> pl.DataFrame:
    """person_id and nc_year of everyone on roll and everyone asked."""
    parts = [t.select("person_id", pl.col("nc_year").cast(pl.Int64)) for t in (roll, survey) if t.height]  # fmt: skip
    return pl.concat(parts)


def _meant(survey: pl.DataFrame) -> pl.DataFrame:
    """The pupils who answered, without answers flagged as perhaps not meant."""
    return survey.filter((pl.col("completed") == 1) & ~pl.col("flagged"))


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


def ground_of(
    roll: pl.DataFrame, in_contact: pl.DataFrame, home: pl.DataFrame, areas: Areas
) -> pl.DataFrame:
    """The roll with service (1, 0) and deprivation of the home area (fifths, 5 least deprived)."""
    fifth = pl.col("lsoa21").replace_strict(areas.deprivation, default=None, return_dtype=pl.String)
    return (
        roll.join(in_contact.select("person_id", "service"), on="person_id", how="left")
        .join(home.select("person_id", "lsoa21"), on="person_id", how="left")
        .with_columns(
            service=pl.col("service").fill_null(0).cast(pl.Int64),
            deprivation=fifth.cast(pl.Float64),
        )
        .drop("lsoa21")
    )


def grounded_tables(
    ground: Ground,
    areas: Areas,
    told: Told,
    quality: LinkQuality | None,
    drawn: Sequence[pl.Series] = (),
) -> list[Measured]:
    """The circles of everyone on roll, whole and by each breakdown, put right for missed links.

    quality: share of service users found on roll; None = figures as observed. circles-links sets
    figures as observed, by careful links alone and put right side by side.
    """
    notes = (*told.notes, how_weighted(ground), *([said(quality)] if quality else []))
    told = replace(told, notes=notes)

    def right(table: pl.DataFrame, everyone: bool = False) -> pl.DataFrame:
        if quality is None:
            return table
        return correct(table, quality, these_pupils=True, rates_of_them=everyone)

    seen = calibrated_circles(ground)
    whole = right(seen, everyone=True)
    made = [
        circles_table(whole, None, replace(told, notes=(sentence(whole), *told.notes))),
        links_table(ground, seen, whole if quality else None, told, drawn),
    ]
    for group in (g for g in named_groups() if g in ground.respondents.columns):
        table = calibrated_circles(ground, group)
        parts = [right(part) for part in table.partition_by(group, maintain_order=True)]
        made.append(_by_group(pl.concat(parts), group, areas, told))
    if set(BY) <= set(ground.respondents.columns):

        def placed(some: tuple[str, ...]) -> pl.DataFrame:
            there = replace(ground, respondents=joined(ground.respondents, some))
            parts = calibrated_circles(there, WHERE).partition_by(WHERE, maintain_order=True)
            return pl.concat([right(part) for part in parts])

        made.append(_hard(told, areas, placed))
    return made


def _hard(
    told: Told, areas: Areas, circles_of: Callable[[tuple[str, ...]], pl.DataFrame]
) -> Measured:
    """circles-hard: by rural class, distance and deprivation together."""
    specs = []

    def by(some: tuple[str, ...]) -> pl.DataFrame:
        made = circles_table(circles_of(some), WHERE, told)
        specs.append(made.spec)
        return made.frame

    frame = crossed(by)
    title = "The circles, by rural class, distance and deprivation together"
    return table_of(frame, specs[0], "circles-hard", title, areas.bands)


def profile_tables(
    ground: Ground, survey: pl.DataFrame, need: HighNeed, told: Told, quality: LinkQuality | None
) -> list[Measured]:
    """Dimensions, distribution, gradient and sensitivity of need.

    survey: everyone asked, for the bounds that blanks leave open.
    """
    everyone = plain_ground(_meant(survey), "weight")
    return [
        dimensions_table(ground, need, told),
        distribution_table(ground, need, told),
        gradient_table(ground, told),
        sensitivity_table(ground, everyone, need, told, quality),
    ]


def weighted_tables(answered: pl.DataFrame, areas: Areas, told: Told) -> list[Measured]:
    """The circles with the survey's own weights, where no roll is held to weigh by."""
    design = design_of(TARGET)
    population = float(answered["weight"].sum())
    whole = circles(answered, design, None, population)
    made = [circles_table(whole, None, replace(told, notes=(sentence(whole), *told.notes)))]
    for group in (g for g in named_groups() if g in answered.columns):
        made.append(_by_group(circles(answered, design, group, population), group, areas, told))
    if set(BY) <= set(answered.columns):
        made.append(
            _hard(
                told,
                areas,
                lambda some: circles(joined(answered, some), design, WHERE, population),
            )
        )
    return made


def how_weighted(ground: Ground) -> str:
    """How answers were made to stand for everyone on roll, in words."""
    known = "school year, sex, special needs, absence and contact with services"
    if ground.lean is None:
        return f"Weighted to everyone on roll by {known}, free meals and deprivation. Children in need who were less likely to answer for other reasons may be missed."
    lean, error = ground.lean
    return (
        f"Weighted to everyone on roll by {known}. Need itself was let decide who answers; free meals and "
        f"deprivation tell how much: for need heavier by one standard deviation of answers the odds of answering "
        f"change by a factor of {exp(lean):.2f} ({exp(lean - 2 * error):.2f}-{exp(lean + 2 * error):.2f})."
    )


def _by_group(table: pl.DataFrame, group: str, areas: Areas, told: Told) -> Measured:
    labels = {
        "ward": areas.ward_names,
        "deprivation": FIFTHS,
        "sex": {"F": "Girls", "M": "Boys"},
        "distance": areas.bands.labels,
    }
    words = ""
    if group == "distance":
        words, told = areas.bands.label, replace(told, notes=(*told.notes, areas.bands.said))
    order = sorted({v for v in table[group].to_list() if v != TOTAL}, key=_rank)
    return circles_table(
        table, group, told, labels.get(group), order, "ward24" if group == "ward" else "", words
    )


def anonymous(ground: pl.DataFrame, in_contact: pl.DataFrame, told: Told) -> Measured:
    """Bounds on the overlap; only the two known margins hold a value, so no overlap can show as a point.

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
    margins_known = [
        {"method": "as_counted", "measure": m, "value": v, "low": v, "high": v}
        for m, v in (("need", share), ("service", float(strata.service.sum())))
    ]
    frame = pl.DataFrame([*rows, *margins_known], infer_schema_length=None).with_columns(
        pl.col("value").cast(pl.Float64),
        numerator=pl.lit(None, dtype=pl.Float64),
        denominator=pl.lit(population),
        n=pl.lit(answered.height, dtype=pl.Int64),
        n_with=pl.lit(None, dtype=pl.Int64),
        reason=pl.when(pl.col("value").is_null()).then(pl.lit("not_linked")),
    )
    return Measured(spec, frame.select("method", "measure", *VALUES, "reason"))


def _rank(value: str) -> tuple[int, float, str]:
    begin = value.rstrip("+").split("-")[0]
    return (value == "not_known", float(begin) if begin.isdigit() else 0.0, value)
