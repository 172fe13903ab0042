"""The pack as an accessible workbook: without it analysts would retype our tables.

After the Analysis Function's and ONS's rules for accessible spreadsheets: cover, contents, notes,
shorthand, then one table a sheet; no merged cells, no blanks, no fills, no hidden sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from threecircles.definitions import read_csv
from threecircles.report.html import written
from threecircles.report.model import Pack, Table, Value
from threecircles.report.words import day

NAME_LENGTH = 30
FONT = "Arial"
FORMATS = {"percent": "0%", "money": "£#,##0", "count": "#,##0"}


def write_workbook(pack: Pack, path: Path) -> Path:
    """Every table of the pack's pages on a sheet of its own. Equal packs give equal bytes."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"in_memory": True, "strings_to_numbers": False})
    book.set_properties(
        {
            "title": pack.title,
            "author": pack.place,
            "comments": f"Release {pack.release_id}",
            "created": datetime.combine(pack.made_on or date(2000, 1, 1), time()),
        }
    )
    book.set_custom_property("Language", "en-GB")
    styles = _Styles(book)
    sheets = _named(pack)
    notes = _notes(pack)
    _cover(book.add_worksheet("Cover"), pack, styles)
    _contents(book.add_worksheet("Contents"), sheets, styles)
    _two_columns(book.add_worksheet("Notes"), "Notes", "Note", "Meaning", notes, styles)
    shorthand = [(r["symbol"], r["meaning"]) for r in read_csv("report/shorthand")]
    _two_columns(
        book.add_worksheet("Shorthand"), "Shorthand", "Symbol", "Meaning", shorthand, styles
    )
    numbers = {text: name for name, text in notes}
    for name, table in sheets:
        _table_sheet(book, book.add_worksheet(name), table, numbers, styles)
    book.get_worksheet_by_name("Cover").activate()
    book.close()
    return path


class _Styles:
    """The few formats a sheet may have: a title, wrapped text, numbers."""

    def __init__(self, book: Any) -> None:
        self.book = book
        base = {"font_name": FONT, "font_size": 11, "valign": "top"}
        self.title = book.add_format({**base, "bold": True, "font_size": 14})
        self.text = book.add_format(base)
        self.wrapped = book.add_format({**base, "text_wrap": True})
        self.header = book.add_format({**base, "text_wrap": True, "bold": True})
        self.link = book.add_format({**base, "underline": 1, "font_color": "#12436D"})
        self._numbers: dict[str, Any] = {}
        self._base = base

    def number(self, shown: str) -> Any:
        """A right-aligned number format, made once."""
        if shown not in self._numbers:
            self._numbers[shown] = self.book.add_format(
                {**self._base, "num_format": shown, "align": "right"}
            )
        return self._numbers[shown]


def _tables(pack: Pack) -> Iterator[Table]:
    seen = set()
    for page in pack.pages:
        for table in page.all_tables():
            if table.id not in seen:
                seen.add(table.id)
                yield table


def _named(pack: Pack) -> list[tuple[str, Table]]:
    """Sheet names of at most 30 characters, each once, numbered in order."""
    named = []
    for k, table in enumerate(_tables(pack), start=1):
        short = re.sub(r"[^A-Za-z0-9 ]+", " ", table.id.removesuffix("-table")).strip()
        named.append((f"{k} {short}"[:NAME_LENGTH].strip(), table))
    return named


def _notes(pack: Pack) -> list[tuple[str, str]]:
    texts = dict.fromkeys(note for table in _tables(pack) for note in table.notes)
    return [(f"note {k}", text) for k, text in enumerate(texts, start=1)] or [
        ("note 1", "No table of this workbook has a note.")
    ]


