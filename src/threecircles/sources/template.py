"""An empty form for whoever sends data: one heading row, the allowed words as drop-downs, a page of plain advice."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Literal

from threecircles.core.errors import UsageError
from threecircles.sources.declared import Column, Source, Table, codes_on

_ROWS = 1000
_A4, _LETTERS, _LINE_HIGH = 9, 76, 15
_KINDS = {
    "date": "a date", "datetime": "a date and time", "int": "a whole number", "decimal": "a number",
    "money": "pounds and pence", "bool": "yes or no", "postcode": "a postcode", "code": "one of the words listed",
}  # fmt: skip
_FORMS = {
    "iso": "yyyy-mm-dd, for example 2026-03-31",
    "day-first": "dd/mm/yyyy, for example 31/03/2026",
}


def write_template(
    source: Source,
    folder: Path,
    form: Literal["csv", "xlsx"] = "xlsx",
    tables: tuple[str, ...] = (),
) -> list[Path]:
    """Write an empty form of a source; returns the files.

    csv: one file for each table, headings only, and `<id>-guidance.txt`, a page of advice with an example. xlsx: one workbook, a sheet for
    each table with drop-downs of the allowed codes, the guidance first. tables: only these.
    """
    chosen = [source.table(t) for t in tables] or list(source.tables)
    folder.mkdir(parents=True, exist_ok=True)
    if form == "csv":
        return [*(_csv(source, t, folder) for t in chosen), _guidance_file(source, chosen, folder)]
    if form == "xlsx":
        return [_workbook(source, chosen, folder / f"{source.id}.xlsx")]
    raise UsageError("The form of a template is not known.", found=form, allowed="csv, xlsx")


def guidance(source: Source, tables: list[Table]) -> list[str]:
    """The page of advice, a line each: what to write, in which form, and how a filled form looks.

    The example stands in one cell a line, spaced by blanks, so that no reader takes it for data.
    """
    lines = [source.label, ""]
    if source.description and len(tables) > 1:
        lines += [source.description, ""]
    for table in tables:
        lines += [] if len(tables) == 1 and table.guidance else [f"{table.name}: {table.rows}."]
        lines += [table.guidance] if table.guidance else []
        lines += [_advice(c, source) for c in table.sent]
        lines += ["", "Filled in, it looks like this:", *_example(table)] if table.example else []
        lines.append("")
    return [*lines, "Leave a box blank when you do not know. Never write 0 for not known."]


def _example(table: Table) -> list[str]:
    """The filled example with plain headings, in columns of one width."""
    names, *rows = ([c.strip() for c in row.split("|")] for row in table.example.splitlines() if row.strip())  # fmt: skip
    laid = [[table.column(name).label for name in names], *rows]
    widths = [max(len(row[n]) for row in laid) for n in range(len(names))]
    return [
        "   ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in laid
    ]


def _advice(column: Column, source: Source) -> str:
    words = []
    if column.codes:
        codes = codes_on(column.codes, None)
        shown = "; ".join(_shown(c.code, c.label) for c in codes[:15])
        words.append(f"one of {shown}{' and more' if len(codes) > 15 else ''}")
    elif column.type in ("date", "datetime"):
        words.append(f"a date, {_FORMS.get(source.date_form, _FORMS['iso'])}")
    else:
        words.append(_KINDS.get(column.type, "text"))
    kept = "" if column.required else " May be left blank."
    return f"- {column.label}: {', '.join(words)}.{kept}"


def _shown(code: str, label: str) -> str:
    """The code, with its label where that says more."""
    same = label.casefold() in (code.casefold().replace("_", " "), code.replace("-", " to "))
    return code if same else f"{code} ({label[:1].lower()}{label[1:]})"


def _csv(source: Source, table: Table, folder: Path) -> Path:
    path = folder / f"{source.id}-{table.name}.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerow(c.name for c in table.sent)
    return path


def _guidance_file(source: Source, tables: list[Table], folder: Path) -> Path:
    path = folder / f"{source.id}-guidance.txt"
    path.write_text("\n".join(guidance(source, tables)) + "\n", encoding="utf-8")
    return path


def _workbook(source: Source, tables: list[Table], path: Path) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(
        str(path), {"strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold = book.add_format({"bold": True, "text_wrap": True})
        text = book.add_format({"num_format": "@"})
        typed = book.add_format({"font_name": "Courier New", "font_size": 9})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        page = book.add_worksheet("Guidance")
        page.set_column(0, 0, _LETTERS)
        page.set_paper(_A4)
        page.fit_to_pages(1, 1)
        for number, line in enumerate(guidance(source, tables)):
            # Not every spreadsheet makes a row as high as its text.
            page.set_row(number, _LINE_HIGH * (1 + len(line) // _LETTERS))
            page.write_string(number, 0, line, typed if "   " in line else wrapped)
        lists = book.add_worksheet("Lists")
        lists.hide()
        where = _write_lists(lists, tables)
        for table in tables:
            _sheet(book.add_worksheet(table.name[:31]), table, where, bold, text)
    return path


def _write_lists(sheet: Any, tables: list[Table]) -> dict[str, str]:
    """Each list of codes in a column of its own; returns where a drop-down finds it."""
    where: dict[str, str] = {}
    names = sorted({c.codes for t in tables for c in t.sent if c.codes})
    for position, name in enumerate(names):
        codes = codes_on(name, None)
        for row, code in enumerate(codes):
            sheet.write_string(row, position, code.code)
        where[name] = f"=Lists!${_letters(position)}$1:${_letters(position)}${max(len(codes), 1)}"
    return where


def _letters(position: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(position))


def _sheet(sheet: Any, table: Table, where: dict[str, str], bold: Any, text: Any) -> None:
    sheet.freeze_panes(1, 0)
    for position, column in enumerate(table.sent):
        sheet.write_string(0, position, column.label or column.name, bold)
        # Codes with leading noughts, and numbers of people, are text to a spreadsheet too.
        plain = column.type in ("date", "datetime", "int", "decimal", "money")
        sheet.set_column(
            position, position, max(12, min(40, len(column.label) + 2)), None if plain else text
        )
        if column.codes:
            sheet.data_validation(
                1, position, _ROWS, position, {"validate": "list", "source": where[column.codes]}
            )
