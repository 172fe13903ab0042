"""Persons, homes and ties as identity gives them, in the record's declared shape."""

from __future__ import annotations

from typing import Any

import polars as pl

from threecircles.core.engines import collect
from threecircles.definitions.place import Place
from threecircles.record.mapping.keys import row_ids
from threecircles.record.precedence import conflicts, precedence, settle
from threecircles.record.schema import check, conform
from threecircles.record.tables import table

NO_FLAGS = pl.lit([], dtype=pl.List(pl.String))


def people(
    person: Any,
    public: Any,
    pointers: Any,
    link_record: Any,
    residence: Any,
    relation: Any,
    household: Any,
    place: Place,
) -> dict[str, pl.DataFrame]:
    """The tables person, person_public, person_record, residence, relation, household and conflict.

    All arguments are identity's tables, None where identity made none.
    """
    records = _frame(pointers)
    facts = _facts(_frame(link_record), records)
    disputed = conflicts(facts, precedence())
    settled = settle(_frame(person), disputed) if person is not None else pl.DataFrame()
    open_view = settle(_frame(public), disputed) if public is not None else pl.DataFrame()
    received = {d.id: d.received_on for d in place.deliveries}
    made = {
        "person": settled,
        "person_public": open_view,
        "person_record": _pointers(records),
        "residence": _with_lineage(
            _frame(residence), "residence", received, ("kind", "valid_from")
        ),
        "relation": _with_lineage(
            _frame(relation),
            "relation",
            received,
            ("person_id", "other_person_id", "kind", "valid_from"),
        ),
        "household": _frame(household),
        "conflict": disputed,
    }
    return {
        f"record.{name}": check(conform(_declared(frame, name), table(name)), table(name))
        for name, frame in made.items()
    }


def _frame(value: Any) -> pl.DataFrame:
    return pl.DataFrame() if value is None else collect(value)


def _declared(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(c for c in frame.columns if c in table(name).names)


def _facts(links: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """What each source record says of its person."""
    if not links.width or not records.width:
        return pl.DataFrame(schema={"person_id": pl.String, "source": pl.String})
    told = links.select("source_record_id", "source", "sex", "ethnic_group", "death_date")
    persons = records.select("source_record_id", "person_id").unique("source_record_id")
    return (
        told.join(persons, on="source_record_id")
        .filter(pl.col("person_id").is_not_null())
        .with_columns(death_month=pl.col("death_date").dt.strftime("%Y-%m-01"))
    )


def _pointers(records: pl.DataFrame) -> pl.DataFrame:
    if not records.width:
        return records
    named = records if "source_id" in records.columns else records.rename({"source": "source_id"})
    return named.unique("source_record_id", keep="first", maintain_order=True).sort(
        "source_record_id"
    )


def _with_lineage(
    frame: pl.DataFrame, name: str, received: dict[str, Any], parts: tuple[str, ...]
) -> pl.DataFrame:
    """Adds row_id and the columns every row of a source carries; identity is the source where it inferred."""
    if not frame.width:
        return frame
    absent = {
        "source_id": pl.lit("identity"),
        "extract_id": pl.lit("identity"),
        "source_record_id": pl.lit(None, dtype=pl.String),
    }
    frame = frame.with_columns(e.alias(n) for n, e in absent.items() if n not in frame.columns)
    latest = max(received.values(), default=None)
    frame = frame.with_columns(
        pl.col(n).fill_null(pl.lit("identity")) for n in ("source_id", "extract_id")
    ).with_columns(
        known_from=pl.col("extract_id").replace_strict(
            received, default=latest, return_dtype=pl.Date
        ),
        flags=NO_FLAGS,
        _table=pl.lit(name),
    )
    frame = frame.with_columns(last_seen=pl.col("known_from"))
    keys = ["_table", "source_id", "source_record_id", *parts]
    frame = frame.sort(keys, nulls_last=True, maintain_order=True).with_columns(
        _ordinal=pl.int_range(pl.len()).over(keys)
    )
    return frame.with_columns(row_ids(frame, [*keys, "_ordinal"])).sort("row_id")
