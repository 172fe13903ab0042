"""What the commands of the record do, as plain functions: the command line only prints what they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import narwhals as nw
import polars as pl

from threecircles.core import manifest
from threecircles.core.dates import year_end, year_start
from threecircles.core.engines import collect
from threecircles.core.errors import ThreeCirclesError, UsageError, did_you_mean
from threecircles.core.safety import Grant
from threecircles.core.workspace import open_workspace
from threecircles.definitions.place import load_place
from threecircles.record.areas import spread
from threecircles.record.derive.ended import ended
from threecircles.record.derive.stock import flows, stock
from threecircles.record.mapping.coverage import coverage
from threecircles.record.mapping.load import (
    carried_columns,
    load_mapping,
    mapping_for,
    mappings,
)
from threecircles.record.mapping.model import Mapping as MappingFile
from threecircles.record.read import read
from threecircles.record.schema import Table
from threecircles.record.tables import table as declared
from threecircles.record.vocabulary import process as known_process
from threecircles.sources import read as read_files
from threecircles.sources.declared import source as declared_source

Frames = Callable[[str], nw.LazyFrame | None]
"""Gives a table of a workspace by name, or None where the place has none."""

GROUPS = {"age": "age_in", "area": "lsoa21_in", "organisation": "org_id"}
"""What `--by` may say, with the column it counts by; each is an attribute a purpose must name."""


CHECKED: dict[str, pl.DataType | type[pl.DataType]] = {
    "rule": pl.Int64,
    "makes": pl.String,
    "from_table": pl.String,
    "columns_absent": pl.List(pl.String),
}


def stock_counts(
    frames: Frames, grant: Grant, process: str, day: date, by: Sequence[str] = ()
) -> pl.DataFrame:
    """How many rows and persons were in a process at the end of a day, and between what they may lie.

    by: age, area or organisation. Columns: by..., rows, persons, persons_seen (without those of whom the
    newest return no longer tells, or tells why it ended and not when), persons_end_lost (with those whose
    row ended on a day that cannot be right, as if they were still there), rows_end_lost (such rows).
    Counts are for a purpose; what is published goes through disclosure.
    """
    every, columns = _episodes(frames, grant, process, by)
    rows = ended(every)
    doubted = [nw.col("flags").list.contains(flag) for flag in ("lost_sight", "reason_without_end")]
    seen = rows.filter(~nw.any_horizontal(*doubted, ignore_nulls=True))
    counted, narrower, wider = (
        collect(stock(part, process, day, columns), columns) for part in (rows, seen, every)
    )
    joined = wider.select(*columns, rows_end_lost="rows", persons_end_lost="persons")
    for part in (counted, narrower.select(*columns, persons_seen="persons")):
        joined = (
            joined.join(part, on=columns, how="left", nulls_equal=True)
            if columns
            else joined.hstack(part)
        )
    told = joined.with_columns(pl.col("rows", "persons", "persons_seen").fill_null(0))
    return told.select(
        *columns,
        "rows",
        "persons",
        "persons_seen",
        "persons_end_lost",
        pl.col("rows_end_lost") - pl.col("rows"),
    )


def area_counts(
    frames: Frames, grant: Grant, process: str, day: date, vintage: str
) -> pl.DataFrame:
    """A stock by the areas of a vintage (for example pcon24), with the rate per 10,000 aged 0 to 17.

    Columns: code, rows, persons, population, rate, fit: `best fit` where small areas were shared out by a
    best-fit lookup. Who lives in no known area stands under `unknown`.
    """
    counted = stock_counts(frames, grant, process, day, ["area"]).select(
        "lsoa21_in", "rows", "persons"
    )
    values = _counts(frames, "record.area_value").filter(pl.col("measure_id") == "population")
    people = values.group_by(code=pl.col("code")).agg(population=pl.col("value").sum())
    rows = counted.rename({"lsoa21_in": "code"}).join(people, on="code", how="full", coalesce=True)
    rows = rows.with_columns(pl.col("rows", "persons", "population").fill_null(0))
    told = spread(
        rows.with_columns(from_vintage=pl.lit("lsoa21")),
        _counts(frames, "record.area_link"),
        vintage,
    )
    size = pl.when(pl.col("population") > 0).then(pl.col("population"))
    rate = (pl.col("persons") / size * 10_000).round(1)
    return told.with_columns(rate=rate).select(
        "code", "rows", "persons", "population", "rate", "fit"
    )


def flow_counts(
    frames: Frames, grant: Grant, process: str, year: int, by: Sequence[str] = ()
) -> pl.DataFrame:
    """Stock before, starts, ends, stock after and any point of the year ending 31 March `year`.

    Columns: by..., figure, rows, persons.
    """
    rows, columns = _episodes(frames, grant, process, by)
    found = flows(ended(rows), process, year_start(year), year_end(year), columns)
    order = pl.Enum(["stock_before", "starts", "ends", "stock_after", "any_point"])
    return collect(found).with_columns(pl.col("figure").cast(order)).sort(*columns, "figure")


def journey_of(frames: Frames, grant: Grant, person_id: str) -> pl.DataFrame:
    """One person's journey for a purpose: state, days, censoring, in order. Raises UsageError for a stranger."""
    rows = read("journey_state", grant=grant, frames=frames).open(grant)
    found = collect(rows.filter(nw.col("person_id") == person_id), ["n"])
    if not found.height:
        raise UsageError("The record has no journey of that person.", mend="Check the person_id.")
    return found


