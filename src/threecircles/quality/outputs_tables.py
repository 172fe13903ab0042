"""Findings, rules and worklist as files: without them nobody could sort or hand on what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.quality.lean import plain
from threecircles.quality.worklist import by_team

MOST_ROWS = 100_000
"""Lines on one sheet; more go on further sheets, and the first sheet says so."""

PIECE = 500_000
"""Lines that are made harmless and written as CSV at a time, as a harmless copy of all would be large."""

NOTICE = "This file holds personal data about children. Keep it inside the authority."
COLUMNS = {
    "child": ("Child", 12),
    "team": ("Team", 16),
    "worker": ("Worker", 14),
    "severity": ("Error or query", 9),
    "what": ("What is wrong", 55),
    "where": ("Where", 44),
    "value": ("Value now", 16),
    "hint": ("How to mend it", 45),
    "rules": ("Rules", 12),
    "findings": ("Findings it clears", 10),
    "first_seen": ("First seen", 11),
    "status": ("Status", 9),
    "waiver": ("Waiver", 14),
}
"""Column of the worklist -> what stands above it in the workbook, and its width in letters."""
ADVICE = (
    "Begin at the top of your sheet: errors come before queries, and first those that clear most findings.",
    "An error may send the return back. A query asks for a look; if the record is right, leave it.",
    "Mend the record in the case system, not here; then export and check again.",
)
"""Stands on the first sheet, below the list of sheets."""
QUESTIONS = "Questions it can answer"
"""Sheet on which questions the data can answer; a sheet's name has at most 31 letters."""
QUESTION_COLUMNS = (
    ("Which questions this data can answer", 50),
    ("Verdict", 12),
    ("What decides it", 60),
    ("What would make it fit", 50),
)
FIELDS = "What stands in each field"
"""Sheet on how many rows of each field are present, refused, not obtained, blank ...; the kinds add up to the rows."""
LINE_HIGH = 15
"""Points that one line of text takes."""
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_SHEET_NOISE = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def inert(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with texts that a spreadsheet would run as a formula written behind an apostrophe."""
    return frame.with_columns(
        pl.when(pl.col(name).str.slice(0, 1).is_in(list(_DANGEROUS)))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name, kind in frame.schema.items()
        if kind == pl.String
    )


def write_csv(table: pl.DataFrame, path: Path) -> Path:
    """A table as CSV, in UTF-8 with a mark that spreadsheets know."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for start in range(0, max(table.height, 1), PIECE):
            first = start == 0
            piece = inert(plain(table.slice(start, PIECE)))
            piece.write_csv(file, include_bom=first, include_header=first)
    return path


def write_parquet(table: pl.DataFrame, path: Path) -> Path:
    """A table as Parquet; what recurs in it stays one of a list, which other programs read as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wide = table.cast({pl.Null: pl.String, pl.Int16: pl.Int64})
    wide.write_parquet(path, compression="lz4", statistics=False)
    return path


def write_workbook(
    lines: pl.DataFrame,
    path: Path,
    headline: str,
    questions: Sequence[tuple[str, str, str, str]] = (),
    fields: Sequence[Sequence[str]] = (),
) -> Path:
    """The worklist as a workbook: a first sheet that says what is where, then one sheet a team.

    lines: the worklist. Headings are frozen, filters on, messages wrapped; every cell is text, so
    that nothing runs; a sheet holds at most 100,000 lines and the first sheet names the split. questions: which
    questions the data can answer (outputs_use.rows_of), on a sheet of their own. fields: what stands in each field,
    its headings first (outputs_use.KIND_HEADS, kind_rows), on the last sheet.
    """
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    sheets = _sheets(plain(lines))
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy", "valign": "top"})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        first = book.add_worksheet("Read me")
        first.set_column(0, 0, 110)
        first.set_column(1, 1, 14)
        first.set_landscape()
        first.fit_to_pages(1, 0)
        told = [
            (NOTICE, ""),
            (headline, ""),
            ("Sheet", "Lines"),
            *((name, str(part.height)) for name, part in sheets),
            *([(QUESTIONS, str(len(questions)))] if questions else []),
            *([(FIELDS, str(len(fields) - 1))] if fields else []),
            *((line, "") for line in ADVICE),
        ]
        for row, (one, two) in enumerate(told):
            first.write_string(row, 0, one, bold if row < 3 else wrap)
            first.write_string(row, 1, two, bold if row < 3 else wrap)
        for name, part in sheets:
            _write_sheet(book.add_worksheet(name), part, bold, wrap, day)
        if questions:
            _write_questions(book.add_worksheet(QUESTIONS), questions, bold, wrap)
        if fields:
            _write_fields(book.add_worksheet(FIELDS), fields, bold, wrap)
    return path


def _sheets(lines: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """(sheet name, lines) for each team, split where there are too many."""
    found: list[tuple[str, pl.DataFrame]] = []
    taken: set[str] = {"read me", QUESTIONS.casefold(), FIELDS.casefold()}
    for team, part in by_team(lines).items():
        pieces = range(0, max(part.height, 1), MOST_ROWS)
        for number, start in enumerate(pieces, 1):
            many = f" {number} of {len(pieces)}" if len(pieces) > 1 else ""
            base = team.translate(_SHEET_NOISE).strip()[: 31 - len(many) - 3] or "Team"
            name, n = base + many, 2
            while name.casefold() in taken:
                name, n = f"{base} {n}{many}", n + 1
            taken.add(name.casefold())
            found.append((name, part.slice(start, MOST_ROWS)))
    return found or [("Nothing found", lines)]


def _write_questions(sheet, questions: Sequence[tuple[str, ...]], bold, wrap) -> None:  # type: ignore[no-untyped-def]
    for column, (heading, width) in enumerate(QUESTION_COLUMNS):
        sheet.set_column(column, column, width, wrap)
        sheet.write_string(0, column, heading, bold)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(questions), len(QUESTION_COLUMNS) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    for row, texts in enumerate(questions, 1):
        high = max(
            -(-len(t) // (w * 0.9)) for t, (_, w) in zip(texts, QUESTION_COLUMNS, strict=True)
        )
        sheet.set_row(row, LINE_HIGH * max(high, 1))
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text, wrap)


def _write_fields(sheet, fields: Sequence[Sequence[str]], bold, wrap) -> None:  # type: ignore[no-untyped-def]
    sheet.set_column(0, 0, 60, wrap)
    sheet.set_column(1, len(fields[0]) - 1, 13)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(fields) - 1, len(fields[0]) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    for row, cells in enumerate(fields):
        for column, cell in enumerate(cells):
            if row and column:
                sheet.write_number(row, column, int(cell.replace(",", "")))
            else:
                sheet.write_string(row, column, cell, wrap if row else bold)


def _write_sheet(sheet, part: pl.DataFrame, bold, wrap, day) -> None:  # type: ignore[no-untyped-def]
    sheet.set_row(0, 2 * LINE_HIGH)
    for column, name in enumerate(part.columns):
        heading, width = COLUMNS.get(name, (name.replace("_", " ").capitalize(), 12))
        # Where no worker and no waiver is known, a column of blanks would only push the rest off the page.
        blank = name in ("worker", "waiver") and part[name].fill_null("").eq("").all()
        hidden = {"hidden": bool(part.height) and blank}
        sheet.set_column(column, column, width, wrap, hidden)
        sheet.write_string(0, column, heading, bold)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(part.height, 1), len(part.columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    # Only some programs make a row as high as its text needs; in others the lines would lie upon each other.
    for row, (values, high) in enumerate(zip(part.iter_rows(), _lines(part), strict=True), 1):
        sheet.set_row(row, LINE_HIGH * high)
        for column, value in enumerate(values):
            if isinstance(value, int):
                sheet.write_number(row, column, value)
            elif isinstance(value, date):
                sheet.write_datetime(row, column, value, day)
            elif value is not None:
                sheet.write_string(row, column, str(value))


def _lines(part: pl.DataFrame) -> pl.Series:
    """How many lines each row's longest text takes in its column; words break a little before the edge."""
    texts = [name for name, kind in part.schema.items() if kind == pl.String]
    needed = [
        (pl.col(name).str.len_chars().fill_null(0) / (COLUMNS.get(name, ("", 12))[1] * 0.9)).ceil()
        for name in texts
    ]
    return part.select(pl.max_horizontal(1, *needed).cast(pl.Int64).alias("lines")).to_series()
