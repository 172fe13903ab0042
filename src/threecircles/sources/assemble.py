"""Joins what files held into tables: one table from two files is a decision, never an accident."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from threecircles.sources.canonical import canonical
from threecircles.sources.laid import Found, Laid
from threecircles.sources.noting import Change, Where
from threecircles.sources.reading import Note, Options, Problem

_ORDINALS = {"AssessmentID": ("LAchildID", "CINdetailsID"), "CPPID": ("LAchildID", "CINdetailsID")}


def assemble(found: Found, options: Options) -> tuple[dict[str, pl.DataFrame], list[pl.DataFrame]]:
    """Tables by name, canonical and typed, and the unclaimed columns; conflicts go to found.problems."""
    by_table: dict[str, list[Laid]] = defaultdict(list)
    kept_of: dict[str, list[Laid]] = {}
    for laid in found.laid:
        by_table[laid.table.name].append(laid)
    tables: dict[str, pl.DataFrame] = {}
    extra: list[pl.DataFrame] = []
    refused: set[str] = set()
    for name, several in by_table.items():
        kept = _without_copies(several, found)
        # An empty table of an XML file does not contradict a CSV of the same table.
        filled = [x for x in kept if x.frame.height] or kept[:1]
        if len(filled) > 1 and name not in options.merge:
            found.problems.append(_conflict(name, filled))
            refused.add(name)
            _uncount(filled)
            continue
        kept_of[name] = filled
        extra += _extras(filled)
    # Columns are typed by the engine, so that a second table can be typed on the other core meanwhile.
    with ThreadPoolExecutor(2) as pool:
        for name, (whole, changes) in zip(kept_of, pool.map(_join, kept_of.values()), strict=True):
            tables[name] = whole
            for change in changes:
                found.notes += change.notes
                found.problems += change.problems
    found.laid = [x for x in found.laid if x.table.name not in refused]
    return tables, extra


def _without_copies(several: list[Laid], found: Found) -> list[Laid]:
    """The same bytes twice: the second is left out, with a note."""
    seen: dict[tuple[str, str], Laid] = {}
    for laid in several:
        key = (laid.file.sha256, laid.file.sheet)
        if key not in seen:
            seen[key] = laid
            continue
        found.notes.append(
            Note(laid.file.file_id, laid.table.name, "", "same-file-twice", laid.frame.height, [],
                 f"{laid.file.name} is the same as {seen[key].file.name}, byte for byte; it was read once.")
        )  # fmt: skip
        if laid.file.rows_kept == laid.frame.height:
            laid.file.rows_in -= laid.frame.height
            laid.file.rows_kept = 0
    return list(seen.values())


def _uncount(several: list[Laid]) -> None:
    """Rows of a refused table are neither kept nor rejected: their files were set aside whole."""
    for laid in several:
        if laid.file.kind.endswith("XML"):
            continue
        laid.file.rows_in -= laid.frame.height
        laid.file.rows_kept -= laid.frame.height


def _conflict(name: str, several: list[Laid]) -> Problem:
    files = " and ".join(x.file.name for x in several)
    return Problem(
        several[0].file.file_id, "two-files-one-table", files,
        f"Several files hold the table {name}, with different contents; none of them was read.",
        found=", ".join(f"{x.frame.height:,} rows in {x.file.name}" for x in several),
        allowed="one file for each table and year",
        mend=f"Leave one out with --not {several[-1].file.path}, or join them with --merge {name}.",
    )  # fmt: skip


def _join(several: list[Laid]) -> tuple[pl.DataFrame, list[Change]]:
    """The rows of one table, and what canonicalising each column came to."""
    changes: list[Change] = []
    parts = [_typed(laid, changes) for laid in several]
    whole = parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal")
    return whole.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_row")), changes


def _typed(laid: Laid, changes: list[Change]) -> pl.DataFrame:
    """Canonical text, companions, and where each row came from; each column is let go as received."""
    where = Where(
        laid.file.file_id,
        laid.file.name,
        laid.table.name,
        laid.source,
        laid.serials,
        laid.year_1904,
    )
    columns: list[pl.Series] = []
    height, at = laid.frame.height, laid.frame.get_column("_at")
    for column in laid.table.columns:
        if column.name not in laid.frame.columns:
            continue
        values = laid.frame.get_column(column.name)
        laid.frame = laid.frame.drop(column.name)
        if values.dtype == pl.Int64:
            columns += [values.cast(pl.Utf8), values.alias(f"{column.name}__int")]
            continue
        change = canonical(values, column, where)
        columns += [s.alias(n) for n, s in change.columns.items()]
        changes.append(change)
    columns.append(
        pl.select(pl.repeat(laid.file.file_id, height, dtype=pl.Utf8)).to_series().alias("_file")
    )
    columns.append(at)
    return pl.DataFrame(columns)


def _extras(several: list[Laid]) -> list[pl.DataFrame]:
    offset, moved = 0, []
    for laid in several:
        if laid.extra is not None:
            moved.append(laid.extra.with_columns(pl.col("_row") + offset))
        offset += laid.frame.height
    return moved
