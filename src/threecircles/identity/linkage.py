"""The command that links files: without it a council would need a workspace to try one pair of lists."""

from __future__ import annotations

import json
import resource
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.identity.ladder import Ladder, climbed
from threecircles.identity.persons import person_records
from threecircles.identity.records import Notes, link_records
from threecircles.identity.report import quality
from threecircles.identity.request import THRESHOLDS, LinkRequest, read_request, read_source


@dataclass(frozen=True)
class Linked:
    """person_record: source, record_id, person_id, band, p. link_edge: see `edges_out`. quality: JSON."""

    person_record: pl.DataFrame
    link_edge: pl.DataFrame
    quality: dict[str, object]
    ladder: Ladder


def link(
    sources_yaml: Path,
    out: Path,
    threshold: str = "generous",
    engine: str = "duckdb",
    seed: int | None = None,
) -> Linked:
    """Link the sources of a SOURCES.yaml and write what came of it.

    threshold: generous (.3, for statistics), balanced (.8) or careful (.95). seed: makes person ids
    reproducible; only for made-up people. Writes person_record.parquet, link_edge.parquet and
    quality.json into `out`. Needs no workspace and no other room. Raises UsageError.
    """
    request = read_request(sources_yaml)
    tables = {s.name: read_source(s, sources_yaml.parent) for s in request.sources}
    linked = link_tables(request, tables, threshold, engine, seed)
    out.mkdir(parents=True, exist_ok=True)
    for name, table in (("person_record", linked.person_record), ("link_edge", linked.link_edge)):
        aside = out / f".{name}.parquet"
        table.write_parquet(aside)
        aside.rename(out / f"{name}.parquet")
    (out / "quality.json").write_text(
        json.dumps(linked.quality, indent=1, ensure_ascii=False) + "\n"
    )
    return linked


def link_tables(
    request: LinkRequest,
    tables: dict[str, pl.DataFrame],
    threshold: str = "generous",
    engine: str = "duckdb",
    seed: int | None = None,
) -> Linked:
    """The same on tables in memory: source name -> text columns as the request names them."""
    if threshold not in THRESHOLDS:
        raise UsageError(
            "There is no such threshold.", found=threshold, allowed=", ".join(THRESHOLDS)
        )
    if engine != "duckdb":
        raise UsageError("Linkage runs on DuckDB here.", found=engine, allowed="duckdb")
    _check_ids(request, tables)
    notes = Notes()
    records = link_records(request, tables, notes)
    repeats = {
        s.name: None if s.duplicate_free is None else not s.duplicate_free for s in request.sources
    }
    ladder = climbed(records, THRESHOLDS[threshold], repeats=repeats)
    persons = person_records(ladder.records, ladder.person, ladder.edges, seed)
    told = quality(ladder, persons, notes, threshold)
    told["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Linked(persons.drop("rid"), edges_out(ladder), told, ladder)


def edges_out(ladder: Ladder) -> pl.DataFrame:
    """Candidate pairs: source_l, record_l, source_r, record_r, stage, rule, w, cap, w_adjusted (bits),
    p, band, and bits_<field>, which add up to w with the prior."""
    names = ladder.records.select("rid", "source", "record_id")
    bits = [c for c in ladder.edges.columns if c.startswith("mw_")]
    return (
        ladder.edges.join(names, left_on="rid_l", right_on="rid", maintain_order="left")
        .join(names, left_on="rid_r", right_on="rid", suffix="_r", maintain_order="left")
        .select(
            pl.col("source").alias("source_l"), pl.col("record_id").alias("record_l"),
            "source_r", pl.col("record_id_r").alias("record_r"),
            "stage", "rule", "w", "cap", "w_adjusted", "p", "band",
            *[pl.col(c).alias(c.replace("mw_", "bits_")) for c in bits],
        )
    )  # fmt: skip


def _check_ids(request: LinkRequest, tables: dict[str, pl.DataFrame]) -> None:
    """Record ids must be there and occur once: otherwise nothing could be given back."""
    for source in request.sources:
        ids = tables[source.name][source.record_id]
        if ids.null_count():
            row = int(ids.is_null().arg_true()[0]) + 1
            raise ThreeCirclesError(
                f"{ids.null_count():,} records have no record id.",
                where=f"{source.file}, row {row:,}, column {source.record_id}",
                mend="Give each row an id of its own.",
            )
        twice = ids.is_duplicated()
        if twice.any():
            row = int(twice.arg_true()[0]) + 1
            raise ThreeCirclesError(
                f"{int(twice.sum()):,} records share a record id with another.",
                where=f"{source.file}, row {row:,}, column {source.record_id}",
                mend="Number the rows, and give the person's number as an identifier instead.",
            )
