"""The need room in a run: the record comes in under a purpose, measured tables go out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from threecircles.core.dates import in_words, year_end
from threecircles.core.engines import collect
from threecircles.core.safety import Grant, Sensitive
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Place
from threecircles.need import teams
from threecircles.need.areas import FIFTHS, Areas, areas_of
from threecircles.need.circles_step import circles_tables
from threecircles.need.combine import combination_tables
from threecircles.need.conditions import combinations_definition, conditions_held
from threecircles.need.distance import open_on
from threecircles.need.effects.table import TABLE, evaluations_table, read_result
from threecircles.need.first_help import first_help_hard, first_help_table
from threecircles.need.hard_to_reach import BY
from threecircles.need.high_need import high_need
from threecircles.need.linked_pairs import links_of
from threecircles.need.months import (
    children_starting,
    late_records,
    late_table,
    months_definition,
    months_table,
)
from threecircles.need.reach import reach_definition
from threecircles.need.reach_step import reach_tables
from threecircles.need.respondents import homes_on
from threecircles.need.services.funnel import funnel_table
from threecircles.need.services.in_time import timeliness_table
from threecircles.need.services.journeys import journey_tables
from threecircles.need.services.stock import flow_table, stock_table
from threecircles.need.services.wards import ward_table
from threecircles.need.targeted import targeted_services
from threecircles.need.travel import Ways, mean_far, ways_of
from threecircles.need.ward_facts import ward_facts
from threecircles.record.derive.ended import ended
from threecircles.record.derive.first_sign import first_sign_rule

PURPOSE = "needs_assessment"
CIRCLES = (
    "measure",
    "episode",
    "person",
    "residence",
    "person_record",
    "provision",
    "event",
    "factor",
)
REACH = ("episode", "event", "activity", "provision", "person", "residence")
ASKED_AGES = range(9, 17)
COMBINED = ("episode", "event", "factor", "measure", "person", "person_record")
LINK_ERRORS = "identity.linkage-errors"
HIGH_NEED, SERVICES = "high_need_9_16_demo", "council_and_justice"


def steps(place: Place) -> list[Step]:
    """The steps of this room. place.yaml's settings may name other definitions (high_need, targeted_services)."""
    definitions = {
        "need_definition": place.settings.get("high_need", HIGH_NEED),
        "service_definition": place.settings.get("targeted_services", SERVICES),
    }
    made = []
    if place.of("survey-pupils"):
        made.append(
            Step(
                name="need.circles",
                function=circles,
                reads=tuple(f"record.{t}" for t in CIRCLES),
                writes=("need.circles-*", "need.need-*"),
                definitions=(
                    "high_need",
                    "targeted_services",
                    "processes",
                    "indicators/reach",
                    "indicators/beside",
                ),
                purpose=PURPOSE,
                attributes=(
                    "age",
                    "sex",
                    "lsoa21",
                    "ward",
                    "deprivation",
                    "nc_year",
                    "sen",
                    "fsm",
                    "link_p",
                    "organisation",
                ),
                params=definitions,
            )
        )
    made.append(
        Step(
            name="need.services",
            function=services,
            reads=("record.episode", "record.event", "record.residence"),
            writes=("need.services-*", "need.journey-*", "need.places-*"),
            definitions=("processes", "journeys"),
            purpose=PURPOSE,
            attributes=("age", "lsoa21", "ward", "care_status"),
        )
    )
    made.append(
        Step(
            name="need.areas",
            function=areas_known,
            reads=("record.provision",),
            writes=("need.areas-*",),
            definitions=("indicators/reach",),
            purpose=PURPOSE,
            attributes=("lsoa21", "organisation"),
        )
    )
    made.append(
        Step(
            name="need.first-help",
            function=first_help,
            reads=("record.first_sign", "record.residence", "record.provision"),
            writes=("need.first-help*",),
            definitions=("derived/first_sign.yaml", "indicators/reach"),
            purpose=PURPOSE,
            attributes=("lsoa21", "ward", "deprivation", "organisation"),
        )
    )
    made.append(
        Step(
            name="need.combine",
            function=combine,
            reads=(*(f"record.{t}" for t in COMBINED), LINK_ERRORS),
            writes=("need.combinations*",),
            definitions=("indicators/combinations",),
            purpose=PURPOSE,
            attributes=("age", "link_p"),
        )
    )
    made.append(
        Step(
            name="need.months",
            function=months,
            reads=("record.episode", "record.event", "record.period_of_care", "record.source"),
            writes=("need.months-*",),
            definitions=("indicators/months",),
            purpose=PURPOSE,
        )
    )
    made.append(
        Step(
            name=teams.STEP,
            function=team_counts,
            reads=("record.episode", "record.timeliness", "record.re_referral"),
            writes=(teams.TABLE,),
            definitions=("teams", "processes"),
            purpose=PURPOSE,
        )
    )
    results = evaluations(place)
    if results:
        made.append(
            Step(
                name="need.effects",
                function=effects,
                reads=(),
                writes=(f"need.{TABLE}",),
                files=results,
            )
        )
    if place.of("attendance-at-provision"):
        made.append(
            Step(
                name="need.reach",
                function=reach,
                reads=tuple(f"record.{t}" for t in REACH),
                writes=("need.reach-*",),
                definitions=("indicators/reach", "processes"),
                purpose=PURPOSE,
                attributes=("age", "lsoa21", "ward", "deprivation", "organisation"),
            )
        )
    return made


