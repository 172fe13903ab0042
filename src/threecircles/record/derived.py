"""Which derivations a run makes, and from what: the list of derived tables lies here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from threecircles.core.dates import year_end, year_start
from threecircles.core.engines import Engine, collect, held
from threecircles.core.steps import Step
from threecircles.definitions.place import Place
from threecircles.record.attributes import attribute, with_attributes
from threecircles.record.derive.activity import activity
from threecircles.record.derive.care import (
    care_rules,
    care_tables,
)
from threecircles.record.derive.clocks import clocked
from threecircles.record.derive.contact_path import contact_path, contact_path_rule
from threecircles.record.derive.ended import ended
from threecircles.record.derive.first_sign import first_sign, first_sign_rule, signs
from threecircles.record.derive.journey import journey_definition, journey_state
from threecircles.record.derive.re_referral import re_referral, re_referral_rule
from threecircles.record.derive.repeat_plan import repeat_plan, repeat_plan_rule
from threecircles.record.derive.spell import spell
from threecircles.record.derive.timeliness import timeliness, working_days
from threecircles.record.mapping.keys import row_ids
from threecircles.record.schema import check, conform
from threecircles.record.tables import table
from threecircles.record.vocabulary import Level, processes

HELP: tuple[Level, ...] = ("targeted", "specialist", "rehabilitative")
BEGUN = ("row_id", "person_id", "process", "parent_row_id", "valid_from", "valid_to", "end_basis")
MET = ("row_id", "person_id", "process", "event", "episode_row_id", "on_date")
"""What clocks are read from, of episodes and of events."""
DONE = ("person_id", "process", "valid_from", "valid_to", "end_basis", "ended_from", "flags")
"""What activity is read from, of episodes."""
CARE = ("period_of_care", "placement_spell", "carer_spell", "legal_spell")


def derived_steps() -> list[Step]:
    """The steps that derive tables from the record's own, on the payload side."""

    def step(name: str, function: Any, reads: Sequence[str], writes: Sequence[str] = ()) -> Step:
        return Step(
            name=f"record.{name}",
            function=function,
            reads=tuple(f"record.{t}" for t in reads),
            writes=tuple(f"record.{t}" for t in writes or (name,)),
            definitions=("derived", "processes", "journeys"),
        )

    return [
        step("spell", spells, ("episode", "source")),
        step("care", care, ("episode", "source"), CARE),
        step("re_referral", re_referrals, ("event", "source")),
        step("repeat_plan", repeat_plans, ("episode", "source")),
        step("timeliness", clocks, ("episode", "event")),
        step("journey_state", journeys, ("episode", "period_of_care", "source")),
        step("contact_path", paths, ("episode", "event")),
        step("first_sign", first_signs, ("episode", "event", "measure", "source")),
        Step(
            name="record.activity",
            function=activities,
            reads=("record.episode", "record.event", "mapped.*.activity"),
            writes=("record.activity",),
            definitions=("processes",),
        ),
    ]


def spells(episodes: nw.LazyFrame, sources: nw.LazyFrame) -> pl.DataFrame:
    """Unbroken time in each process, with the process's own bridge."""
    by_bridge: dict[int, list[str]] = {}
    for process in processes().values():
        if process.kind != "event":
            by_bridge.setdefault(process.bridge_days, []).append(process.id)
    known = ended(episodes.filter(~nw.col("person_id").is_null()))
    parts = [
        collect(spell(known.filter(nw.col("process").is_in(ids)), by=["process"], bridge_days=days))
        for days, ids in sorted(by_bridge.items())
    ]
    return _made("spell", pl.concat(parts), _earliest(sources))


def care(episodes: nw.LazyFrame, sources: nw.LazyFrame) -> dict[str, pl.DataFrame]:
    """Periods of care, placements, carers and legal statuses."""
    made = care_tables(held(placements(episodes)), care_rules())
    since = _earliest(sources, "ssda903")
    return {f"record.{name}": _made(name, collect(frame), since) for name, frame in made.items()}


def placements(episodes: nw.LazyFrame) -> nw.LazyFrame:
    """Rows of the process placement with legal status and placement code as columns."""
    mine = episodes.filter((nw.col("process") == "placement") & ~nw.col("person_id").is_null())
    return with_attributes(mine, "ls", "place").select(
        "row_id",
        "person_id",
        "valid_from",
        "valid_to",
        "end_basis",
        "ended_from",
        "reason_in",
        "reason_out",
        "ls",
        "place",
    )


