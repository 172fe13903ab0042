"""The return beside the record: every difference has a list, and what no list explains is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import duckdb
import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.spill import sealed
from threecircles.definitions import HOME, Definition, load
from threecircles.record.derive.ended import ended
from threecircles.record.mapping.apply import Extract
from threecircles.record.schema import conform
from threecircles.record.tables import table

LOST = "open in an earlier return and not shown in this one"
LATER = "a later delivery says otherwise"
NEWER = "came with another delivery"
EARLY_END = "the end lies before the start, so the end is unknown"
DAY_LOST = "a reason for ending and no day, so it has ended on a day that is unknown"
ONE_PERSON = "several numbers linked to one person"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One headline count, on both sides.

    unit: rows or children. from_, where: the source's table and its rows in DuckDB SQL ($first and
    $last are the period's days). table, process: where the record holds them. within: all, day (open at
    the end of the last day), year (begun in the period) or ended (with an end). without: attribute
    values left out. not_made: why the mapping makes no such row, in words.
    """

    id: str
    label: str
    unit: Literal["rows", "children"]
    from_: str
    where: str
    table: Literal["episode", "event"]
    process: str
    within: Literal["all", "day", "year", "ended"]
    without: dict[str, tuple[str, ...]] = field(default_factory=dict)
    not_made: str = "the mapping makes no such row of it"


@dataclass(frozen=True, kw_only=True)
class Reconcile(Definition):
    """The headline counts of one source (definitions/record/reconcile/<source>.yaml). key: the child's number."""

    key: str
    figures: tuple[Figure, ...]


def has_headlines(source_id: str) -> bool:
    """True when headline counts are defined for the source."""
    return (HOME / "record" / "reconcile" / f"{source_id}.yaml").exists()


def headlines(source_id: str) -> Reconcile:
    """The headline counts of a source. Raises DefinitionError when none are defined."""
    return load(f"record/reconcile/{source_id}", Reconcile)


