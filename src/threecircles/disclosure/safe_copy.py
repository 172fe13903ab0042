"""Writes the safe copy of a table: without it hidden counts would stay in the percentages beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.core.workspace import write_bytes
from threecircles.disclosure.files import Sheet

Place = tuple[str, int, str]
"""Sheet, row, column of a figure."""


def write_copies(sheets: Sequence[Sheet], new: Mapping[Place, str], out: Path) -> None:
    """Write the tables with some cells replaced: one CSV, one workbook, or a folder of CSVs.

    new: what stands in the place of a figure. Raises UsageError when several tables have nowhere to go.
    """
    tables = {s.name: [list(s.header), *_rows(s, new)] for s in sheets}
    if out.suffix.lower() == ".xlsx":
        _workbook(tables, out)
        return
    if len(tables) == 1:
        write_bytes(out, _csv(next(iter(tables.values()))).encode("utf-8"))
        return
    if out.suffix:
        raise UsageError(
            "Several tables do not fit in one such file.",
            found=out.name,
            allowed="a workbook (.xlsx) or a folder",
            mend="Name a folder: --out safe/",
        )
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        stem = name.replace("/", "-").replace(", sheet ", "-")
        plain = stem if stem.lower().endswith(".csv") else f"{Path(stem).stem}.csv"
        write_bytes(out / plain, _csv(rows).encode("utf-8"))


def _rows(sheet: Sheet, new: Mapping[Place, str]) -> list[list[str]]:
    return [
        [
            new.get((sheet.name, sheet.first + i, h), cell)
            for h, cell in zip(sheet.header, row, strict=True)
        ]
        for i, row in enumerate(sheet.rows)
    ]


def _workbook(tables: Mapping[str, Sequence[Sequence[str]]], out: Path) -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        for number, (name, rows) in enumerate(tables.items(), 1):
            label = name.rpartition(", sheet ")[2] if ", sheet " in name else f"Table {number}"
            page = book.add_worksheet(label[:31])
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    if i and _is_number(cell):
                        page.write_number(i, j, float(cell))
                    else:
                        page.write_string(i, j, cell)
    write_bytes(out, buffer.getvalue())


def _is_number(cell: str) -> bool:
    # A code with a leading nought is text.
    return cell.replace(".", "", 1).isdigit() and not (
        len(cell) > 1 and cell[0] == "0" and cell[1] != "."
    )


def _csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([[_plain(c) for c in row] for row in rows])
    return buffer.getvalue()


def _plain(cell: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{cell}" if cell[:1] and cell[:1] in "=+@\t\r" else cell
