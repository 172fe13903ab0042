"""The command that links files: without it a council would need a workspace to try one pair of lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.memory import peak_memory_mb
from threecircles.identity import review
from threecircles.identity.by_group import record_groups
from threecircles.identity.ladder import ENGINES, Ladder, climbed
from threecircles.identity.persons import person_records
from threecircles.identity.records import Notes, link_records
from threecircles.identity.report import quality
from threecircles.identity.request import (
    THRESHOLDS,
    LinkRequest,
    LinkSource,
    read_request,
    read_source,
)
from threecircles.identity.retrain import Retrained, retrained
from threecircles.identity.review import Answered


@dataclass(frozen=True)
class Linked:
    """person_record: source, record_id, person_id, band, p. link_edge: see `edges_out`. quality: JSON.

    refused: source, row, record_id, reason of rows that could not be linked. problems: sentences. retrained: what reviewers' answers changed, when that was asked for.
    """

    person_record: pl.DataFrame
    link_edge: pl.DataFrame
    quality: dict[str, object]
    ladder: Ladder
    refused: pl.DataFrame
    problems: tuple[str, ...] = ()
    retrained: Retrained | None = None


def link(
    sources_yaml: Path,
    out: Path,
    threshold: str = "generous",
    engine: str = "duckdb",
    seed: int | None = None,
    answers: Sequence[Answered] = (),
    retrain: bool = False,
) -> Linked:
    """Link the sources of a SOURCES.yaml and write what came of it.

    threshold: generous (.3, for statistics), balanced (.8) or careful (.95). seed: makes person ids
    reproducible; only for made-up people. answers: of reviewers; they stand above every score. retrain: learn from them as well, and say what changed
    (retrained.csv). Writes person_record.parquet, link_edge.parquet,
    record_group.parquet and quality.json into `out`. Needs no workspace and no other room. Raises UsageError.
    """
    request = read_request(sources_yaml)
    tables = {s.name: read_source(s, sources_yaml.parent) for s in request.sources}
    linked = link_tables(request, tables, threshold, engine, seed, answers, retrain)
    out.mkdir(parents=True, exist_ok=True)
    for name, table in (
        ("person_record", linked.person_record),
        ("link_edge", linked.link_edge),
        ("record_group", record_groups(linked.ladder)),
    ):
        aside = out / f".{name}.parquet"
        table.write_parquet(aside)
        aside.rename(out / f"{name}.parquet")
    (out / "quality.json").write_text(
        json.dumps(linked.quality, indent=1, ensure_ascii=False) + "\n"
    )
    if linked.retrained:
        linked.retrained.changes.write_csv(out / "retrained.csv")
    if linked.refused.height:
        linked.refused.write_csv(out / "refused.csv")
    return linked


def link_tables(
    request: LinkRequest,
    tables: dict[str, pl.DataFrame],
    threshold: str = "generous",
    engine: str = "duckdb",
    seed: int | None = None,
    answers: Sequence[Answered] = (),
    retrain: bool = False,
) -> Linked:
    """The same on tables in memory: source name -> text columns as the request names them."""
    if threshold not in THRESHOLDS:
        raise UsageError(
            "There is no such threshold.", found=threshold, allowed=", ".join(THRESHOLDS)
        )
    if engine not in ENGINES:
        raise UsageError("There is no such engine.", found=engine, allowed=", ".join(ENGINES))
    notes = Notes()
    tables = {s.name: with_ids(s, tables[s.name], notes) for s in request.sources}
    if not sum(len(t) for t in tables.values()):
        raise ThreeCirclesError(
            "No source has a row to link.",
            where=", ".join(tables),
            mend="Look whether the right files are named.",
        )
    records = link_records(request, tables, notes)
    repeats = {
        s.name: None if s.duplicate_free is None else not s.duplicate_free for s in request.sources
    }
    decided = review.decided(records, answers)
    ladder = climbed(
        records, THRESHOLDS[threshold], repeats=repeats, apart=decided["different"],
        together=decided["same"], engine=engine,
    )  # fmt: skip
    taught = retrained(ladder, answers, THRESHOLDS[threshold]) if retrain else None
    ladder = taught.ladder if taught else ladder
    if not ladder.model.comparisons:
        notes.problems.append(
            str(
                ThreeCirclesError(
                    "Nothing is compared, so every record stays alone.",
                    where=", ".join(tables),
                    mend="Name the columns of names, birth dates, postcodes or identifiers that two records hold.",
                )
            )
        )
    notes.problems += [
        str(
            ThreeCirclesError(
                f"{n:,} records cannot be told apart and are left unlinked.",
                where=source,
                found="one name, birth date and everything else",
                mend="Look whether they are test entries, or say duplicate_free: false for the source.",
            )
        )
        for source, n in ladder.left_out.items()
    ]
    persons = person_records(ladder.records, ladder.person, ladder.edges, seed)
    told = quality(ladder, persons, notes, threshold)
    told["peak_memory_mb"] = int(peak_memory_mb() or 0)
    schema = {"source": pl.String, "row": pl.Int64, "record_id": pl.String, "reason": pl.String}
    refused = pl.DataFrame(notes.refused_records, schema=schema)
    told |= {
        "records_in": len(records) + len(refused),
        "refused_records": len(refused),
        "problems": notes.problems,
    }
    return Linked(
        persons.drop("rid"), edges_out(ladder), told, ladder, refused, tuple(notes.problems), taught
    )


def edges_out(ladder: Ladder) -> pl.DataFrame:
    """Candidate pairs: source_l, record_l, source_r, record_r, stage, rule, w, cap, w_adjusted (bits),
    p, band, why (a pair waits for review: tie, strain, alert, near the threshold) and bits_<field>, which add up to w with the prior."""
    names = ladder.records.select("rid", "source", "record_id")
    bits = [c for c in ladder.edges.columns if c.startswith("mw_")]
    return (
        ladder.edges.join(names, left_on="rid_l", right_on="rid", maintain_order="left")
        .join(names, left_on="rid_r", right_on="rid", suffix="_r", maintain_order="left")
        .select(
            pl.col("source").alias("source_l"), pl.col("record_id").alias("record_l"),
            "source_r", pl.col("record_id_r").alias("record_r"),
            "stage", "rule", "w", "cap", "w_adjusted", "p", "band", "why",
            *[pl.col(c).alias(c.replace("mw_", "bits_")) for c in bits],
        )
    )  # fmt: skip


def with_ids(source: LinkSource, table: pl.DataFrame, notes: Notes) -> pl.DataFrame:
    """The rows that can be given back: with a record id, and the first of those that share one.

    The others are refused, each with its row, and named in the notes: nothing is dropped in silence.
    """
    ids = table[source.record_id]
    refused = ids.is_null() | ~ids.is_first_distinct()
    if not refused.any():
        return table
    notes.refused_records += [
        {"source": source.name, "row": row + 1, "record_id": ids[row], "reason": "no record id" if ids[row] is None else "record id occurs before"}
        for row in refused.arg_true()
    ]  # fmt: skip
    for wrong, what, mend in (
        (ids.is_null(), "have no record id", "Give each row an id of its own."),
        (refused & ids.is_not_null(), "share a record id with an earlier row",
         "Number the rows, and give the person's number as an identifier instead."),
    ):  # fmt: skip
        if wrong.any():
            row = int(wrong.arg_true()[0]) + 1
            where = f"{source.file or source.name}, row {row:,}, column {source.record_id}"
            told = f"{int(wrong.sum()):,} records {what}; they are refused, the rest is linked."
            notes.problems.append(
                str(
                    ThreeCirclesError(
                        told, where=where, allowed="one id a row, each once", mend=mend
                    )
                )
            )
    return table.filter(~refused)