def reconcile(
    rule: Reconcile,
    extract: Extract,
    tables: Mapping[str, pl.DataFrame],
    lines: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each headline count from the source and from the record, and a line for every difference.

    tables: the extract's tables as sources typed them. lines: source_row of the extract. record:
    episode (with the attributes that figures name as columns) and event, of the source. Gives the table `reconciliation` and the child-level lines: figure,
    side (source, record), source_table, source_row, person_id, reason.
    """
    told, differences = [], []
    for figure in rule.figures:
        if figure.from_ not in tables:
            continue
        count, apart = _figure(rule, figure, extract, tables, lines, record)
        told.append(count)
        differences.append(apart)
    counts = conform(pl.DataFrame(told), table("reconciliation"))
    return counts, pl.concat(differences) if differences else pl.DataFrame(schema=LINE)


LINE: dict[str, pl.DataType | type[pl.DataType]] = {
    "figure": pl.String,
    "side": pl.String,
    "source_table": pl.String,
    "source_row": pl.Int64,
    "person_id": pl.String,
    "reason": pl.String,
}


def _figure(
    rule: Reconcile,
    figure: Figure,
    extract: Extract,
    tables: Mapping[str, pl.DataFrame],
    lines: pl.DataFrame,
    record: Mapping[str, pl.DataFrame],
) -> tuple[dict[str, object], pl.DataFrame]:
    said = _said(rule, figure, extract, tables[figure.from_])
    every = record[figure.table].filter(
        (pl.col("process") == figure.process) & (pl.col("source_id") == extract.source_id)
    )
    stands = lines["row_ids"].explode().drop_nulls()
    every = every.with_columns(_in_extract=pl.col("row_id").is_in(stands.implode()))
    counted = _counted(figure, extract, every)
    made = _made(said, figure, lines, every, counted)
    only = counted.filter(~pl.col("row_id").is_in(made["row_id"].drop_nulls().implode()))
    only = only.with_columns(reason=_why_only(extract))
    unmatched = made.filter(~pl.col("in_record")).with_columns(reason=_why_missing(figure, extract))
    if figure.unit == "rows":
        reasons = _tally(unmatched, "_row", -1) | _tally(only, "row_id", 1)
        source_count, record_count = said.height, counted.height
    else:
        reasons, source_count, record_count = _children(made, unmatched, only, counted, said)
    explained = sum(reasons.values())
    left = record_count - source_count - explained
    because = "; ".join(f"{abs(n):,} {why}" for why, n in reasons.items() if n) or "the two agree"
    return {
        "extract_id": extract.id,
        "figure": figure.id,
        "label": figure.label,
        "source_count": source_count,
        "record_count": record_count,
        "explained": explained,
        "unexplained": left,
        "because": because,
    }, _lines(figure, unmatched, only)


def _said(rule: Reconcile, figure: Figure, extract: Extract, frame: pl.DataFrame) -> pl.DataFrame:
    """The source's own count: _row and the child's number of the rows that the SQL takes."""
    first, last = (f"date '{d}'" for d in (extract.period_start, extract.period_end))
    where = figure.where.replace("$first", first).replace("$last", last)
    with sealed(duckdb.connect()) as connection:
        connection.register("rows", frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
        found = connection.execute(
            f'select _row, "{rule.key}" as source_key from rows where {where}'
        ).to_arrow_table()
    told = pl.from_arrow(found)
    assert isinstance(told, pl.DataFrame)
    return told.with_columns(pl.col("_row").cast(pl.Int64))


def _counted(figure: Figure, extract: Extract, every: pl.DataFrame) -> pl.DataFrame:
    """The record's count: the rows that the figure takes."""
    begun = "valid_from" if figure.table == "episode" else "on_date"
    # An end that cannot be right is an end, as it is in the return.
    rows = every if figure.table == "event" else _ended(every)
    for name, values in figure.without.items():
        rows = rows.filter(~pl.col(name).is_in(values).fill_null(False))
    if figure.within == "day":
        still = pl.col("valid_to").is_null() | (pl.col("valid_to") > extract.period_end)
        return rows.filter((pl.col("valid_from") <= extract.period_end) & still)
    if figure.within == "year":
        return rows.filter(pl.col(begun).is_between(extract.period_start, extract.period_end))
    if figure.within == "ended":
        rows = rows.filter(pl.col("valid_to").is_not_null())
    return rows.filter(pl.col("_in_extract"))


def _ended(episodes: pl.DataFrame) -> pl.DataFrame:
    return collect(ended(nw.from_native(episodes.lazy())))


def _made(
    said: pl.DataFrame,
    figure: Figure,
    lines: pl.DataFrame,
    every: pl.DataFrame,
    counted: pl.DataFrame,
) -> pl.DataFrame:
    """Each source row of the count with the record row it became, if any, and whether that is counted."""
    told = lines.filter(pl.col("source_table") == figure.from_).select(
        "source_row", "outcome", "reason", row_id="row_ids"
    )
    ids = told.explode("row_id").filter(
        pl.col("row_id").is_null() | pl.col("row_id").is_in(every["row_id"].implode())
    )
    held = every.select("row_id", "person_id", "flags", now="extract_id")
    return (
        said.join(told.drop("row_id"), left_on="_row", right_on="source_row", how="left")
        .join(ids.select("source_row", "row_id"), left_on="_row", right_on="source_row", how="left")
        .join(held, on="row_id", how="left")
        .with_columns(
            in_record=pl.col("row_id").is_in(counted["row_id"].implode()).fill_null(False),
            source_table=pl.lit(figure.from_),
        )
    )


def _why_missing(figure: Figure, extract: Extract) -> pl.Expr:
    return (
        pl.when(pl.col("outcome") == "refused")
        .then(pl.lit("refused: ") + pl.col("reason"))
        .when(pl.col("row_id").is_null())
        .then(pl.lit(figure.not_made))
        .when(pl.col("flags").list.contains("end_before_start"))
        .then(pl.lit(EARLY_END))
        .when(pl.col("flags").list.contains("end_day_lost"))
        .then(pl.lit(DAY_LOST))
        .when(pl.col("now") != extract.id)
        .then(pl.lit(LATER))
    )


def _why_only(extract: Extract) -> pl.Expr:
    return (
        pl.when(pl.col("flags").list.contains("lost_sight"))
        .then(pl.lit(LOST))
        .when(pl.col("flags").list.contains("end_before_start"))
        .then(pl.lit(EARLY_END))
        .when(pl.col("flags").list.contains("end_day_lost"))
        .then(pl.lit(DAY_LOST))
        .when(pl.col("extract_id") != extract.id)
        .then(pl.lit(NEWER))
    )


def _children(
    made: pl.DataFrame,
    unmatched: pl.DataFrame,
    only: pl.DataFrame,
    counted: pl.DataFrame,
    said: pl.DataFrame,
) -> tuple[dict[str, int], int, int]:
    """Differences in children: numbers without a counted row, persons without a counted number, merged numbers."""
    matched = made.filter("in_record")
    keys, persons = matched["source_key"].n_unique(), matched["person_id"].n_unique()
    missing = unmatched.filter(~pl.col("source_key").is_in(matched["source_key"].implode()))
    missing = missing.unique("source_key", keep="first", maintain_order=True)
    added = only.filter(~pl.col("person_id").is_in(matched["person_id"].implode()))
    added = added.unique("person_id", keep="first", maintain_order=True)
    reasons = _tally(missing, "source_key", -1) | _tally(added, "person_id", 1)
    if keys != persons:
        reasons[ONE_PERSON] = persons - keys
    return reasons, said["source_key"].n_unique(), counted["person_id"].n_unique()


def _tally(rows: pl.DataFrame, unit: str, sign: int) -> dict[str, int]:
    """Reason -> how many, with their sign; rows without a reason explain nothing."""
    counted = (
        rows.filter(pl.col("reason").is_not_null())
        .group_by("reason")
        .agg(n=pl.col(unit).n_unique())
        .sort("reason")
    )
    return {why: sign * n for why, n in counted.iter_rows()}


def _lines(figure: Figure, unmatched: pl.DataFrame, only: pl.DataFrame) -> pl.DataFrame:
    shape = [pl.col(n).cast(t) for n, t in LINE.items()]
    lost = unmatched.with_columns(
        figure=pl.lit(figure.id), side=pl.lit("source"), source_row="_row"
    ).select(shape)
    more = only.with_columns(figure=pl.lit(figure.id), side=pl.lit("record")).select(shape)
    return pl.concat([lost, more])
