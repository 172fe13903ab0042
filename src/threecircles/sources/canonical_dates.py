"""A column of dates in one form with its typed companion: parsed here once and nowhere again."""

from __future__ import annotations

from collections import Counter
from datetime import date

import polars as pl

from threecircles.sources.dates import as_written, is_serial, month_first, parse_date, parse_serial
from threecircles.sources.declared import Column
from threecircles.sources.noting import Change, Where, note
from threecircles.sources.reading import Note, Problem

_DATE_WORDS = {"iso": "yyyy-mm-dd", "day-first": "dd/mm/yyyy", "any": "yyyy-mm-dd"}


def dates(text: pl.Series, column: Column, where: Where, notes: list[Note]) -> Change:
    """Dates in the source's own text form, `<name>__date` beside them. Month-first columns stay unread."""
    distinct = [v for v in text.unique().to_list() if v is not None]
    serials = where.serials or _mostly_serials(text)
    parsed: dict[str, date | None] = {}
    forms: dict[str, str] = {}
    for value in distinct:
        day, form = parse_date(value)
        if day is None and serials and (found := parse_serial(value, where.year_1904)):
            day, form = found, "spreadsheet day number"
        parsed[value], forms[value] = day, form
    wrong_way = [v for v in distinct if parsed[v] is None and month_first(v)]
    if wrong_way:
        affected = int(text.is_in(wrong_way).sum())
        if affected * 2 > text.count():
            empty = pl.Series(f"{column.name}__date", [None] * len(text), dtype=pl.Date)
            return Change(
                {column.name: text, empty.name: empty},
                notes,
                [_month_first(column, where, affected)],
            )
    wanted = _DATE_WORDS[where.source.date_form]
    written = {v: as_written(d, where.source.date_form) for v, d in parsed.items() if d is not None}
    written = {v: w for v, w in written.items() if v != w and column.type != "datetime"}
    days = text.replace_strict(
        list(parsed), list(parsed.values()), default=None, return_dtype=pl.Date
    )
    counts = Counter(forms.values())
    for form in counts:
        if (
            form == wanted
            or (where.source.date_form == "any" and form not in (*_NO_DATE, "partial"))
            or (column.type == "datetime" and form.startswith("yyyy-mm-dd"))
        ):
            continue
        these = text.is_in([v for v, f in forms.items() if f == form]).fill_null(False)
        _note_dates(notes, where, column, form, these, wanted)
    changed = text if not written else text.replace(list(written), list(written.values()))
    return Change(
        {column.name: changed, f"{column.name}__date": days.alias(f"{column.name}__date")}, notes
    )


def _note_dates(
    notes: list[Note], where: Where, column: Column, form: str, these: pl.Series, wanted: str
) -> None:
    if where.serials and form in _TRUE_DATES:
        # A date cell of a workbook has no written form to complain of.
        return
    if form == "partial":
        if not column.partial:
            sentence = "{n} {dates} in {column} are known in part only; kept as text."
            note(notes, where, column, "partial-date", these, sentence)
    elif form in _NO_DATE:
        sentence = "{n} {values} in {column} " + _NO_DATE[form] + f"; kept as text. Send {wanted}."
        note(notes, where, column, form, these, sentence)
    elif form != "d/m/yyyy" or wanted != "dd/mm/yyyy":
        sentence = (
            "{n} {dates} in {column} were written " + f"{form}; read as {wanted}. Send {wanted}."
        )
        note(notes, where, column, "date-form", these, sentence)


_TRUE_DATES = ("yyyy-mm-dd", "yyyy-mm-dd with time", "spreadsheet day number")
_NO_DATE = {
    "two-digit-year": "have a year of two digits, which may be any century",
    "impossible": "name a day that does not exist",
    "not-a-date": "are not dates",
}


def _mostly_serials(text: pl.Series) -> bool:
    filled = text.drop_nulls()
    if not len(filled):
        return False
    first = filled.head(2000)
    five_digits = first.filter(first.str.contains(r"^\s*\d{5}(?:\.0+)?\s*$"))
    return sum(is_serial(v) for v in five_digits) >= 0.9 * len(first)


def _month_first(column: Column, where: Where, affected: int) -> Problem:
    return Problem(
        where.file_id,
        "month-first",
        f"{where.file}, column {column.name}",
        "Most dates have the month before the day; none of the column was read.",
        found=f"{affected:,} dates that are impossible with the day first",
        allowed=_DATE_WORDS[where.source.date_form],
        mend="Export again with United Kingdom date settings.",
    )
