"""Opens published files of any kind as text: without it each table would have a reader of its own."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

SUFFIXES = (".parquet", ".csv", ".tsv", ".xlsx", ".ods")
_OUTTURN_COLUMN = re.compile(r"\(C7\b", re.IGNORECASE)
_OUTTURN_KEYS = (
    "E-code",
    "ONS Code",
    "Local authority",
    "Notes",
    "Class",
    "Detailed Class",
    "Certification",
)


@lru_cache(maxsize=4096)
def headings_of(path: Path) -> tuple[str, ...]:
    """The column names of a file; of a workbook, those of the sheet with the most."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return tuple(pl.read_parquet_schema(path))
    if suffix in (".xlsx", ".ods"):
        return tuple(_workbook(path).columns)
    with path.open("rb") as stream:
        line = stream.readline(1 << 16).decode("utf-8-sig", "replace").strip()
    return tuple(c.strip().strip('"') for c in line.split("\t" if suffix == ".tsv" else ","))


def read_text_frame(path: Path) -> pl.DataFrame:
    """A file as a frame; CSV and workbooks as text, Parquet as it is."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return pl.read_parquet(path)
    if suffix in (".xlsx", ".ods"):
        return _workbook(path)
    return pl.read_csv(
        path, infer_schema=False, separator="\t" if suffix == ".tsv" else ",", encoding="utf8-lossy"
    )


@lru_cache(maxsize=2)
def _workbook(path: Path) -> pl.DataFrame:
    """The sheet with the widest heading row in its first 30 rows, below that row; empty when unreadable."""
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(n).to_python() for n in book.sheet_names]
    except (CalamineError, OSError, ValueError):
        return pl.DataFrame()
    best: tuple[int, list[list[Any]], int] = (0, [], 0)
    for rows in sheets:
        for number, row in enumerate(rows[:30]):
            filled = sum(isinstance(c, str) and bool(c.strip()) for c in row)
            if filled > best[0]:
                best = (filled, rows, number)
    _, rows, number = best
    if not rows:
        return pl.DataFrame()
    return _long_outturn(_frame(rows[number], rows[number + 1 :]))


def _frame(heading: list[Any], rows: list[list[Any]]) -> pl.DataFrame:
    names: list[str] = []
    for position, cell in enumerate(heading):
        name = str(cell).strip() or f"column {position + 1}"
        names.append(name if name not in names else f"{name} ({position + 1})")
    columns = zip(*rows, strict=True) if rows else ([],) * len(names)
    return pl.DataFrame({n: [_text(c) for c in column] for n, column in zip(names, columns, strict=True)},
                        schema=dict.fromkeys(names, pl.Utf8))  # fmt: skip


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _long_outturn(frame: pl.DataFrame) -> pl.DataFrame:
    """A revenue outturn sheet, one column for each line, turned into one row for each line."""
    lines = [c for c in frame.columns if c not in _OUTTURN_KEYS]
    if "ONS Code" not in frame.columns or not any(_OUTTURN_COLUMN.search(c) for c in lines):
        return frame
    keys = [c for c in _OUTTURN_KEYS if c in frame.columns]
    return frame.unpivot(on=lines, index=keys, variable_name="line", value_name="value")
