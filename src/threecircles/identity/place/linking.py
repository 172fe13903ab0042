"""A place's records made persons: the identity side's own step."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Place
from threecircles.identity import events
from threecircles.identity.identifiers import judge_column
from threecircles.identity.ladder import Ladder, climbed
from threecircles.identity.linkage import edges_out
from threecircles.identity.persons import fresh_ids, person_records
from threecircles.identity.place import store
from threecircles.identity.place.deliveries import FIELDS, linked_tables, one_per_key, rows
from threecircles.identity.pseudonyms import derived_key, short_code
from threecircles.identity.records import Notes, link_records
from threecircles.identity.request import THRESHOLDS, LinkRequest, LinkSource

_IDENTIFIER = dict.fromkeys(
    (
        "source_record_id",
        "source",
        "scheme",
        "value",
        "value_as_received",
        "status",
        "reason",
        "extract_id",
    ),
    pl.String,
)


def link_place(
    tables: Mapping[str, Any], place: Place, workspace: Workspace | None = None
) -> dict[str, pl.DataFrame]:
    """identity.link_record, link_edge, identifier and person_record of a place.

    tables: the place's source tables by name. workspace: holds the key that makes record ids
    opaque; a made-up place does without.
    """
    every = rows(place, tables)
    if every.is_empty():
        return _nothing()
    keys = one_per_key(every)
    asked = keys.filter("consented")
    kept = store.load(workspace)
    ladder, hidden = _climbed(place, asked, kept)
    kept, persons = _persons(ladder, kept, place)
    store.save(workspace, kept)
    ids = _opaque(keys, place, workspace)
    return {
        "identity.link_record": _link_records(keys, ids, ladder, kept.restricted),
        "identity.link_edge": edges_out(_without(ladder, hidden)),
        "identity.identifier": _identifiers(every, ids, place.fictitious),
        "identity.person_record": _person_records(every, ids, persons),
        "identity.person_event": _events(kept),
    }


def link_deliveries(
    *frames: Any, place: Place, workspace: Workspace | None = None
) -> dict[str, pl.DataFrame]:
    """The same from the tables in the order of `linked_tables`, None for one that was not received."""
    named = zip(linked_tables(place), frames, strict=True)
    return link_place({n: f for n, f in named if f is not None}, place, workspace)


def name_of(source: str, key: str) -> str:
    """The name of a record in the store and in review files: source|key."""
    return f"{source}|{key}"


def _persons(ladder: Ladder, kept: store.Store, place: Place) -> tuple[store.Store, pl.DataFrame]:
    """Persons keep their ids from run to run; what changed becomes events of the store."""
    table = person_records(ladder.records, ladder.person, ladder.edges, 0)
    names = [name_of(s, k) for s, k in table.select("source", "record_id").iter_rows()]
    clusters: dict[int, set[str]] = {}
    for name, number in zip(names, ladder.person.tolist(), strict=True):
        clusters.setdefault(number, set()).add(name)

    def ids(n: int, known: frozenset[str]) -> list[str]:
        return fresh_ids(n, place.seed if place.fictitious else None, known)

    state = events.relinked(
        kept.persons, [frozenset(c) for c in clusters.values()], cause="linkage", by="run", ids=ids,
        at=f"{_last_day(place)}T00:00:00+00:00" if place.fictitious else "",
    )  # fmt: skip
    given = pl.Series("person_id", [state.holder[n] for n in names], dtype=pl.String)
    return replace(kept, persons=state), table.with_columns(given)


def _without(ladder: Ladder, hidden: pl.DataFrame) -> Ladder:
    """Edges that may be shown: sealed pairs are nowhere."""
    return replace(
        ladder,
        edges=ladder.edges.join(hidden, on=["rid_l", "rid_r"], how="anti", maintain_order="left"),
    )


def _events(kept: store.Store) -> pl.DataFrame:
    """person_event: id, at, kind, from_ids, to_ids, cause, by, undoes. The first linkage is one row."""
    schema: dict[str, Any] = {
        "id": pl.Int64, "at": pl.String, "kind": pl.String, "from_ids": pl.List(pl.String), "to_ids": pl.List(pl.String),
        "cause": pl.String, "by": pl.String, "undoes": pl.Int64,
    }  # fmt: skip
    rows = [
        (e.id, e.at, e.kind, list(e.from_ids), list(e.to_ids), e.cause, e.by, e.undoes)
        for e in kept.persons.events
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _climbed(place: Place, keys: pl.DataFrame, kept: store.Store) -> tuple[Ladder, pl.DataFrame]:
    """One source of the ladder for each source of the place, keys as record ids."""
    schemes = [c for c in keys.columns if c.startswith("id_")]
    tables, sources = {}, []
    for name in keys["source"].unique(maintain_order=True):
        own = keys.filter(pl.col("source") == name)
        tables[name] = own.rename({"source_key": "record_id"})
        held = [c for c in schemes if _held(own, c)]
        sources.append(
            LinkSource(
                name=name,
                file="",
                record_id="record_id",
                **{f: f for f in (*FIELDS[:7], "expected_birth") if _held(own, f)},  # type: ignore[arg-type]
                identifiers={c.removeprefix("id_"): c for c in held},
            )
        )
    request = LinkRequest(
        sources=tuple(sources), fictitious=place.fictitious, as_of=_last_day(place)
    )
    records = link_records(request, tables, Notes())
    rid_of = {
        name_of(s, k): rid for rid, s, k in records.select("rid", "source", "record_id").iter_rows()
    }
    known = store.pairs(kept, rid_of, _last_day(place))
    ladder = climbed(
        records, THRESHOLDS["generous"], apart=known["apart"], together=known["together"]
    )
    return ladder, known["sealed"]


def _held(table: pl.DataFrame, column: str) -> bool:
    return column in table.columns and table[column].null_count() < len(table)


def _last_day(place: Place) -> Any:
    return max(d.received_on for d in place.deliveries)


def _opaque(keys: pl.DataFrame, place: Place, workspace: Workspace | None) -> pl.DataFrame:
    """source, source_key -> source_record_id: the same in every delivery and run, and not to be undone."""
    if place.fictitious or workspace is None:
        secret = hashlib.sha256(f"made-up place {place.id} {place.seed}".encode()).digest()
    else:
        secret = derived_key(workspace.key(), workspace.id, "source-record")
    pairs = keys.select("source", "source_key")
    made = [
        short_code(hmac.digest(secret, f"{s}\x1f{k}".encode(), "sha256"))
        for s, k in pairs.iter_rows()
    ]
    return pairs.with_columns(pl.Series("source_record_id", made, dtype=pl.String))


def _link_records(
    keys: pl.DataFrame, ids: pl.DataFrame, ladder: Ladder, restricted: frozenset[str]
) -> pl.DataFrame:
    """What the ladder compared, beside what the sources say of sex, ethnic group and death."""
    compared = ladder.records.select(
        "source", pl.col("record_id").alias("source_key"), "first", "surname", "dob", "year_only",
        "birth_year", pl.col("sex").alias("sex_compared"), pl.col("postcode").alias("postcode_compared"), "has_co_twin",
    )  # fmt: skip
    fields = [
        f for f in ("sex", "ethnicity", "death", "expected_birth", "postcode") if f in keys.columns
    ]
    table = keys.select("source", "source_key", "first_seen", "last_seen", *fields)
    joined = table.join(ids, on=["source", "source_key"]).join(
        compared, on=["source", "source_key"], how="left"
    )
    for field in ("ethnicity", "death", "expected_birth"):
        if field not in joined.columns:
            joined = joined.with_columns(pl.lit(None, dtype=pl.String).alias(field))
    return joined.with_columns(
        pl.coalesce("sex_compared", pl.lit("U")).alias("sex"),
        pl.col("postcode_compared").alias("postcode"),
        pl.col("ethnicity").str.strip_chars().str.to_uppercase().alias("ethnic_group"),
        pl.col("death").str.to_date("%Y-%m-%d", strict=False).alias("death_date"),
        pl.col("dob").str.to_date("%Y-%m-%d", strict=False).alias("birth_date"),
        (pl.col("source") + "|" + pl.col("source_key"))
        .is_in(sorted(restricted))
        .alias("restricted"),
    ).drop("sex_compared", "postcode_compared", "ethnicity", "death", "dob")


def _identifiers(every: pl.DataFrame, ids: pl.DataFrame, fictitious: bool) -> pl.DataFrame:
    """Every identifier ever received as a row, with its status; nothing is overwritten."""
    schemes = [c for c in every.columns if c.startswith("id_")]
    long = (
        every.select("source", "source_key", "delivery", "as_of", *schemes)
        .unpivot(
            schemes,
            index=["source", "source_key", "delivery", "as_of"],
            variable_name="scheme",
            value_name="value_as_received",
        )
        .filter(pl.col("value_as_received").is_not_null())
        .with_columns(pl.col("scheme").str.strip_prefix("id_"))
        .group_by("source", "source_key", "scheme", "value_as_received", maintain_order=True)
        .agg(
            pl.col("as_of").min().alias("first_seen"),
            pl.col("as_of").max().alias("last_seen"),
            pl.col("delivery").last().alias("extract_id"),
        )
    )
    parts = []
    for (scheme,), own in long.group_by("scheme", maintain_order=True):
        judged = judge_column(
            str(scheme).removeprefix("former_"), own["value_as_received"], fictitious=fictitious
        )
        former = pl.lit(str(scheme).startswith("former_")) & (pl.col("status") == "valid")
        status = pl.when(former).then(pl.lit("former")).otherwise("status").alias("status")
        parts.append(pl.concat([own, judged.with_columns(status)], how="horizontal"))
    if not parts:
        return pl.DataFrame(schema=_IDENTIFIER)
    return (
        pl.concat(parts)
        .join(ids, on=["source", "source_key"])
        .select(
            "source_record_id", "source", "scheme", "value", "value_as_received", "status", "reason",
            "first_seen", "last_seen", "extract_id",
        )
    )  # fmt: skip


def _person_records(every: pl.DataFrame, ids: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """One row per delivery and key; those who did not agree to linking have no person."""
    linked = persons.select(
        "source", pl.col("record_id").alias("source_key"), "person_id", "band", "p"
    )
    return (
        every.select("delivery", "source", "source_key")
        .unique(maintain_order=True)
        .join(ids, on=["source", "source_key"], maintain_order="left")
        .join(linked, on=["source", "source_key"], how="left", maintain_order="left")
        .with_columns(pl.col("band").fill_null("not_agreed"), pl.col("source").alias("source_id"))
        .select(
            "delivery",
            "source_id",
            "source",
            "source_key",
            "source_record_id",
            "person_id",
            "band",
            "p",
        )
    )


def _nothing() -> dict[str, pl.DataFrame]:
    text = dict.fromkeys(
        ("delivery", "source_id", "source", "source_key", "source_record_id", "person_id", "band"),
        pl.String,
    )
    empty = pl.DataFrame(schema=text | {"p": pl.Float64})
    return {
        f"identity.{n}": empty for n in ("link_record", "link_edge", "identifier", "person_record")
    }
