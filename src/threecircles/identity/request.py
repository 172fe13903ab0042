"""SOURCES.yaml, which says what is to be linked: without it columns would have to be guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError, did_you_mean
from threecircles.definitions import load_text
from threecircles.sources.decode import decode, printable
from threecircles.sources.published_files import read_text_frame

THRESHOLDS = {"generous": 0.3, "balanced": 0.8, "careful": 0.95}
"""Least probability of a link by name: generous for statistics, careful for one child."""


@dataclass(frozen=True, kw_only=True)
class LinkSource:
    """One source to be linked: its file and the columns that hold what is compared.

    identifiers: scheme (nhs, upn, uln or a local scheme's name) -> column. duplicate_free: one
    record a person; when not said it is judged from the data. date_format: strptime form of the
    dates when they are not yyyy-mm-dd or dd/mm/yyyy. expected_birth: the day an unborn child was
    expected; it is compared with births only, within 30 days before and nine months after. groups:
    name (deprivation_fifth, in_care) -> column, carried along to say for whom the linkage works.
    """

    name: str
    file: str
    record_id: str
    first_name: str | None = None
    surname: str | None = None
    date_of_birth: str | None = None
    sex: str | None = None
    postcode: str | None = None
    uprn: str | None = None
    ethnicity: str | None = None
    expected_birth: str | None = None
    identifiers: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    duplicate_free: bool | None = None
    date_format: str | None = None

    def __post_init__(self) -> None:
        """Scheme names become plain words: `la_child_id:801:mosaic` is la_child_id_801_mosaic."""
        plain = {_scheme(s): column for s, column in self.identifiers.items()}
        if len(plain) < len(self.identifiers):
            raise UsageError("Two identifiers of a source have one scheme.", where=self.name, found=", ".join(self.identifiers))  # fmt: skip
        object.__setattr__(self, "identifiers", plain)


@dataclass(frozen=True, kw_only=True)
class LinkRequest:
    """All sources of one linkage. as_of: the day no birth may lie after (default today).

    fictitious: the people are made up; then only the never-issued NHS range is taken. When it is
    not said, it is so if no NHS number of the sources lies in an issued range.
    """

    sources: tuple[LinkSource, ...]
    fictitious: bool | None = None
    as_of: date | None = None


_SCHEMES = {
    "nhs_number": "nhs", "nhsnumber": "nhs", "nhs_no": "nhs", "unique_pupil_number": "upn", "unique_learner_number": "uln",
}  # fmt: skip


def _scheme(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.strip().casefold()).strip("_")
    return _SCHEMES.get(plain, plain)


def read_request(path: Path) -> LinkRequest:
    """The request in a YAML file. Raises DefinitionError with the line."""
    if not path.exists():
        raise UsageError("There is no such file.", where=str(path.name))
    request = load_text(path.read_text(encoding="utf-8-sig"), LinkRequest, where=path.name)
    names = [s.name for s in request.sources]
    if not names:
        raise UsageError(
            "No source is named.", where=path.name, mend="List at least one under sources."
        )
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise UsageError("Two sources have one name.", where=path.name, found=", ".join(twice))
    return request


def read_source(source: LinkSource, folder: Path) -> pl.DataFrame:
    """The file of a source as text columns, named as in the file.

    Raises ThreeCirclesError for a missing file or column and for record ids that occur twice.
    """
    path = folder / source.file
    if not path.exists():
        raise ThreeCirclesError("There is no such file.", where=source.file)
    table = _table(path)
    held = {_plain(c): c for c in reversed(table.columns)}
    named: dict[str, str | None] = {
        c: c if c in table.columns else held.get(_plain(c)) for c in _columns(source).values() if c
    }
    for column in sorted(c for c, found in named.items() if found is None):
        raise ThreeCirclesError(
            f"There is no column {column}.",
            where=source.file,
            allowed=", ".join(table.columns),
            mend=did_you_mean(column, table.columns)
            or "Name the column that holds it, or leave it out.",
        )
    return _bare(
        table.select(pl.col(found).alias(c) for c, found in sorted(named.items()) if found)
    )


def _table(path: Path) -> pl.DataFrame:
    """CSV, Parquet or the widest sheet of a workbook, as text columns."""
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        return _as_text(_read_parquet(path))
    with path.open("rb") as stream:
        workbook = stream.read(4) == b"PK\x03\x04"
    if not workbook and suffix not in (".xlsx", ".ods"):
        return read_text(path)
    table = read_text_frame(path) if suffix in (".xlsx", ".ods") else pl.DataFrame()
    if table.is_empty():
        raise ThreeCirclesError(
            "The file cannot be read as a workbook.",
            where=path.name,
            allowed="CSV, Parquet, xlsx or ods, with the ending that says so",
            mend="Save the sheet as CSV.",
        )
    return table


def _plain(heading: str) -> str:
    return "".join(heading.casefold().split())


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as bad:
        raise ThreeCirclesError(
            "The file cannot be read as Parquet.",
            where=path.name,
            mend="Export it again, or give it as CSV.",
        ) from bad


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    """Columns as text. Whole numbers that a tool wrote with a fraction lose it."""
    whole = [
        c
        for c, kind in table.schema.items()
        if kind.is_float() and (table[c].drop_nulls() % 1 == 0).all()
    ]
    return table.with_columns(pl.col(whole).cast(pl.Int64, strict=False)).cast(
        pl.String, strict=False
    )


_NOTHING = ("", "NULL", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "n/a")
"""What systems write for a cell that is empty."""


def _bare(table: pl.DataFrame) -> pl.DataFrame:
    """Cells without the spaces around them, null when nothing is left."""
    bare = table.with_columns(pl.col(pl.String).str.strip_chars())
    return bare.with_columns(
        pl.when(~pl.col(pl.String).is_in(_NOTHING)).then(pl.col(pl.String)).name.keep()
    )


def _columns(source: LinkSource) -> dict[str, str | None]:
    named = (
        "record_id",
        "first_name",
        "surname",
        "date_of_birth",
        "sex",
        "postcode",
        "uprn",
        "ethnicity",
        "expected_birth",
    )
    return (
        {n: getattr(source, n) for n in named}
        | {f"id_{s}": c for s, c in source.identifiers.items()}
        | {f"group_{_scheme(g)}": c for g, c in source.groups.items()}
    )


def columns(source: LinkSource) -> dict[str, str]:
    """Our name -> the file's column, for every column the source names."""
    return {ours: theirs for ours, theirs in _columns(source).items() if theirs}


def read_text(path: Path) -> pl.DataFrame:
    """A delimited text file as text columns.

    UTF-8, UTF-16 (with or without a mark) or Windows-1252; comma, semicolon, tab or bar. Rows with
    too few cells are filled with nothing, surplus cells dropped. Raises ThreeCirclesError for an
    empty file.
    """
    text = printable(decode(path.read_bytes()).text).lstrip("\n")
    first = text.split("\n", 1)[0]
    if not first.strip():
        raise ThreeCirclesError(
            "The file is empty.", where=path.name, mend="Export it again, with a row of headings."
        )
    separator = max(",;\t|", key=first.count)
    try:
        table = _parsed(text, separator, '"')
    except pl.exceptions.PolarsError:  # a lone quotation mark within a cell
        table = _parsed(text, separator, None)
    return table.rename({c: c.strip().strip('"') for c in table.columns})


def _parsed(text: str, separator: str, quote: str | None) -> pl.DataFrame:
    return pl.read_csv(
        text.encode(), separator=separator, infer_schema=False, truncate_ragged_lines=True, quote_char=quote,
    )  # fmt: skip
