"""Recognises published tables by their columns and reads them as text: a file name proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.periods import Kind
from threecircles.core.symbols import published_columns
from threecircles.definitions import Definition, load, load_folder
from threecircles.sources.declared import heading
from threecircles.sources.published_files import SUFFIXES, headings_of, read_text_frame


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedTable(Definition):
    """A table that somebody publishes.

    columns: our name -> headings to accept, in any order, letter case and spacing. discriminating:
    columns no other table has. only: the table has no further columns. period_kind: which calendar its
    years follow. period: the period, where the file does not say. vintage: of its area codes. service:
    text that the column `line` must hold, where two tables share one shape.
    """

    columns: dict[str, tuple[str, ...]]
    discriminating: tuple[str, ...]
    period_kind: Kind
    period: str = ""
    only: bool = False
    vintage: Literal["", "lsoa11", "lsoa21", "msoa11", "msoa21"] = ""
    service: str = ""


@dataclass(frozen=True)
class FoundTable:
    """A published file and how its headings map. headings: our name -> the file's own."""

    table: PublishedTable
    path: Path
    headings: dict[str, str]
    extra: tuple[str, ...]


def published_table(table_id: str) -> PublishedTable:
    """The shipped declaration of a published table."""
    return load(f"published/{table_id}", PublishedTable)


def find_published(folder: Path, *wanted: str) -> dict[str, FoundTable]:
    """The files of a folder that hold the wanted published tables (all when none is named), by table id.

    Raises UsageError when two different files fit one table equally well, and ThreeCirclesError that
    names every table not found.
    """
    tables = [t for t in load_folder("published", PublishedTable) if not wanted or t.id in wanted]
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    found: dict[str, list[FoundTable]] = {t.id: [] for t in tables}
    for path in paths:
        names = headings_of(path)
        for table in tables:
            fit = _fit(table, path, names)
            if fit and _holds_service(fit):
                found[table.id].append(fit)
    missing = [t.label for t in tables if not found[t.id]]
    if missing and wanted:
        raise ThreeCirclesError(
            "Published tables were not found.", where=folder.name, found="; ".join(missing),
            mend="Put the publisher's files there, under any name, as CSV, xlsx, ods or Parquet.",
        )  # fmt: skip
    return {k: _one(k, v) for k, v in found.items() if v}


def read_published(found: FoundTable) -> pl.DataFrame:
    """The table under our column names, every cell as text as it was published."""
    return read_text_frame(found.path).select(
        pl.col(theirs).cast(pl.Utf8).str.strip_chars().alias(ours)
        for ours, theirs in found.headings.items()
    )


def with_reason(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame with `value` (number or null) and `reason` parsed from a column of published text."""
    return published_columns(frame.rename({column: "_text_value"}), "_text_value").drop(
        "_text_value"
    )


def same_vintage(left: str, right: str) -> None:
    """Raise UsageError when two area columns are of different vintages; conversion needs weights."""
    if left != right:
        raise UsageError(
            "Areas of two vintages cannot be joined.", found=f"{left} and {right}",
            mend="Convert one of them with a weighted lookup first; codes alone do not match.",
        )  # fmt: skip


def _fit(table: PublishedTable, path: Path, names: tuple[str, ...]) -> FoundTable | None:
    by_heading = {heading(n): n for n in names}
    laid = {
        ours: by_heading[heading(word)]
        for ours, words in table.columns.items()
        for word in reversed(words)
        if heading(word) in by_heading
    }
    if any(d not in laid for d in table.discriminating) or len(laid) < 0.6 * len(table.columns):
        return None
    extra = tuple(n for n in names if n not in laid.values())
    return None if table.only and extra else FoundTable(table, path, laid, extra)


def _holds_service(found: FoundTable) -> bool:
    service = found.table.service
    if not service:
        return True
    column = found.headings["line"]
    lines = read_text_frame(found.path).get_column(column).cast(pl.Utf8).unique().to_list()
    return any(service.casefold() in str(line).casefold() for line in lines)


def _one(table_id: str, found: list[FoundTable]) -> FoundTable:
    most = max(len(f.headings) for f in found)
    best = [f for f in found if len(f.headings) == most]
    if len(best) > 1 and len({f.path.read_bytes() for f in best}) > 1:
        raise UsageError(
            f"Two files fit the published table {table_id} equally well.",
            found=" and ".join(f.path.name for f in best), mend="Leave one of them out of the folder.",
        )  # fmt: skip
    return best[0]