def reconciliation(frames: Frames, source_id: str = "") -> pl.DataFrame:
    """Headline counts of the returns beside the record, with the reasons in words; counts only."""
    found = _counts(frames, "record.reconciliation")
    if source_id:
        found = found.filter(pl.col("extract_id").is_in(_extracts(frames, source_id).implode()))
    return found


def check_reconciled(counts: pl.DataFrame) -> pl.DataFrame:
    """The counts themselves when every difference is explained; else raises ThreeCirclesError that names the first."""
    left = counts.filter(pl.col("unexplained") != 0)
    if left.height:
        first = left.row(0, named=True)
        raise ThreeCirclesError(
            f"{first['label']}: {first['unexplained']:,} of the difference is not explained.",
            where=f"{first['extract_id']}, {first['figure']}",
            found=f"{first['source_count']:,} in the return, {first['record_count']:,} in the record",
            mend="`threecircles record reconcile --lines` lists the rows; report it if no reason is found.",
        )
    return counts


def reconciliation_lines(
    frames: Frames, grant: Grant, figure: str = "", source_id: str = ""
) -> pl.DataFrame:
    """The rows behind each difference, under a purpose: extract, figure, side, person, reason in words."""
    rows = read("reconciliation_line", grant=grant, frames=frames).open(grant)
    found = collect(rows, ["extract_id", "figure", "side", "reason"])
    if source_id:
        found = found.filter(pl.col("extract_id").is_in(_extracts(frames, source_id).implode()))
    return found.filter(pl.col("figure") == figure) if figure else found


def unmapped(frames: Frames) -> pl.DataFrame:
    """Codes that no list holds, the commonest first."""
    return _counts(frames, "record.unmapped").sort("n_rows", descending=True)


def conflicts(frames: Frames, grant: Grant) -> pl.DataFrame:
    """Where sources disagree about a person, under a purpose."""
    return collect(
        read("conflict", grant=grant, frames=frames).open(grant), ["person_id", "attribute"]
    )


def check_source(source_id: str, folder: Path) -> None:
    """Raise UsageError when the place has nothing of that source."""
    held = dict.fromkeys(d.source for d in load_place(folder).deliveries)
    if source_id not in held:
        raise UsageError(
            f"The place has received nothing of the source {source_id}.",
            allowed=", ".join(held),
            mend=did_you_mean(source_id, held),
        )


def check_own_workspace(workspace: Path, folder: Path, day: date) -> None:
    """Raise UsageError when the workspace already holds what came after the day."""
    later = {d.id for d in load_place(folder).deliveries if d.received_on > day}
    entries = manifest.latest(open_workspace(workspace).manifest).values()
    held = {t.split(".")[1] for e in entries for t in e.outputs if t.startswith("sources.")}
    if later & held:
        raise UsageError(
            "This workspace already holds what came after that day.",
            where=str(workspace),
            found=", ".join(sorted(later & held)),
            mend="Name a new folder with --workspace: what was known then is built beside, never over, the rest.",
        )


