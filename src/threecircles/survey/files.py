"""Answers of a survey run elsewhere, from the files analysts really have: CSV, Parquet and SPSS."""

from __future__ import annotations

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
    return frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))


def _csv(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        head = file.readline()
    # Excel writes semicolons where a comma is the decimal mark.
    separator = max(",;\t", key=lambda mark: head.count(mark.encode()))
    try:
        return pl.read_csv(
            path,
            infer_schema_length=None,
            null_values=list(NOT_ANSWERED),
            encoding="utf8-lossy",
            separator=separator,
            decimal_comma=separator == ";",
        )
    except pl.exceptions.PolarsError as error:
        raise ThreeCirclesError(
            "The file cannot be read as CSV.", where=path.name, found=str(error).splitlines()[0]
        ) from None


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
