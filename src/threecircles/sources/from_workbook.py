"""Reads every sheet of a workbook, dates by the workbook's own system: spreadsheets are how most lists come."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from threecircles.sources.declared import Source
from threecircles.sources.from_text import lay_rows
from threecircles.sources.laid import Found
from threecircles.sources.reading import FileRecord, Limits, Note, Problem, Reject
from threecircles.sources.received import DAMAGED_ZIP, Received
from threecircles.sources.recognise import Match, ambiguous, best, matches, not_recognised


def read_workbook(
    received: Received, sources: Sequence[Source], limits: Limits, found: Found
) -> None:
    """Lay each sheet on the table its headings name. A sheet that fits none is a note, if another fits."""
    too_big = _over_limit(received, limits)
    if too_big:
        found.problems.append(too_big)
        return
    try:
        with received.open() as stream:
            book = CalamineWorkbook.from_filelike(stream)
            sheets = [
                (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False))
                for name in book.sheet_names
            ]
        year_1904 = _uses_1904(received)
    except (CalamineError, *DAMAGED_ZIP) as error:
        found.problems.append(_cannot_open(received, str(error)))
        return
    before = len(found.laid)
    unclaimed: list[Problem] = []
    for name, rows in sheets:
        _read_sheet(name, rows, received, sources, limits, year_1904, found, unclaimed)
    if len(found.laid) == before:
        found.problems.extend(unclaimed or [_no_rows(received)])
        return
    for problem in unclaimed:
        found.notes.append(
            Note(
                problem.file_id,
                "",
                "",
                "sheet-not-recognised",
                1,
                [],
                f"{problem.where}: the sheet fits no table; left out.",
            )
        )


def _read_sheet(
    name: str, rows: list[list[Any]], received: Received, sources: Sequence[Source], limits: Limits,
    year_1904: bool, found: Found, unclaimed: list[Problem],
) -> None:  # fmt: skip
    texts = [[_text(cell) for cell in row] for row in rows]
    filled = [i for i, row in enumerate(texts) if any(row)]
    if not filled:
        return
    record = found.file(
        path=received.path,
        member=received.member,
        sheet=name,
        sha256=received.sha256,
        bytes=received.size,
        kind="workbook",
    )
    top = filled[: limits.header_rows]
    position = max(top, key=lambda i: matches(texts[i], sources))
    cells = texts[position]
    while cells and not cells[-1]:
        cells = cells[:-1]
    fits = _prefer_sheet(best(cells, sources), name)
    if len(fits) != 1:
        unclaimed.append(
            ambiguous(record.file_id, record.name, fits)
            if fits
            else not_recognised(record.file_id, record.name, cells, sources)
        )
        return
    _lay_sheet(texts, filled, position, cells, fits[0], record, found, year_1904)


def _lay_sheet(
    texts: list[list[str]], filled: list[int], position: int, cells: list[str], match: Match, record: FileRecord,
    found: Found, year_1904: bool,
) -> None:  # fmt: skip
    width = len(cells)
    kept, at = [], []
    for index in filled:
        if index <= position:
            continue
        row = texts[index]
        if any(row[width:]):
            found.rejects.append(
                Reject(record.file_id, index + 1, match.table.name, " | ".join(row), "ragged-row",
                       f"The row has filled cells beyond the {width} columns with a heading.", allowed=f"{width} cells",
                       mend="Give every filled column a heading.")
            )  # fmt: skip
            record.rows_rejected += 1
            continue
        kept.append([*row[:width], *[""] * (width - len(row))])
        at.append(index + 1)
    record.rows_in = record.rows_rejected
    record.rows_blank = len(texts) - len(filled)
    columns = zip(*kept, strict=True) if kept else ((),) * width
    frame = pl.DataFrame(
        [pl.Series(f"c{i}", list(c), dtype=pl.Utf8) for i, c in enumerate(columns)]
    )
    lay_rows(
        frame,
        pl.Series("at", at, dtype=pl.Int64),
        cells,
        match,
        record,
        found,
        serials=True,
        year_1904=year_1904,
    )


def _prefer_sheet(fits: list[Match], name: str) -> list[Match]:
    """Where two tables fit equally, the one whose declared sheet pattern fits the sheet's name."""
    if len(fits) < 2:
        return fits
    named = [m for m in fits if m.table.sheet and re.search(m.table.sheet, name, re.IGNORECASE)]
    return named or fits


def _text(cell: Any) -> str:
    """A cell as text: whole numbers without .0, dates as yyyy-mm-dd."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return "" if cell is None else str(cell).strip()


def _over_limit(received: Received, limits: Limits) -> Problem | None:
    """A workbook is a zip: its unpacked size is bounded before the library opens it."""
    if not received.head.startswith(b"PK\x03\x04"):
        return None
    with zipfile.ZipFile(received.open()) as archive:
        members = archive.infolist()
    total = sum(m.file_size for m in members)
    ratio = max(
        (m.file_size // max(m.compress_size, 1) for m in members if m.file_size > 1 << 20),
        default=0,
    )
    if (
        total <= limits.zip_bytes
        and ratio <= limits.zip_ratio
        and len(members) <= limits.zip_members
    ):
        return None
    return Problem(
        "", "over-limit", received.name, "The workbook unpacks to more than the limits allow and was not read.",
        f"{total:,} bytes, {ratio} to 1", f"{limits.zip_bytes:,} bytes, {limits.zip_ratio} to 1",
        "Save it again from the spreadsheet program, or as CSV.",
    )  # fmt: skip


def _uses_1904(received: Received) -> bool:
    if not received.head.startswith(b"PK\x03\x04"):
        return False
    with zipfile.ZipFile(received.open()) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            return False
        head = archive.read("xl/workbook.xml")[: 1 << 16]
    return bool(re.search(rb"date1904\s*=\s*[\"'](1|true)", head))


def _cannot_open(received: Received, error: str) -> Problem:
    locked = "password" in error.lower() or "encrypt" in error.lower()
    return Problem(
        "", "encrypted" if locked else "workbook-broken", received.name,
        "The workbook is protected by a password." if locked else "The workbook is damaged and cannot be opened.",
        mend="Save a copy without the password and give that." if locked else "Save it again, or export as CSV.",
    )  # fmt: skip


def _no_rows(received: Received) -> Problem:
    return Problem(
        "",
        "file-empty",
        received.name,
        "No sheet of the workbook holds anything.",
        mend="Export it again.",
    )
