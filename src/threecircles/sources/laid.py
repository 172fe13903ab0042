"""Rows laid on declared columns, one file at a time, before they are joined into tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from threecircles.sources.declared import Source, Table
from threecircles.sources.reading import FileRecord, Note, Problem, Reject


@dataclass
class Laid:
    """One table of one file. frame: declared columns found, as text, null where empty, and `_at`.

    extra: columns no definition claims, long: table, _row (within this file), _file, _at, column, value.
    serials, year_1904: how a workbook keeps dates.
    """

    file: FileRecord
    source: Source
    table: Table
    frame: pl.DataFrame
    extra: pl.DataFrame | None = None
    serials: bool = False
    year_1904: bool = False


@dataclass
class Found:
    """Everything one pass over the files collects."""

    laid: list[Laid] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def file(self, **known: object) -> FileRecord:
        """A new file record with the next id."""
        record = FileRecord(file_id=f"f{len(self.files) + 1}", **known)  # type: ignore[arg-type]
        self.files.append(record)
        return record


def long_extra(
    frame: pl.DataFrame, at: pl.Series, headings: dict[str, str], table: str, file_id: str
) -> pl.DataFrame:
    """Unclaimed columns as long rows, blanks left out. headings: column of the frame -> what stood above it."""
    parts = [
        pl.DataFrame(
            {
                "table": table,
                "_row": pl.int_range(0, len(at), eager=True, dtype=pl.Int64),
                "_file": file_id,
                "_at": at.cast(pl.Int64),
                "column": shown,
                "value": frame.get_column(name),
            }
        ).filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
        for name, shown in headings.items()
    ]
    return pl.concat(parts)