def re_referrals(events: nw.LazyFrame, sources: nw.LazyFrame) -> pl.DataFrame:
    """Every referral and whether it repeats one."""
    mine = events.filter((nw.col("process") == "referral") & ~nw.col("person_id").is_null())
    since = _earliest(sources, "cin-census")
    return _made("re_referral", collect(re_referral(mine, re_referral_rule(), since)), since)


def repeat_plans(episodes: nw.LazyFrame, sources: nw.LazyFrame) -> pl.DataFrame:
    """Every child protection plan and whether it repeats one."""
    mine = with_attributes(
        episodes.filter((nw.col("process") == "cpp") & ~nw.col("person_id").is_null()),
        "previous_plans",
    ).with_columns(previous_plans=nw.col("previous_plans").cast(nw.Int64))
    found = repeat_plan(mine, repeat_plan_rule())
    return _made("repeat_plan", collect(found), _earliest(sources, "cin-census"))


def clocks(episodes: nw.LazyFrame, events: nw.LazyFrame, place: Place) -> pl.DataFrame:
    """Every clock of every process, met or missed by 31 March of the place's year."""
    return _made("timeliness", told_in_time(episodes, events, year_end(place.year)), None)


def told_in_time(episodes: nw.LazyFrame, events: nw.LazyFrame, last: date) -> pl.DataFrame:
    """As `clocks`, up to the day `last`. Columns: as record.derive.timeliness, clock, process, time_limit, unit."""
    timed = [p for p in processes().values() if p.clocks]
    own = [p.id for p in timed]
    parents = [p.parent for p in timed if p.parent]
    begun = held(episodes.select(*BEGUN).filter(nw.col("process").is_in([*own, *parents])))
    met = held(events.select(*MET).filter(nw.col("process").is_in(own)))
    found = [clocked(begun, met, process, clock) for process in timed for clock in process.clocks]
    rows = nw.concat([frame for frame in found if frame is not None])
    return collect(timeliness(rows, nw.from_native(working_days().lazy()), last))


def journeys(
    episodes: nw.LazyFrame, periods: nw.LazyFrame, sources: nw.LazyFrame, place: Place
) -> pl.DataFrame:
    """The default journey of every person, to 31 March of the place's year."""
    rows = journey_rows(episodes, periods)
    found = collect(journey_state(rows, journey_definition(), year_end(place.year)))
    listed = found.with_columns(pl.col("all_states").str.split(" ").list.drop_nulls())
    return _made("journey_state", listed, _earliest(sources))


def journey_rows(episodes: nw.LazyFrame, periods: nw.LazyFrame) -> nw.LazyFrame:
    """What a journey is made of: everybody's episodes, and periods of care in place of placements."""
    shape = ("row_id", "person_id", "process", "valid_from", "valid_to", "start_unknown")
    own = ended(episodes.filter(~nw.col("person_id").is_null())).with_columns(
        start_unknown=nw.col("flags").list.contains("start_unknown")
    )
    cared = periods.filter(~nw.col("short_break")).with_columns(
        row_id=nw.col("first_row_id"), process=nw.lit("cla"), start_unknown=nw.lit(False)
    )
    return nw.concat([own.select(*shape), cared.select(*shape)])


def paths(episodes: nw.LazyFrame, events: nw.LazyFrame, engine: Engine) -> pl.DataFrame:
    """From first contact to first help."""
    return _made("contact_path", told_paths(episodes, events, engine), None)


def told_paths(episodes: nw.LazyFrame, events: nw.LazyFrame, engine: Engine) -> pl.DataFrame:
    """As `paths`, before it is fitted to its table. Columns: as record.derive.contact_path."""
    rule, helps = contact_path_rule(), help_ids()
    needed = nw.col("process").is_in([*helps, *rule.assessments])
    rows = held(with_body(ended(episodes.filter(needed))), within=engine)
    known = events.filter(~nw.col("person_id").is_null())
    return collect(contact_path(rows, known, helps, rule))