def team_counts(
    episode: Any, timeliness: Any, re_referral: Any, *, grant: Grant, place: Place
) -> dict[str, pl.DataFrame]:
    """Each recording team's own work on the last day of the place's year, as counts."""
    clocks, again = (None if t is None else _opened(t, grant) for t in (timeliness, re_referral))
    episodes = None if episode is None else ended(_opened(episode, grant))
    told = list(teams.recording_teams().values())
    made = teams.team_work(told, episodes, clocks, again, last=year_end(place.year))
    return {teams.TABLE: made}


def evaluations(place: Place) -> tuple[Path, ...]:
    """Results of evaluations that the place keeps: the setting `evaluations` names their folder."""
    folder = place.settings.get("evaluations")
    return tuple(sorted((place.dir / folder).glob("*.json"))) if folder else ()


def effects(*, place: Place) -> list[Measured]:
    """What services changed, from the results of evaluations, each under the word its design allows."""
    results = [read_result(path) for path in evaluations(place)]
    made = evaluations_table(results, f"Evaluations known on {in_words(year_end(place.year))}")
    return [made] if made else []


def reach(*frames: Any, grant: Grant, place: Place) -> list[Measured]:
    """Who uses open places, by ward, deprivation, rural class and distance, in the place's year."""
    episodes, *others = [_opened(frame, grant) for frame in frames]
    return reach_tables(
        ended(episodes),
        *others,
        areas=areas_of(place),
        ways=ways_to_places(place),
        last=year_end(place.year),
        definition=reach_definition(),
    )


def ways_to_places(place: Place) -> Ways:
    """How far homes are from open places: by the place's own table of travel times, else in a straight line."""
    told = reach_definition()
    return ways_of(place, told.bands_km, told.bands_minutes, told.travel_mode)


def with_distance(areas: Areas, place: Place, provision: Any, day: date, ages: range) -> Areas:
    """The areas with the band of how far the nearest place open on a day for any of these ages is."""
    ways = ways_to_places(place)
    found = ways.nearest(_places_for(provision, day, ages))
    return replace(areas, distance=ways.by_band(found), bands=ways.bands)


def _places_for(provision: Any, day: date, ages: range) -> pl.DataFrame:
    """Places open on a day for any of these ages."""
    told = reach_definition()
    kinds = [s.service for s in told.services if s.ages[0] <= ages[-1] and s.ages[-1] >= ages[0]]
    held = collect(provision.select("org_id", "service_id", "lsoa21", "valid_from", "valid_to"))
    return open_on(held, day).filter(pl.col("service").is_in(kinds))


def areas_known(provision: Any, *, grant: Grant, place: Place) -> list[Measured]:
    """What is publicly known of each ward: children, deprivation, rural class, how far the nearest open place is."""
    ways, last = ways_to_places(place), year_end(place.year)
    found = ways.nearest(_places_for(_opened(provision, grant), last, ASKED_AGES))
    made = ward_facts(areas_of(place), mean_far(found), ASKED_AGES, in_words(last), ways.bands.unit)
    return [made] if made else []


def months(
    episode: Any, event: Any, care: Any, source: Any, *, grant: Grant, place: Place
) -> list[Measured]:
    """Children starting month by month, and the share of records that came late."""
    definition = months_definition()
    episodes, events = ended(_opened(episode, grant)), _opened(event, grant)
    held = None if care is None else _opened(care, grant)
    last = year_end(place.year)
    first = year_end(place.year - definition.years) + timedelta(days=1)
    period = f"{in_words(first)} to {in_words(last)}"
    since = collect(_opened(source, grant).select("source_id", "history_from"))
    whole = dict(since.iter_rows())
    counts = children_starting(episodes, events, held, whole, first, last)
    made = (
        months_table(counts, definition, first, last, period),
        late_table(late_records(episodes, first, last), definition, period),
    )
    return [table for table in made if table is not None]


