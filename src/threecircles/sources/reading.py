"""What a read gives back: without one shape for it, a lost row could hide between two readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from threecircles.core.errors import INTERNAL, ThreeCirclesError
from threecircles.definitions import Definition, load
from threecircles.sources.decode import printable


@dataclass(frozen=True, kw_only=True)
class Limits(Definition):
    """Bounds on a file, a zip, an XML element and a cell; all in bytes, characters or counts."""

    max_bytes: int
    zip_members: int
    zip_bytes: int
    zip_ratio: int
    xml_depth: int
    xml_text_bytes: int
    xml_record_bytes: int
    quoted_lines: int
    cell_characters: int
    columns: int
    header_rows: int
    batch_rows: int


def limits() -> Limits:
    """The shipped limits."""
    return load("reading_limits", Limits)


@dataclass(frozen=True)
class Options:
    """What a person may decide about a read.

    merge: tables whose several files are put one after the other. leave_out: file names (or their
    ends) not to read. force_years: read on although the two years look swapped. limits: bounds.
    """

    merge: frozenset[str] = frozenset()
    leave_out: frozenset[str] = frozenset()
    force_years: bool = False
    limits: Limits = field(default_factory=limits)


@dataclass
class FileRecord:
    """One file, one member of a zip or one sheet of a workbook, as it was found."""

    file_id: str
    path: str
    member: str = ""
    sheet: str = ""
    sha256: str = ""
    bytes: int = 0
    encoding: str = ""
    delimiter: str = ""
    line_ending: str = ""
    bom: bool = False
    kind: str = ""
    table: str = ""
    score: float = 0.0
    rows_in: int = 0
    rows_kept: int = 0
    rows_rejected: int = 0
    rows_blank: int = 0
    columns_matched: list[str] = field(default_factory=list)
    columns_extra: list[str] = field(default_factory=list)
    columns_missing: list[str] = field(default_factory=list)
    year_guessed: int | None = None
    previous_year: bool = False

    @property
    def name(self) -> str:
        """The file as a person would name it."""
        inner = " / ".join(p for p in (self.member, self.sheet) if p)
        return f"{self.path} ({inner})" if inner else self.path


@dataclass(frozen=True)
class Reject:
    """A row or an element that could not be laid on the columns, whole, with the reason and the mending."""

    file_id: str
    at: int
    table: str
    raw: str
    reason_code: str
    reason: str
    column: str = ""
    found: str = ""
    allowed: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Note:
    """Something that was read with a change or a doubt; never a lost row."""

    file_id: str
    table: str
    column: str
    code: str
    count: int
    places: list[int]
    sentence: str


@dataclass(frozen=True)
class Problem:
    """Why a file or a whole set could not be used. error: False for a warning at the head of the report."""

    file_id: str
    code: str
    where: str
    what: str
    found: str = ""
    allowed: str = ""
    mend: str = ""
    error: bool = True

    def sentence(self) -> str:
        """The problem in the one shape of every error."""
        return str(self.as_error())

    def as_error(self) -> ThreeCirclesError:
        """The problem as an error to raise."""
        return ThreeCirclesError(
            self.what, where=self.where, found=self.found, allowed=self.allowed, mend=self.mend
        )


_FILES = {
    "file_id": pl.Utf8, "path": pl.Utf8, "member": pl.Utf8, "sheet": pl.Utf8, "sha256": pl.Utf8, "bytes": pl.Int64,
    "encoding": pl.Utf8, "delimiter": pl.Utf8, "line_ending": pl.Utf8, "bom": pl.Boolean, "kind": pl.Utf8,
    "table": pl.Utf8, "score": pl.Float64, "rows_in": pl.Int64, "rows_kept": pl.Int64, "rows_rejected": pl.Int64,
    "rows_blank": pl.Int64, "columns_matched": pl.List(pl.Utf8), "columns_extra": pl.List(pl.Utf8),
    "columns_missing": pl.List(pl.Utf8), "year_guessed": pl.Int64, "previous_year": pl.Boolean,
}  # fmt: skip
_REJECTS = {
    "file_id": pl.Utf8, "at": pl.Int64, "table": pl.Utf8, "raw": pl.Utf8, "reason_code": pl.Utf8, "reason": pl.Utf8,
    "column": pl.Utf8, "found": pl.Utf8, "allowed": pl.Utf8, "mend": pl.Utf8,
}  # fmt: skip
_NOTES = {
    "file_id": pl.Utf8, "table": pl.Utf8, "column": pl.Utf8, "code": pl.Utf8, "count": pl.Int64,
    "places": pl.List(pl.Int64), "sentence": pl.Utf8,
}  # fmt: skip
_PROBLEMS = {
    "file_id": pl.Utf8, "code": pl.Utf8, "where": pl.Utf8, "what": pl.Utf8, "found": pl.Utf8, "allowed": pl.Utf8,
    "mend": pl.Utf8, "error": pl.Boolean,
}  # fmt: skip
EXTRA_SCHEMA = {
    "table": pl.Utf8, "_row": pl.Int64, "_file": pl.Utf8, "_at": pl.Int64, "column": pl.Utf8, "value": pl.Utf8,
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """Everything a set of files held.

    tables: name -> frame; last year's under `<name>_last`. Columns: the declared ones that were in the
    file, as text in the return's own form; a typed companion (`__date`, `__int`, `__number`,
    `__pence`); `_row` (0-based), `_file`, `_at` (line, sheet row or byte of the element).
    files, rejects, notes, extra, problems: what was found, refused, changed, unclaimed, unusable.
    """

    tables: dict[str, pl.DataFrame]
    files: pl.DataFrame
    rejects: pl.DataFrame
    notes: pl.DataFrame
    extra: pl.DataFrame
    problems: pl.DataFrame
    source: str = ""
    year: int | None = None

    @property
    def canonical(self) -> bool:
        """Every text of the tables stands in the return's own form; a check need not look at each again."""
        return True

    @property
    def refused(self) -> tuple[Problem, ...]:
        """The problems that are errors, not warnings."""
        return tuple(Problem(**row) for row in self.problems.iter_rows(named=True) if row["error"])