def with_body(episodes: nw.LazyFrame) -> nw.LazyFrame:
    """Episodes with the body in charge: the organisation, else the lead agency, else the process's agency."""
    by_agency: dict[str, list[str]] = {}
    for process in processes().values():
        by_agency.setdefault(process.agency, []).append(process.id)
    agency: nw.Expr = nw.lit("council")
    for name, ids in by_agency.items():
        if name != "council":
            agency = nw.when(nw.col("process").is_in(ids)).then(nw.lit(name)).otherwise(agency)
    return episodes.filter(~nw.col("person_id").is_null()).select(
        "row_id",
        "person_id",
        "process",
        "valid_from",
        "valid_to",
        body=nw.coalesce(attribute("lead_agency"), agency),
    )


def help_ids() -> tuple[str, ...]:
    """Processes that are help in their own right: targeted or above, no part of another one."""
    found = processes().values()
    return tuple(p.id for p in found if p.level in HELP and not p.parent) + ("placement",)


def first_signs(
    episodes: nw.LazyFrame,
    events: nw.LazyFrame,
    measures: nw.LazyFrame,
    sources: nw.LazyFrame,
    *,
    place: Place,
    engine: Engine,
) -> pl.DataFrame:
    """First sign and first help of everybody with a sign that a loaded source can show."""
    since = _earliest(sources, *{s.source for s in first_sign_rule().signs})
    told = told_signs(events, measures, engine)
    found = first_help(told, episodes, year_end(place.year), since)
    return _made("first_sign", found, None)


def told_signs(events: nw.LazyFrame, measures: nw.LazyFrame, engine: Engine) -> nw.LazyFrame:
    """Every sign of everybody known. Columns: as record.derive.first_sign.signs."""
    told = signs(events, measures, first_sign_rule()).filter(~nw.col("person_id").is_null())
    # Few rows of many: what follows is planned over them, no more over the files they came from.
    return held(told, within=engine)


def first_help(
    told: nw.LazyFrame, episodes: nw.LazyFrame, last: date, since: date | None
) -> pl.DataFrame:
    """The first sign and the first help, before they are fitted to their table. Columns: as first_sign."""
    helps = episodes.filter(nw.col("process").is_in(list(help_ids())))
    return collect(first_sign(told, helps, first_sign_rule(), last, since))


def activities(
    episodes: nw.LazyFrame,
    events: nw.LazyFrame,
    returned: Mapping[str, Any] | None = None,
    *,
    place: Place,
) -> pl.DataFrame:
    """Activity of the place's year by process, and beside it what was returned as counts."""
    first, last = year_start(place.year), year_end(place.year)
    found = told_activity(episodes, events, first, last).with_columns(
        period_start=pl.lit(first),
        period_end=pl.lit(last),
        la_code=pl.lit(place.la_code),
        basis=pl.lit("derived"),
    )
    parts = ["period_start", "period_end", "process", "unit", "la_code"]
    own = found.with_columns(activity_id=row_ids(found, parts))
    told = [collect(f) for _, f in sorted((returned or {}).items())]
    return _made("activity", pl.concat([own, *told], how="diagonal_relaxed"), None)


def told_activity(
    episodes: nw.LazyFrame, events: nw.LazyFrame, first: date, last: date
) -> pl.DataFrame:
    """What was done from `first` to `last`, tokens left out. Columns: as record.derive.activity."""
    # Few columns from the start: each later step of a query is planned over all that it carries.
    named = ~nw.col("flags").list.contains("token_only")
    begun = episodes.select(*DONE).filter(named)
    met = events.select("person_id", "process", "on_date", "flags").filter(named)
    return collect(activity(ended(begun), met, first, last))


def _earliest(sources: nw.LazyFrame, *ids: str) -> date | None:
    held = collect(sources)
    if ids:
        held = held.filter(pl.col("source_id").is_in(ids))
    found: date | None = held["history_from"].max() if held.height else None  # type: ignore[assignment]
    return found


def _made(name: str, frame: pl.DataFrame, history_from: date | None) -> pl.DataFrame:
    declared = table(name)
    if "history_from" in declared.names:
        frame = frame.with_columns(history_from=pl.lit(history_from, dtype=pl.Date))
    rows = frame.select(c for c in frame.columns if c in declared.names)
    return check(conform(rows, declared).sort(declared.key, nulls_last=True), declared)