def combine(*frames: Any, grant: Grant, place: Place) -> list[Measured]:
    """Conditions held together in the place's year, and how far pairs hang on links."""
    *records, errors = frames
    opened = {name: _opened(frame, grant) for name, frame in zip(COMBINED, records, strict=True)}
    opened["episode"] = ended(opened["episode"])
    last = year_end(place.year)
    definition = combinations_definition()
    held = conditions_held(opened, definition, last)
    period = f"{definition.months} months to {in_words(last)}"
    links = links_of(opened["person_record"], errors)
    return combination_tables(held, definition, period, links)


def first_help(
    signs: Any, residence: Any, provision: Any, *, grant: Grant, place: Place
) -> list[Measured]:
    """From first sign to first help: all, by sign, ward, deprivation fifth, rural class and distance."""
    last = year_end(place.year)
    areas = with_distance(areas_of(place), place, _opened(provision, grant), last, range(18))
    told = collect(_opened(signs, grant)).filter(
        pl.col("days").is_not_null() | (pl.col("prior_help") == "yes")
    )
    homes = homes_on(_opened(residence, grant), last)
    placed = told.join(homes, on="person_id", how="left").with_columns(
        pl.col("lsoa21")
        .replace_strict(values, default="not_known", return_dtype=pl.String)
        .alias(name)
        for name, values in areas.by_lsoa().items()
    )
    if placed.height == 0:
        return []
    period = f"signs recorded up to {in_words(last)}"
    names = {s.id: s.label for s in first_sign_rule().signs}
    unknown = {"not_known": "Not known"}
    more = [
        first_help_table(placed, g, labels | unknown, period, seed=place.seed, bands=bands)
        for g, labels, bands in (("rural", {}, None), ("distance", areas.bands.labels, areas.bands))
        if g in placed.columns
    ]
    return [
        first_help_table(placed, None, {}, period, seed=place.seed),
        first_help_table(placed, "sign_id", names, period, seed=place.seed),
        first_help_table(
            placed,
            "ward",
            areas.ward_names | {"not_known": "Not known"},
            period,
            "ward24",
            place.seed,
        ),
        first_help_table(
            placed, "deprivation", FIFTHS | {"not_known": "Not known"}, period, seed=place.seed
        ),
        *more,
        *([first_help_hard(placed, period, areas.bands)] if set(BY) <= set(placed.columns) else []),
    ]


def services(
    episode: Any, event: Any, residence: Any, *, grant: Grant, place: Place
) -> list[Measured]:
    """Stock, flow, funnel, timeliness, journeys and the wards' map for the place's year."""
    episodes, events, homes = (_opened(t, grant) for t in (episode, event, residence))
    first, last = year_end(place.year - 1) + timedelta(days=1), year_end(place.year)
    period = f"{in_words(first)} to {in_words(last)}"
    areas = areas_of(place)
    known = ended(episodes)
    return [
        stock_table(known, last, areas.all_children, period),
        flow_table(known, first, last, period),
        funnel_table(known, events, first, last, period),
        # A clock asks for the row's own end.
        timeliness_table(episodes, events, first, last, period),
        *journey_tables(known, last, period),
        ward_table(known, homes, areas, first, last, period),
    ]


def circles(
    measure: Any,
    episode: Any,
    person: Any,
    residence: Any,
    person_record: Any,
    provision: Any,
    event: Any,
    factor: Any,
    *,
    grant: Grant,
    place: Place,
    need_definition: str,
    service_definition: str,
) -> list[Measured]:
    """The three circles of the newest survey of pupils, in every breakdown, and what records hold beside it."""
    opened = [_opened(measure, grant), ended(_opened(episode, grant))]
    opened += [_opened(t, grant) for t in (person, residence)]
    records, events, factors = (
        None if t is None else _opened(t, grant) for t in (person_record, event, factor)
    )
    return circles_tables(
        *opened,
        need=high_need(need_definition),
        services=targeted_services(service_definition),
        areas=with_distance(
            areas_of(place), place, _opened(provision, grant), year_end(place.year), ASKED_AGES
        ),
        academic_year=place.year,
        person_record=records,
        event=events,
        factor=factors,
    )


def _opened(table: Any, grant: Grant) -> nw.LazyFrame:
    frame = table.open(grant) if isinstance(table, Sensitive) else table
    return frame if isinstance(frame, nw.LazyFrame) else nw.from_native(frame).lazy()
