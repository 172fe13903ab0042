"""From registrations, visits and counted heads to the tables of reach: the order of the work, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import narwhals as nw
import polars as pl

from threecircles.core.dates import add_months, in_words
from threecircles.core.engines import collect
from threecircles.core.tables import Measured
from threecircles.need.areas import FIFTHS, Areas
from threecircles.need.distance import open_on
from threecircles.need.hard_to_reach import WHERE, crossed, nowhere, table_of, together
from threecircles.need.reach import Reach, Reported, reach_table
from threecircles.need.respondents import homes_on
from threecircles.need.travel import Bands, Ways
from threecircles.record.derive.reach_base import headcount_base, reach_base

SUMMER_FROM, AUTUMN_FROM = 4, 9
"""First months of the summer and autumn terms; January to March is spring."""
Groups = Mapping[str, Mapping[str, str]]
"""service -> LSOA -> value: the near place differs from service to service, wards do not."""


def reach_tables(
    episode: nw.LazyFrame,
    event: nw.LazyFrame,
    activity: nw.LazyFrame,
    provision: nw.LazyFrame,
    person: nw.LazyFrame,
    residence: nw.LazyFrame,
    *,
    areas: Areas,
    ways: Ways,
    last: date,
    definition: Reach,
) -> list[Measured]:
    """reach-ward, -deprivation, -rural and -distance for the months up to a day; none where nobody reported.

    episode, event, activity, provision, person, residence: the record's tables. ways: how far
    homes are from places.
    """
    first = add_months(last, -definition.months) + timedelta(days=1)
    kinds = [s.service for s in definition.services]
    used = collect(_used(episode, event, first, last, definition))
    heads = collect(headcount_base(_heads(activity, kinds), first, last), sort_by=("service_id",))
    if used.height == 0 and heads.height == 0:
        return []
    venues = collect(provision.select("org_id", "service_id", "lsoa21", "valid_from", "valid_to"))
    named, counted = _told(episode, event, activity, first, last)
    reported = reporting(venues, named | counted, kinds, first, last)
    placed = living_users(used, person, residence, last, definition)
    near = {k: ways.nearest(open_on(venues, last).filter(pl.col("service") == k)) for k in kinds}
    silent = {
        # Where the near place sent nothing, or heads alone, more children may come than are named.
        k: set(found.filter(~pl.col("org_id").is_in(sorted(named)))["lsoa21"].to_list())
        for k, found in near.items()
    }
    far = {k: ways.by_band(f) for k, f in near.items()}
    period = f"{in_words(first)} to {in_words(last)}"
    made = []
    for group, label, values, labels, order in (
        ("ward", "Ward", dict.fromkeys(kinds, areas.ward), areas.ward_names, ()),
        ("deprivation", "Deprivation of the home area, in fifths of England",
         dict.fromkeys(kinds, areas.deprivation), FIFTHS, tuple(FIFTHS)),
        ("rural", "Rural or urban home area (ONS 2021 class)",
         dict.fromkeys(kinds, areas.rural), {}, ()),
        ("distance", ways.bands.label, far, ways.bands.labels, ways.bands.names),
    ):  # fmt: skip
        if not any(values.values()):
            continue
        table = reach_table(
            eligible_by(areas, definition, values, group),
            _grouped(placed, values, group),
            heads,
            definition,
            reported,
            period,
            group,
            label,
            labels,
            order,
            {k: {values[k].get(a, "not_known") for a in silent[k]} for k in kinds},
        )
        said = (ways.bands.said,) if group == "distance" else ()
        made.append(replace(table, spec=replace(table.spec, notes=(*table.spec.notes, *said))))
    if areas.rural and areas.deprivation:
        made.append(
            _hard(
                areas,
                placed,
                heads,
                definition,
                reported,
                period,
                silent,
                far,
                ways.bands,
            )
        )
    return made


def _hard(
    areas: Areas, placed: pl.DataFrame, heads: pl.DataFrame, definition: Reach, reported: Mapping[str, Reported],
    period: str, silent: Mapping[str, set[str]], far: Groups, bands: Bands,
) -> Measured:  # fmt: skip
    """reach-hard: by rural class, distance and deprivation together; no heads, which no home divides."""
    specs = []

    def by(some: tuple[str, ...]) -> pl.DataFrame:
        homes = {"rural": areas.rural, "deprivation": areas.deprivation}
        values = {k: together({**homes, "distance": f}, some) for k, f in far.items()}
        open_ends = {k: {values[k].get(a, nowhere(some)) for a in silent[k]} for k in far}
        made = reach_table(
            eligible_by(areas, definition, values, WHERE, nowhere(some)), _grouped(placed, values, WHERE, nowhere(some)), heads.clear(),
            definition, reported, period, WHERE, "Where children live", at_least=open_ends,
        )  # fmt: skip
        specs.append(made.spec)
        return made.frame

    frame = crossed(by)
    title = "Reach of open places, by rural class, distance and deprivation together"
    return table_of(frame, specs[0], "reach-hard", title, bands)


def eligible_by(
    areas: Areas, definition: Reach, values: Groups, group: str, unknown: str = "not_known"
) -> pl.DataFrame:
    """Children of a service's ages by the population file: service, the group's column, children."""
    rows = []
    for s in definition.services:
        for (lsoa, age), children in areas.people.items():
            if s.ages[0] <= age <= s.ages[-1]:
                rows.append((s.service, values[s.service].get(lsoa, unknown), children))
    table = pl.DataFrame(rows, schema=["service", group, "children"], orient="row")
    return (
        table.group_by("service", group)
        .agg(pl.col("children").sum().round().cast(pl.Int64))
        .sort("service", group)
    )


def living_users(
    used: pl.DataFrame,
    person: nw.LazyFrame,
    residence: nw.LazyFrame,
    last: date,
    definition: Reach,
) -> pl.DataFrame:
    """Of those registered or seen, the children of the service's ages who live here on the last day, with lsoa21.

    Birth is known by its month: whoever was born in the month of the last day counts as having had the birthday.
    """
    born = pl.col("birth_month")
    people = collect(person.select("person_id", "birth_month")).with_columns(
        age=last.year - born.dt.year() - (born.dt.month() > last.month).cast(pl.Int64)
    )
    homes = homes_on(residence, last).drop_nulls("lsoa21")
    joined = used.join(people, on="person_id").join(homes, on="person_id")
    ages = {s.service: s.ages for s in definition.services}
    kept = [
        joined.filter((pl.col("service_id") == k) & pl.col("age").is_between(a[0], a[-1]))
        for k, a in ages.items()
    ]
    return pl.concat(kept)


def reporting(
    venues: pl.DataFrame, told: set[str], kinds: list[str], first: date, last: date
) -> dict[str, Reported]:
    """Of each service, places open on any day of the period, and those of them that sent a return."""
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= last)
    going = pl.col("valid_to").is_null() | (pl.col("valid_to") > first)
    kind = pl.col("service_id").str.replace_all("-", "_", literal=True)
    # Only the register tells since when a place is open; a venue's own return does not.
    known = (
        venues.filter(begun & going & pl.col("valid_from").is_not_null())
        .select("org_id", service=kind)
        .unique()
    )
    found = {}
    for k in kinds:
        mine = set(known.filter(pl.col("service") == k)["org_id"].to_list())
        found[k] = Reported(len(mine), len(mine & told))
    return found


def _used(
    episode: nw.LazyFrame, event: nw.LazyFrame, first: date, last: date, definition: Reach
) -> nw.LazyFrame:
    kinds = [s.service for s in definition.services]
    registrations = episode.filter(
        nw.col("process").is_in(kinds) & ~nw.col("person_id").is_null()
    ).select("person_id", "valid_from", "valid_to", service_id="process")
    month = nw.col("on_date").dt.month()
    term = (
        nw.when(month >= AUTUMN_FROM)
        .then(nw.lit("autumn"))
        .otherwise(nw.when(month >= SUMMER_FROM).then(nw.lit("summer")).otherwise(nw.lit("spring")))
    )
    visits = event.filter(
        (nw.col("event") == "attended")
        & nw.col("process").is_in(kinds)
        & ~nw.col("person_id").is_null()
    ).select("person_id", "on_date", service_id="process", term=term)
    return reach_base(
        registrations, visits, first, last, sessions=definition.sessions, terms=definition.terms
    )


def _heads(activity: nw.LazyFrame, kinds: list[str]) -> nw.LazyFrame:
    """Counted heads as `headcount_base` reads them; a sheet without sessions has one a venue and day."""
    return activity.filter(
        (nw.col("unit") == "attendance") & nw.col("process").is_in(kinds)
    ).select(
        service_id="process",
        venue_id="org_id",
        session_id=nw.when(nw.col("session_id").is_null())
        .then(nw.col("period_start").cast(nw.String))
        .otherwise(nw.col("session_id")),
        on_date="period_start",
        n="quantity",
        basis=nw.col("counted").fill_null("estimated"),
    )


def _told(
    episode: nw.LazyFrame, event: nw.LazyFrame, activity: nw.LazyFrame, first: date, last: date
) -> tuple[set[str], set[str]]:
    """The places that named who came in the period, and those that counted heads."""
    inside = (nw.col("on_date") >= nw.lit(first)) & (nw.col("on_date") <= nw.lit(last))
    counted = (nw.col("period_start") >= nw.lit(first)) & (nw.col("period_start") <= nw.lit(last))
    # A provider's own token ("~...") names nobody whom the figures hold.
    known = ~nw.col("person_id").fill_null("~").str.starts_with("~")

    def places(*frames: nw.LazyFrame) -> set[str]:
        return {o for f in frames for o in collect(f.select("org_id").unique())["org_id"] if o}

    named = places(
        event.filter((nw.col("event") == "attended") & inside & known),
        episode.filter((nw.col("source_id") == "attendance-at-provision") & known),
    )
    return named, places(activity.filter((nw.col("unit") == "attendance") & counted))


def _grouped(
    placed: pl.DataFrame, values: Groups, group: str, unknown: str = "not_known"
) -> pl.DataFrame:
    parts = [
        placed.filter(pl.col("service_id") == k).with_columns(
            pl.col("lsoa21")
            .replace_strict(dict(v), default=unknown, return_dtype=pl.String)
            .alias(group)
        )
        for k, v in values.items()
    ]
    return pl.concat(parts)
