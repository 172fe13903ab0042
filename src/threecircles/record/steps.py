"""The record's steps of a run: names stay on the identity side, histories without names come out."""

from __future__ import annotations

from functools import partial
from typing import Any

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.steps import Step
from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Delivery, Place
from threecircles.record.areas import LOOKUPS, areas
from threecircles.record.assemble import assemble, one_after_another, survey_rows
from threecircles.record.attributes import with_attributes
from threecircles.record.build import Received, build_source, extract_of, source_row_of
from threecircles.record.derived import derived_steps
from threecircles.record.mapping.load import carried_columns, mapping_for, shipped_sources
from threecircles.record.people import people
from threecircles.record.places import organisations
from threecircles.record.reconcile import has_headlines, headlines, reconcile
from threecircles.record.schema import check, conform
from threecircles.record.tables import table
from threecircles.record.tokens import token_ids
from threecircles.record.vocabulary import services

HISTORIED = ("episode", "event", "measure", "factor")
PLACED = ("measure", "measure_history")
"""The table of millions: each source's rows get their persons and their shape when the source is mapped,
so that a change of one source, as of a survey, does not turn over the rows of all others."""
BESIDE = ("source_row", "unmapped", "version", "sighting")
MAPPINGS = ("mappings", "codes", "record/crosswalks", "processes", "sources")


def steps(place: Place) -> list[Step]:
    """Map each source, point its rows at persons, add areas and places, derive."""
    sources = [
        s for s in dict.fromkeys(d.source for d in place.deliveries) if s in shipped_sources()
    ]
    return [
        *(_map_step(place, source) for source in sources),
        *(_table_step(name) for name in HISTORIED),
        Step(
            name="record.people",
            function=people,
            reads=tuple(
                f"identity.{t}"
                for t in (
                    "person", "person_public", "person_record", "link_record", "residence", "relation", "household",
                )
            ),
            writes=tuple(
                f"record.{t}"
                for t in (
                    "person", "person_public", "person_record", "residence", "relation", "household", "conflict",
                )
            ),
            definitions=("record/precedence.yaml",),
            side="crossing",
        ),
        Step(
            name="record.beside",
            function=beside,
            reads=("mapped.*",),
            writes=("record.source", "record.extract", *(f"record.{t}" for t in BESIDE), "record.spend_line"),
            definitions=("mappings",),
        ),
        Step(
            name="record.places",
            function=places,
            reads=("mapped.*.organisation", "mapped.*.provision"),
            writes=("record.organisation", "record.provision", "record.service"),
            definitions=("services",),
            files=tuple(p for n, p in place.reference.items() if n == "schools"),
        ),
        Step(
            name="record.areas",
            function=areas,
            writes=("record.area", "record.area_link", "record.area_value"),
            files=tuple(
                p
                for n, p in place.reference.items()
                if n in (*LOOKUPS, "population", "deprivation")
            ),
        ),
        *derived_steps(),
        *(_reconcile_step(place, source) for source in sources if has_headlines(source)),
        Step(
            name="record.reconciliation",
            function=reconciliations,
            reads=("reconciled.*",),
            writes=("record.reconciliation", "record.reconciliation_line"),
        ),
    ]  # fmt: skip


def _map_step(place: Place, source: str) -> Step:
    deliveries = place.of(source)
    maps = [mapping_for(source, d.year) for d in deliveries]
    about_persons = any(m.rows and m.child for m in maps)
    persons = ("identity.person_record", "identity.age") if about_persons else ()
    return Step(
        name=f"record.map-{source}",
        function=map_source,
        reads=(*(f"sources.{d.id}.*" for d in deliveries), *persons),
        writes=(f"mapped.{source}.*",),
        definitions=MAPPINGS,
        side="crossing",
        params={"source_id": source},
    )


def _table_step(name: str) -> Step:
    more = ("survey.measure",) if name == "measure" else ()
    return Step(
        name=f"record.{name}",
        function=put_together,
        reads=(
            f"mapped.*.{name}", f"mapped.*.{name}_history", "identity.person_record", "identity.residence", *more,
        ),
        writes=(f"record.{name}", f"record.{name}_history"),
        definitions=("mappings",),
        side="crossing",
        params={"table_name": name},
    )  # fmt: skip


def _reconcile_step(place: Place, source: str) -> Step:
    deliveries = place.of(source)
    return Step(
        name=f"record.reconcile-{source}",
        function=reconcile_source,
        reads=(
            *(f"sources.{d.id}.*" for d in deliveries), "record.source_row", "record.episode", "record.event",
        ),
        writes=(f"reconciled.{source}.*",),
        definitions=(f"record/reconcile/{source}.yaml", "mappings"),
        side="crossing",
        params={"source_id": source},
    )  # fmt: skip