def attributes_of(by: Sequence[str]) -> tuple[str, ...]:
    """The attributes that a purpose must name for counting by these."""
    return tuple("lsoa21" if b == "area" else b for b in by)


def sample_tables(path: Path, files: Sequence[Path]) -> dict[str, pl.DataFrame] | None:
    """The tables of a sample, read as the mapping's source; None without files."""
    if not files:
        return None
    mapping = load_mapping(path.read_text(encoding="utf-8"), path.name)
    return dict(read_files(list(files), return_name=mapping.source).tables)


def map_check(path: Path, tables: Mapping[str, pl.DataFrame] | None = None) -> pl.DataFrame:
    """A mapping file read and checked; with a sample's tables, what each rule would find in them.

    Columns: rule, makes, from_table, columns_absent (of a sample: columns the file does not have).
    Raises DefinitionError with file and line when it is broken.
    """
    mapping = load_mapping(path.read_text(encoding="utf-8"), path.name)
    rows = []
    for number, rule in enumerate(mapping.rows, 1):
        absent = None
        if tables is not None:
            held = {c for t in rule.tables if t in tables for c in tables[t].columns}
            wanted = {c for t, c in coverage_pairs(mapping) if t in rule.tables}
            absent = (
                sorted(wanted - held)
                if any(t in tables for t in rule.tables)
                else ["(no such table)"]
            )
        made = (
            rule.is_.get("process") or rule.is_.get("measure_id") or rule.is_.get("factor_id") or ""
        )
        rows.append(
            {
                "rule": number,
                "makes": f"{rule.make} {made}".strip(),
                "from_table": ", ".join(rule.tables),
                "columns_absent": absent,
            }
        )
    return pl.DataFrame(rows, schema=CHECKED)


def coverage_pairs(mapping: MappingFile) -> set[tuple[str, str]]:
    """(table, column) of all that a mapping's rules read and its source declares."""
    declared_columns = {
        (t.name, c.name) for t in declared_source(mapping.source).tables for c in t.columns
    }
    return carried_columns(mapping) & declared_columns


def map_coverage(source_id: str, year: int | None = None) -> pl.DataFrame:
    """Every column of a source: where it is carried, or why not. Columns: table, column, carried, why_not."""
    mapping = mappings(source_id)[-1] if year is None else mapping_for(source_id, year)
    return coverage(mapping, declared_source(source_id))


def schema(name: str) -> pl.DataFrame:
    """The declared columns of a table. Columns: column, type, key, nullable, unit, codes, sensitivity, description."""
    return schema_frame(declared(name))


def schema_frame(made: Table) -> pl.DataFrame:
    """A declared table as a frame, for the command and the manual."""
    return pl.DataFrame(
        [
            {
                "column": c.name,
                "type": c.kind,
                "key": c.key,
                "nullable": c.nullable,
                "unit": c.unit,
                "codes": ", ".join(c.codes),
                "sensitivity": c.sensitivity,
                "description": c.description,
            }
            for c in made.columns
        ]
    )


def _episodes(
    frames: Frames, grant: Grant, process: str, by: Sequence[str]
) -> tuple[nw.LazyFrame, list[str]]:
    known_process(process)
    unknown = [b for b in by if b not in GROUPS]
    if unknown:
        raise UsageError(
            f"Counting by {', '.join(unknown)} is not possible.", allowed=", ".join(GROUPS)
        )
    rows = read("episode", attributes_of(by), grant=grant, frames=frames).open(grant)
    # A token is one person inside one provider: it is no child of the area.
    rows = rows.filter(~nw.col("flags").list.contains("token_only"))
    return rows, [GROUPS[b] for b in by]


def _extracts(frames: Frames, source_id: str) -> pl.Series:
    return _counts(frames, "record.extract").filter(pl.col("source_id") == source_id)["extract_id"]


def _counts(frames: Frames, name: str) -> pl.DataFrame:
    found = frames(name)
    if found is None:
        raise ThreeCirclesError(
            f"The workspace has no table {name}.",
            mend="Run `threecircles run` for the place first.",
        )
    return collect(found)
