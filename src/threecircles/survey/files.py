"""Answers of a survey run elsewhere, from the files analysts really have: CSV, Parquet and SPSS."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError

NOT_ANSWERED = ("", "NA", "N/A", "null", ".", "NaN")
"""Words that stand for no answer in exported files; a dot is what Stata and SAS write."""


def read_answers(path: Path) -> pl.DataFrame:
    """The table of a CSV, Parquet or .sav file, with not-a-number and empty text as no answer.

    Raises UsageError for another kind, for a .sav without pyreadstat, and for a file that is not there.
    """
    if not path.exists():
        raise UsageError("There is no such data file.", where=path.name)
    readers = {".csv": _csv, ".tsv": _csv, ".txt": _csv, ".parquet": pl.read_parquet, ".sav": _sav}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            "Answers cannot be read from this kind of file.",
            where=path.name,
            found=path.suffix or "no ending",
            allowed=", ".join(readers),
        )
    frame = reader(path)  # type: ignore[operator]
    if not frame.columns:
        raise UsageError("The data file holds no column.", where=path.name)
    frame = frame.with_columns(
        pl.col(pl.Float32, pl.Float64).fill_nan(None),
        # SPSS has no other word for "no answer" in text than an empty one.
        *(pl.col(c).replace("", None) for c, kind in frame.schema.items() if kind == pl.String),
    )
    # A spreadsheet that was once longer exports its empty rows too.
    return frame.filter(~pl.all_horizontal(pl.all().is_null()))


def _csv(path: Path) -> pl.DataFrame:
    text = _decoded(path.read_bytes())
    head, _, body = text.partition("\n")
    # Excel writes semicolons where a comma is the decimal mark.
    separator = max(",;\t", key=head.count)
    comma = separator != "," and re.search(r"\d,\d", body[:100_000]) is not None
    names = [name.strip().strip('"') for name in head.strip("\r").split(separator)]
    spaced = any(name != name.strip() for name in head.strip("\r").split(separator))
    try:
        frame = pl.read_csv(
            text.encode(),
            infer_schema_length=0 if spaced else None,
            null_values=list(NOT_ANSWERED),
            separator=separator,
            decimal_comma=comma,
        )
    except pl.exceptions.PolarsError as error:
        raise ThreeCirclesError(
            "The file cannot be read as CSV.", where=path.name, found=str(error).splitlines()[0]
        ) from None
    return _without_spaces(frame, names) if spaced and len(names) == frame.width else frame


def _decoded(told: bytes) -> str:
    """Text of a file in UTF-8, in the UTF-16 of spreadsheets, or in the code page of older Windows."""
    if told[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return told.decode("utf-16")
    try:
        return told.decode("utf-8-sig")
    except UnicodeDecodeError:
        return told.decode("cp1252", errors="replace")


def _without_spaces(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Columns and answers without the spaces that were written beside the separators; kinds found anew."""
    bare = frame.rename(dict(zip(frame.columns, names, strict=True))).with_columns(
        pl.all().cast(pl.String).str.strip_chars().replace(dict.fromkeys(NOT_ANSWERED))
    )
    return pl.read_csv(bare.write_csv().encode(), infer_schema_length=None)


def _sav(path: Path) -> pl.DataFrame:
    try:
        import pyreadstat
    except ImportError:
        raise UsageError(
            "SPSS files need pyreadstat, which is not installed.",
            where=path.name,
            mend="Install threecircles[spss], or export the file as CSV.",
        ) from None
    try:
        columns, _ = pyreadstat.read_sav(str(path), output_format="dict")
    except pyreadstat.ReadstatError as error:
        raise ThreeCirclesError(
            "The file cannot be read as SPSS.", where=path.name, found=str(error)
        ) from None
    return pl.DataFrame(columns, strict=False)