def _cover(sheet: Any, pack: Pack, styles: _Styles) -> None:
    lines = [
        f"{pack.period}. Each sheet after Shorthand holds one table.",
        f"Publisher: {pack.place}",
        f"Made on {day(pack.made_on)}" if pack.made_on else "Date as published",
        f"Release: {pack.release_id}",
        f"Next update: {pack.next_update or 'to be announced'}",
        f"Contact: {pack.contact or 'the council'}",
        f"Licence: {pack.licence}",
    ]
    if pack.fictitious:
        lines.insert(
            0,
            "A made-up place for demonstration. No real child, family or worker is described here.",
        )
    sheet.set_column(0, 0, 90)
    sheet.write_string(0, 0, pack.title, styles.title)
    for k, line in enumerate(lines, start=1):
        sheet.write_string(k, 0, line, styles.wrapped)


def _contents(sheet: Any, sheets: list[tuple[str, Table]], styles: _Styles) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, "Contents", styles.title)
    sheet.write_string(1, 0, "This worksheet contains one table", styles.text)
    rows = [(n, n) for n in ("Notes", "Shorthand")] + [(name, t.caption) for name, t in sheets]
    _table_object(sheet, 2, "Contents", ["Worksheet", "What it holds"], len(rows), styles)
    for k, (name, caption) in enumerate(rows, start=3):
        sheet.write_url(k, 0, f"internal:'{name}'!A1", styles.link, name)
        sheet.write_string(k, 1, caption, styles.wrapped)


def _two_columns(
    sheet: Any, title: str, first: str, second: str, rows: list[tuple[str, str]], styles: _Styles
) -> None:
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, title, styles.title)
    sheet.write_string(1, 0, "This worksheet contains one table", styles.text)
    _table_object(sheet, 2, title, [first, second], len(rows), styles)
    for k, (name, text) in enumerate(rows, start=3):
        sheet.write_string(k, 0, name, styles.text)
        sheet.write_string(k, 1, text, styles.wrapped)


def _table_sheet(
    book: Any, sheet: Any, table: Table, numbers: dict[str, str], styles: _Styles
) -> None:
    marks = " ".join(f"[{numbers[n]}]" for n in table.notes)
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, max(len(table.columns) - 1, 1), 20)
    sheet.write_string(0, 0, f"{table.caption} {marks}".strip(), styles.title)
    sheet.write_string(1, 0, "This worksheet contains one table", styles.text)
    sheet.write_string(
        2,
        0,
        f"{table.period or 'Period as named in the table'}. Source: {table.source}.",
        styles.text,
    )
    labels = _headers(table)
    _table_object(
        sheet, 3, f"t_{re.sub('[^A-Za-z0-9]', '_', table.id)}", labels, len(table.rows), styles
    )
    for r, row in enumerate(table.rows, start=4):
        for c, cell in enumerate(row):
            _cell(sheet, r, c, cell, styles)


def _headers(table: Table) -> list[str]:
    """Column labels with their unit in words, each once."""
    labels: list[str] = []
    for column in table.columns:
        unit = (
            ""
            if column.kind in ("text", "interval", "percent") or not column.unit
            else f" ({column.unit})"
        )
        label = (
            f"{column.label}{unit}" if column.unit.lower() != column.label.lower() else column.label
        )
        while label in labels:
            label += " "
        labels.append(label)
    return labels


def _table_object(
    sheet: Any, top: int, name: str, labels: list[str], rows: int, styles: _Styles
) -> None:
    sheet.add_table(
        top,
        0,
        top + max(rows, 1),
        len(labels) - 1,
        {
            "name": name[:200],
            "autofilter": False,
            "style": None,
            "columns": [{"header": label, "header_format": styles.header} for label in labels],
        },
    )


def _cell(sheet: Any, row: int, column: int, cell: Value | str, styles: _Styles) -> None:
    if isinstance(cell, Value) and cell.known and not cell.symbol:
        decimals = cell.decimals
        shown = FORMATS.get(cell.kind, "#,##0" + ("." + "0" * decimals if decimals else ""))
        sheet.write_number(row, column, cell.number, styles.number(shown))
    else:
        sheet.write_string(row, column, written(cell), styles.wrapped)