def reconcile_source(*arguments: Any, place: Place, source_id: str) -> dict[str, pl.DataFrame]:
    """Headline counts of every delivery of a source beside the record.

    arguments: one dict of tables for each delivery, then source_row, episode and event of the record.
    """
    *deliveries, lines, episodes, events = arguments
    mine = nw.col("source_id") == source_id
    told = collect(lines.filter(nw.col("extract_id").is_in([d.id for d in place.of(source_id)])))
    record = {
        "episode": collect(with_attributes(episodes.filter(mine), "ls").drop("attributes")),
        "event": collect(events.filter(mine).drop("attributes")),
    }
    counts, apart = [], []
    for delivery, tables in zip(place.of(source_id), deliveries, strict=True):
        named = {n.removeprefix(f"sources.{delivery.id}."): collect(f) for n, f in tables.items()}
        extract = extract_of(place, delivery, mapping_for(source_id, delivery.year))
        own = told.filter(pl.col("extract_id") == delivery.id)
        count, differences = reconcile(headlines(source_id), extract, named, own, record)
        counts.append(count)
        apart.append(differences.with_columns(extract_id=pl.lit(delivery.id)))
    return {
        f"reconciled.{source_id}.reconciliation": pl.concat(counts),
        f"reconciled.{source_id}.reconciliation_line": pl.concat(apart),
    }


def reconciliations(parts: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """All sources' headline counts and their differences."""
    made = {}
    for name in ("reconciliation", "reconciliation_line"):
        frames = [collect(f) for n, f in sorted(parts.items()) if n.rpartition(".")[2] == name]
        declared = table(name)
        rows = pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()
        made[f"record.{name}"] = check(conform(rows, declared), declared)
    return made


def map_source(
    *arguments: Any, place: Place, source_id: str, workspace: Workspace | None = None
) -> dict[str, pl.DataFrame]:
    """All deliveries of one source through its mapping, merged; tables `mapped.<source>.<table>`.

    arguments: one dict of tables for each delivery, then, where the mapping is about persons,
    identity's person_record and age. workspace: holds the key that makes the ids of tokens opaque.
    """
    own = place.of(source_id)
    received = [
        _received(place, delivery, tables)
        for delivery, tables in zip(own, arguments[: len(own)], strict=True)
    ]
    ids = [d.id for d in own]
    pointers, ages = (_of_deliveries(f, ids) for f in (*arguments[len(own) :], None, None)[:2])
    keys = _no_records() if pointers is None else pointers
    made = build_source(source_id, received, keys, ages, partial(token_ids, place, workspace))
    extracts = [r.extract for r in received]
    for name in PLACED:
        if name in made:
            made[name] = assemble("measure", {source_id: made[name]}, pointers)
    made["source"] = conform(pl.DataFrame([source_row_of(source_id, extracts)]), table("source"))
    return {f"mapped.{source_id}.{name}": frame for name, frame in made.items()}


def _received(place: Place, delivery: Delivery, tables: dict[str, Any]) -> Received:
    """A delivery with the columns that its mapping reads; the others stay where they are."""
    mapping = mapping_for(delivery.source, delivery.year)
    wanted = {f"{c}{end}" for _, c in carried_columns(mapping) for end in ("", "__date", "__int")}
    wanted |= {"_row", "_file"}
    named = {n.removeprefix(f"sources.{delivery.id}."): f for n, f in tables.items()}
    kept = {
        name: collect(frame.select(*(c for c in frame.collect_schema().names() if c in wanted)))
        for name, frame in named.items()
        if not name.startswith("_")
    }
    files = collect(named["_files"]) if "_files" in named else None
    return Received(extract_of(place, delivery, mapping), kept, files)


def _of_deliveries(frame: Any, ids: list[str]) -> pl.DataFrame | None:
    return None if frame is None else collect(frame.filter(nw.col("delivery").is_in(ids)))


def put_together(
    current: dict[str, Any],
    superseded: dict[str, Any],
    pointers: Any,
    residence: Any,
    scored: Any = None,
    *,
    place: Place,
    table_name: str,
) -> dict[str, pl.DataFrame]:
    """One table of the record over all sources: what is believed now, and apart from it what was."""
    if table_name == "measure":
        received = {d.id: d.received_on for d in place.deliveries}
        asked = assemble(
            "measure", {"survey": survey_rows(scored, received)}, pointers, as_told=True
        )
        return {
            "record.measure": one_after_another("measure", {**current, "survey": asked}),
            "record.measure_history": one_after_another("measure", superseded),
        }
    return {
        f"record.{table_name}": assemble(table_name, current, pointers, residence),
        f"record.{table_name}_history": assemble(table_name, superseded, pointers, residence),
    }


def beside(mapped: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Sources, extracts, what became of every row, unknown codes, versions, sightings, spend lines."""
    made = {}
    for name in ("source", "extract", *BESIDE, "spend_line"):
        parts = [collect(f) for n, f in sorted(mapped.items()) if n.rpartition(".")[2] == name]
        rows = pl.concat(parts, how="diagonal_relaxed") if parts else pl.DataFrame()
        declared = table(name)
        shaped = conform(rows, declared).sort(declared.key, nulls_last=True)
        made[f"record.{name}"] = check(shaped, declared)
    return made


def places(
    bodies: dict[str, Any], provisions: dict[str, Any], place: Place
) -> dict[str, pl.DataFrame]:
    """Organisations of the sources and of the schools list, provisions, and the services' definitions."""
    listed = organisations(place)
    return {
        "record.organisation": assemble("organisation", {**bodies, "schools": listed}, None),
        "record.provision": assemble("provision", provisions, None),
        "record.service": check(services(), table("service")),
    }


def _no_records() -> pl.DataFrame:
    return pl.DataFrame(
        schema=dict.fromkeys(("delivery", "source_key", "source_record_id", "person_id"), pl.String)
    )
