"""Finds postcode directories, provider lists and lookups in a folder: rules that need one would else be skipped."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.definitions import read_csv
from threecircles.sources.declared import heading
from threecircles.sources.published_files import SUFFIXES, headings_of, read_text_frame


def read_references(folder: Path) -> dict[str, pl.DataFrame]:
    """Reference tables of a folder by name (postcodes, providers, authorities, areas ...), every cell as text.

    A file is known by its headings, under any file name; several postcode files are joined. Accepted
    headings are those of definitions/reference_files.csv; a file that has the columns marked
    required is taken. Columns: the names that the rules use. A lookup that names small areas and their
    authority is also a list of areas, one row an area and vintage.
    """
    found: dict[str, list[pl.DataFrame]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            for name, laid in _fits(headings_of(path)).items():
                frame = read_text_frame(path).select(
                    pl.col(theirs).cast(pl.String).alias(ours) for ours, theirs in laid.items()
                )
                found.setdefault(name, []).append(_shaped(name, frame))
    return {name: pl.concat(frames, how="diagonal") for name, frames in found.items()}


def _fits(headings: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Reference -> our column -> the file's heading, for each reference whose required columns are there."""
    by_heading = {heading(h): h for h in headings}
    laid: dict[str, dict[str, str]] = {}
    lacking: set[str] = set()
    for row in read_csv("reference_files"):
        theirs = next((by_heading[heading(w)] for w in row["headings"].split() if heading(w) in by_heading), None)  # fmt: skip
        if theirs is not None:
            laid.setdefault(row["reference"], {})[row["column"]] = theirs
        elif row["required"] == "yes":
            lacking.add(row["reference"])
    if not VINTAGES & set(laid.get("area_list", {})):
        lacking.add("area_list")
    return {name: columns for name, columns in laid.items() if name not in lacking}


DATES = ("REG_START", "REG_END", "OPENED", "CLOSED")
"""Columns that publishers write day first; rules read year first."""

VINTAGES = {"lsoa11", "lsoa21", "msoa11", "msoa21"}
"""A list of areas has a column for each vintage that it holds."""


def _shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(
        pl.col(c).str.strip_chars().str.replace(r"^(\d{2})[-/](\d{2})[-/](\d{4})", "$3-$2-$1")
        for c in DATES
        if c in frame.columns
    )
    if name == "area_list":
        held = [c for c in frame.columns if c in VINTAGES]
        long = frame.unpivot(held, index="la_code", variable_name="vintage", value_name="area_code")
        return long.drop_nulls().unique(maintain_order=True)
    if name == "postcodes":
        return frame.with_columns(pl.col("pcd_abbr").str.replace_all(r"\s", "").str.to_uppercase())
    return frame
