"""All deliveries of one source into the record, counted: nothing is lost between a file and a table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from threecircles.core.dates import year_start
from threecircles.core.errors import ThreeCirclesError
from threecircles.definitions.place import Delivery, Place
from threecircles.record.mapping.apply import Extract, Mapped, Opaque, apply_mapping
from threecircles.record.mapping.load import all_attribute_keys, mapping_for
from threecircles.record.mapping.model import Mapping as MappingFile
from threecircles.record.merge import finish, history_from, merge
from threecircles.record.schema import Table, conform
from threecircles.record.tables import table
from threecircles.record.tables.columns import ROW_ID
from threecircles.record.vocabulary import processes
from threecircles.sources.declared import source as declared_source

VERSIONED = ("episode", "event", "measure", "factor", "organisation", "provision")
"""Tables that keep every version they ever had."""

FILLED_LATER = {
    "person_id",
    "lsoa21_in",
    "last_seen",
    "known_from",
    "known_to",
}


@dataclass(frozen=True)
class Received:
    """One delivery as the build needs it: who sent what, when, and its tables."""

    extract: Extract
    tables: Mapping[str, pl.DataFrame]
    files: pl.DataFrame | None = None


def extract_of(place: Place, delivery: Delivery, mapping: MappingFile) -> Extract:
    """What a delivery of a place claims, by its source's mapping.

    A window is the year that ends on its day; a snapshot and a longitudinal extract tell of the day.
    """
    window = mapping.extract.shape == "window"
    return Extract(
        id=delivery.id,
        source_id=delivery.source,
        la_code=place.la_code,
        as_of=delivery.as_of,
        received_on=delivery.received_on,
        period_start=year_start(delivery.year) if window else delivery.as_of,
        period_end=delivery.as_of,
        shape=mapping.extract.shape,
        absence=mapping.extract.absence,
        expected_lag_days=mapping.extract.expected_lag_days,
        received_assumed=delivery.received_on == delivery.as_of,
    )


def build_source(
    source_id: str,
    received: Iterable[Received],
    records: pl.DataFrame,
    ages: pl.DataFrame | None = None,
    opaque: Opaque | None = None,
) -> dict[str, pl.DataFrame]:
    """Every table one source makes, over all its deliveries.

    records: delivery, source_key, source_record_id of the source's persons. ages: delivery, table, row,
    column, age. opaque: makes record ids of tokens. Gives, where the source
    makes them, `episode`, `event`, `measure`, `factor`, `organisation`, `provision` (current belief)
    and each with `_history` (superseded), `spend_line`, and always `source_row`, `unmapped`, `version`,
    `sighting`, `extract`. Raises ThreeCirclesError when a row would be lost.
    """
    source = declared_source(source_id)
    pairs = sorted(received, key=lambda r: r.extract.order)
    mapped: list[tuple[Extract, Mapped]] = []
    for one in pairs:
        mapping = mapping_for(source_id, one.extract.period_end.year)
        keys = records.filter(pl.col("delivery") == one.extract.id)
        aged = None if ages is None else ages.filter(pl.col("delivery") == one.extract.id)
        done = apply_mapping(mapping, source, one.extract, one.tables, keys, aged, opaque)
        conserve(one, done)
        mapped.append((one.extract, done))
    made = _merged(source_id, mapped)
    made["unmapped"] = unmapped_codes(m.unmapped for _, m in mapped)
    made["extract"] = conform(pl.DataFrame([_extract_row(r) for r in pairs]), table("extract"))
    return made


def conserve(received: Received, mapped: Mapped) -> None:
    """Raise ThreeCirclesError, naming the place, unless every row kept by sources has one outcome."""
    extract, lines = received.extract, mapped.source_rows
    for name, rows in received.tables.items():
        told = lines.filter(pl.col("source_table") == name) if lines.height else lines
        if told.height != rows.height or (
            told.height and told["source_row"].n_unique() != rows.height
        ):
            seen = set(told["source_row"].to_list()) if told.height else set()
            lost = next((r for r in rows["_row"].to_list() if r not in seen), None)
            raise ThreeCirclesError(
                "A row of the source has no outcome; the record would lose it.",
                where=f"{extract.id}, {name}, row {lost}",
                found=f"{told.height:,} outcomes for {rows.height:,} rows",
                mend="Every row is mapped, left out by a rule or refused; report this as a fault.",
            )
    if lines.height:
        silent = lines.filter((pl.col("outcome") != "mapped") & pl.col("reason").is_null())
        if silent.height:
            at = silent.row(0, named=True)
            raise ThreeCirclesError(
                "A row was left out and nobody said why.",
                where=f"{extract.id}, {at['source_table']}, row {at['source_row']}",
            )


def unmapped_codes(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Codes that no list of their year holds, over all extracts (the table `unmapped`)."""
    found = [p for p in parts if p.height]
    if not found:
        return conform(pl.DataFrame(schema={"source_id": pl.String}), table("unmapped"))
    code = ["source_id", "table", "column", "raw", "codes"]
    counted = (
        pl.concat(found, how="diagonal")
        # One column may feed two rules of an extract: its rows count once there, and add over extracts.
        .group_by(*code, "extract_id", "year")
        .agg(
            pl.col("n_rows", "n_children").max(),
            pl.col("first_row").min(),
            pl.col("nearest").first(),
        )
        .sort(*code, "extract_id")
        .group_by(code, maintain_order=True)
        .agg(
            pl.col("n_rows").sum(),
            pl.col("n_children").max(),
            pl.col("first_row").first(),
            years=pl.col("year").unique().sort(),
            nearest=pl.col("nearest").first(),
        )
    )
    return conform(counted, table("unmapped"))


