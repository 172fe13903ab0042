"""The first screen: what each file is, what stood in the way, what ran, what to do first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from threecircles.checking.files import Checked
from threecircles.checking.unread import file_name, problems_told, rejected, unread
from threecircles.quality import Report
from threecircles.quality.outputs_told import Picture, told_text
from threecircles.quality.stored import findings_table
from threecircles.quality.summary import Summary, summarise, summary_text
from threecircles.quality.two_year_olds import PLACES, REVIEWS, THERAPY, two_year_olds
from threecircles.sources import source
from threecircles.sources.declared import codes_on

WORST = 10
NOTHING_READ = 3
"""Lines that tell of a return of which nothing was read: its name, that no rule ran, that nothing was tested."""
MOST_CODES = 15
"""Longer lists of codes are left to the form of the source."""


def screen(
    checked: Checked,
    pictures: Mapping[str, Picture] | None = None,
    summaries: Mapping[str, Summary] | None = None,
) -> str:
    """The screen as text, ending with what the returns tell. summaries: those with waivers applied."""
    lines = ["Files"]
    lines += _files(checked.reading.files.to_dicts())
    for heading, told in (
        ("What stood in the way", _indented([*_problems(checked), *rejected(checked)])),
        ("Mend before sending", _notes(checked)),
        ("What the schema says", list(checked.schema[:WORST])),
    ):
        if told:
            lines += ["", heading, *(f"  {t}" for t in told)]
    for report in checked.reports:
        told_of = _told(checked, report, (summaries or {}).get(report.return_name))
        # Where nothing was let through, why each rule lacks its table would only hide the one reason above.
        lines += ["", *(told_of if checked.reading.tables else told_of[:NOTHING_READ])]
    if {PLACES, REVIEWS, THERAPY} & set(checked.reading.tables):
        twos = two_year_olds(checked.reading.tables).sentences()
        lines += ["", "Two-year-olds", *(f"  {t}" for t in twos)]
    if not checked.reports:
        lines += ["", "No return was found, so no rule ran."]
    for shown in (pictures or {}).values():
        lines += ["", told_text(shown)]
    return "\n".join(lines)


def _files(files: list[dict[str, Any]]) -> list[str]:
    """This year's files a line each; last year's in one line, but for those that were not read whole."""
    before = [f for f in files if f["previous_year"] and f["score"] and not f["rows_rejected"]]
    told = [
        f"  {file_name(file)}{' (last year)' if file['previous_year'] else ''}: {_what(file)}"
        for file in files
        if file not in before
    ]
    if before:
        rows = sum(f["rows_kept"] for f in before)
        counted = "1 row" if rows == 1 else f"{rows:,} rows"
        told.append(
            f"  Last year: {len(before)} {'file' if len(before) == 1 else 'files'}, {counted}"
        )
    return told


def _what(file: dict[str, Any]) -> str:
    """What a file is, how much of it was read, and how it is written when that is unusual."""
    if not file["score"]:
        return "not recognised"
    rows = file["rows_kept"]
    counted = "1 row" if rows == 1 else f"{rows:,} rows"
    refused = f", {file['rows_rejected']:,} rejected" if file["rows_rejected"] else ""
    dress = "" if file["encoding"] in ("", "utf-8") else f", written in {file['encoding'].upper()}"
    return f"{file['kind']} {file['table']}".rstrip() + f": {counted}{refused}{dress}"


def _notes(checked: Checked) -> list[str]:
    files = {file["file_id"]: file for file in checked.reading.files.to_dicts()}
    # What was sent last year is sent: nothing of it is to be mended now.
    sent = [file_id for file_id, file in files.items() if file["previous_year"]]
    now = checked.reading.notes.filter(~pl.col("file_id").is_in(sent))
    notes = now.head(WORST).iter_rows(named=True)
    return [
        f"{file_name(files[note['file_id']])}: {note['sentence']}{_first(checked, note, files[note['file_id']])}"
        for note in notes
    ]


def _first(checked: Checked, note: dict[str, Any], file: dict[str, Any]) -> str:
    """Where the first of the values kept as they were stands, what it is unless it is personal, what is allowed."""
    frame = checked.reading.tables.get(note["table"])
    if "kept as text" not in note["sentence"] or frame is None or not note["places"]:
        return ""
    own = frame.filter(pl.col("_file") == note["file_id"])
    if note["column"] not in own.columns or note["places"][0] >= own.height:
        return ""
    row = own.row(note["places"][0], named=True)
    # Several returns may be read together: the file says of which it is.
    column = source(file["kind"].split(" ")[0]).table(note["table"]).column(note["column"])
    found = f" has “{row[column.name]}”" if column.personal == "none" else ""
    codes = [c.code for c in codes_on(column.codes, None)] if column.codes else []
    allowed = f" Allowed: {', '.join(codes)}." if 0 < len(codes) <= MOST_CODES else ""
    # In XML a place is a byte, which no editor shows: the element is counted instead.
    xml = file["delimiter"] == "" and file["sheet"] == "" and "XML" in file["kind"]
    where = f"{note['table']} number {row['_row'] + 1:,}" if xml else f"row {row['_at']}"
    return f" The first is in {where}{' and' if found else ''}{found}.{allowed}"


def _problems(checked: Checked) -> list[str]:
    return problems_told(checked.reading.problems.to_dicts())


def _indented(told: list[str]) -> list[str]:
    return [one.replace("\n", "\n    ") for one in told]


def _told(checked: Checked, report: Report, summary: Summary | None) -> list[str]:
    """The summary, without what stands above it already."""
    told = summary or summarise(report, findings_table(report))
    above = unread(checked, report)
    notes = tuple(note for note in told.notes if note not in above)
    return summary_text(replace(told, notes=notes)).splitlines()