def make_reading(
    tables: dict[str, pl.DataFrame],
    files: list[FileRecord],
    rejects: list[Reject],
    notes: list[Note],
    extra: list[pl.DataFrame],
    problems: list[Problem],
    source: str = "",
    year: int | None = None,
) -> Reading:
    """A Reading from lists, after the law of conservation has been checked file by file."""
    for file in files:
        if file.rows_in != file.rows_kept + file.rows_rejected:
            error = ThreeCirclesError(
                "Rows were lost while reading; nothing of this file is used.",
                where=file.name,
                found=f"{file.rows_in} read, {file.rows_kept} kept, {file.rows_rejected} rejected",
                mend="This is a fault of the program: please report it with the shape of the file.",
            )
            error.exit_code = INTERNAL
            raise error
    return Reading(
        tables=tables,
        files=_frame(files, _FILES),
        rejects=_frame(rejects, _REJECTS),
        notes=_frame(notes, _NOTES),
        extra=pl.concat(extra) if extra else pl.DataFrame(schema=EXTRA_SCHEMA),
        problems=_frame(problems, _PROBLEMS),
        source=source,
        year=year,
    )


def _frame(items: Iterable[object], schema: Mapping[str, Any]) -> pl.DataFrame:
    rows = [{k: _held(getattr(i, k)) for k in schema} for i in items]
    return pl.DataFrame(rows, schema=schema)


def _held(value: Any) -> Any:
    """A heading or a cell that is told of may hold bytes without meaning, which no table can hold."""
    if isinstance(value, (list, tuple)):
        return [_held(one) for one in value]
    return printable(value) if isinstance(value, str) else value