def _merged(source_id: str, mapped: list[tuple[Extract, Mapped]]) -> dict[str, pl.DataFrame]:
    extracts = [extract for extract, _ in mapped]
    made: dict[str, pl.DataFrame] = {}
    versions, sightings, renamed = [], [], []
    bridges = {p.id: p.bridge_days for p in processes().values()}
    for name in dict.fromkeys(n for _, m in mapped for n in m.rows):
        if name not in VERSIONED:
            made[name] = _unversioned(name, [m.rows[name] for _, m in mapped if name in m.rows])
            continue
        stored = _stored(table(name))
        attributes = all_attribute_keys(name) or ("none",)
        parts = [
            (e, conform(_only(m.rows[name], stored), stored, attributes))
            for e, m in mapped
            if name in m.rows
        ]
        state = merge(parts, bridges)
        renamed.append(state.renamed)
        for kind, frame in zip((name, f"{name}_history"), finish(state, extracts), strict=True):
            made[kind] = _only(frame, table(name))
        versions.append(state.changes.with_columns(table=pl.lit(name)))
        sightings.append(state.sightings.with_columns(table=pl.lit(name)))
    made["version"] = _beside("version", versions)
    made["sighting"] = _beside("sighting", sightings)
    told = _joined([m.source_rows for _, m in mapped])
    made["source_row"] = conform(_standing(told, renamed), table("source_row"))
    return made


def _standing(lines: pl.DataFrame, renamed: list[pl.DataFrame]) -> pl.DataFrame:
    """Lines of source rows with the ids under which their record rows stand."""
    named = pl.concat(renamed) if renamed else pl.DataFrame()
    if not named.height or not lines.height:
        return lines
    touched = lines.with_row_index("_line").explode("row_ids")
    touched = touched.join(
        named.unique(["extract_id", "row_id"]),
        left_on=["extract_id", "row_ids"], right_on=["extract_id", "row_id"], how="left",
    )  # fmt: skip
    ids = (
        touched.with_columns(_now=pl.coalesce("stands_as", "row_ids"))
        .group_by("_line")
        .agg(_ids=pl.col("_now").drop_nulls().sort())
        .sort("_line")
    )
    now = pl.when(pl.col("row_ids").is_not_null()).then(ids["_ids"])
    return lines.with_columns(row_ids=now)


def _stored(declared: Table) -> Table:
    """What a version holds before persons and homes are looked up; row_id is what versions share."""
    kept = tuple(c for c in declared.columns if c.name not in FILLED_LATER)
    return replace(declared, columns=kept if ROW_ID in kept else (ROW_ID, *kept))


def _only(rows: pl.DataFrame, declared: Table) -> pl.DataFrame:
    return rows.select(c for c in rows.columns if c in declared.names)


def _unversioned(name: str, parts: list[pl.DataFrame]) -> pl.DataFrame:
    declared = table(name)
    rows = _joined(parts).with_columns(pl.col("row_id").alias(declared.key[0]))
    if name == "activity":
        # The same session or period told again replaces what was told before.
        rows = rows.unique(subset=["activity_id"], keep="last", maintain_order=True)
        return conform(_only(rows, declared), declared)
    rows = rows.with_columns(pl.lit("1").alias("source_version"))
    # A later delivery for the same year replaces the earlier one line by line.
    rows = rows.unique(subset=["row_id", "year"], keep="last", maintain_order=True)
    spend_id = pl.concat_str(pl.col("row_id"), pl.col("year").cast(pl.String), separator="-")
    return conform(_only(rows.with_columns(spend_id=spend_id), declared), declared)


def _beside(name: str, parts: list[pl.DataFrame]) -> pl.DataFrame:
    declared = table(name)
    if not parts:
        return conform(pl.DataFrame(), declared)
    return conform(pl.concat(parts, how="diagonal_relaxed"), declared)


def _joined(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    filled = [p for p in parts if p.width]
    return pl.concat(filled, how="diagonal_relaxed") if filled else pl.DataFrame()


def _extract_row(received: Received) -> dict[str, object]:
    extract, files = received.extract, received.files
    counts = {
        name: int(files[name].sum() or 0) if files is not None and name in files.columns else None
        for name in ("rows_in", "rows_kept", "rows_rejected")
    }
    sha = None
    if files is not None and "sha256" in files.columns and files.height:
        digests = "".join(sorted(files["sha256"].drop_nulls().to_list()))
        sha = hashlib.sha256(digests.encode()).hexdigest()
    return {
        "extract_id": extract.id,
        "source_id": extract.source_id,
        "la_code": extract.la_code,
        "as_of": extract.as_of,
        "received_on": extract.received_on,
        "period_start": extract.period_start,
        "period_end": extract.period_end,
        "shape": extract.shape,
        "absence": extract.absence,
        "sha256": sha,
        **counts,
    }


def source_row_of(source_id: str, extracts: list[Extract]) -> dict[str, object]:
    """The line of the table `source`: its name, shape, and the day its history begins."""
    mapping = mapping_for(source_id, max(e.period_end.year for e in extracts))
    return {
        "source_id": source_id,
        "label": declared_source(source_id).label,
        "kind": mapping.extract.shape,
        "history_from": history_from(extracts),
    }
