"""Reads the tables people really have: without it only our own files could be protected or attacked."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.disclosure.numbers import is_figure

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".xlsb")
LARGEST = 200 * 1024 * 1024
"""Bytes of a file that is still read; a table of figures is never larger."""


@dataclass(frozen=True)
class Sheet:
    """One table as text. first: number of the line of the first row, as a person counts."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    first: int


def read_sheets(paths: Iterable[Path]) -> list[Sheet]:
    """All tables in files and folders, in order of path. Raises UsageError when there is none."""
    found: list[Sheet] = []
    for path in paths:
        if not path.exists():
            raise UsageError("There is no such file.", where=str(path))
        files = (
            sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
            if path.is_dir()
            else [path]
        )
        for file in files:
            found += _read(file, file.relative_to(path).as_posix() if path.is_dir() else file.name)
    if not found:
        raise UsageError(
            "No table was found.",
            allowed=f"files ending in {', '.join(SUFFIXES)}, or a folder of them",
        )
    return found


def _read(path: Path, name: str) -> list[Sheet]:
    if path.stat().st_size > LARGEST:
        raise ThreeCirclesError(
            "The file is too large for a table of figures.", where=name, allowed="up to 200 MB"
        )
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        sheet = _sheet(name, _csv_rows(path))
        return [sheet] if sheet else []
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [
            (s, book.get_sheet_by_name(s).to_python(skip_empty_area=False))
            for s in book.sheet_names
        ]
    except CalamineError as error:
        raise ThreeCirclesError(
            "The workbook cannot be read.", where=name, found=str(error)
        ) from None
    named = [
        (
            f"{name}, sheet {s}" if len(sheets) > 1 else name,
            [[_text(c) for c in row] for row in rows],
        )
        for s, rows in sheets
    ]
    return [sheet for label, rows in named if (sheet := _sheet(label, rows))]


def _csv_rows(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    for encoding in (
        ("utf-8-sig", "utf-16")
        if data[:2] in (b"\xff\xfe", b"\xfe\xff")
        else ("utf-8-sig", "cp1252")
    ):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ThreeCirclesError("The file is not text in UTF-8 or Windows-1252.", where=path.name)
    head = text[:4000]
    delimiter = max(",;\t|", key=head.count)
    return [[c.strip() for c in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _sheet(name: str, rows: Sequence[Sequence[str]]) -> Sheet | None:
    """The table within a sheet: titles and notes above and below it are left out."""
    filled = [sum(1 for c in row if c) for row in rows]
    widest = max(filled, default=0)
    if widest < 2:
        return None
    start = next(i for i, n in enumerate(filled) if n >= max(2, widest - 1))
    header = list(rows[start])
    while header and not header[-1]:
        header.pop()
    width = len(header)
    header = [h or f"column {i + 1}" for i, h in enumerate(header)]
    body: list[tuple[str, ...]] = []
    blank = False
    for row in rows[start + 1 :]:
        cells = tuple([*row, *[""] * width][:width])
        if sum(1 for c in cells if c) < min(2, width):
            blank |= bool(body) and not any(cells)  # notes may follow, or more of the table
            continue
        if blank and not _goes_on(cells, body):
            break
        body.append(cells)
    return Sheet(name, tuple(header), tuple(body), start + 2) if body else None


def _goes_on(cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """True for a line below a blank one that has figures where the table has them."""
    figures = [i for i, c in enumerate(body[0]) if c and is_figure(c)]
    return any(cells[i] for i in figures) and all(is_figure(cells[i]) for i in figures)
