"""Values in one form, with typed companions, parsed once: rules that parse again are slow and disagree."""

from __future__ import annotations

import polars as pl

from threecircles.sources.canonical_dates import dates
from threecircles.sources.canonical_values import codes_of, flag, mapped, numbers, postcode
from threecircles.sources.declared import Column
from threecircles.sources.noting import Change, Where, note
from threecircles.sources.reading import Note

IDENTIFIERS = {"upn", "uln", "nhs_number", "urn", "gss"}


def canonical(values: pl.Series, column: Column, where: Where) -> Change:
    """One column as text in the source's own form, with its typed companion.

    values: text as received, null for missing. A value that cannot be typed keeps its text, its
    companion is null, and it is counted in a note. Notes never quote a value.
    """
    notes: list[Note] = []
    if column.many:
        return Change({column.name: values})
    text = _tidy(values, column, where, notes)
    match column.type:
        case "date" | "datetime":
            return dates(text, column, where, notes)
        case "int" | "decimal" | "money":
            return numbers(text, column, where, notes)
        case "code":
            return codes_of(text, column, where, notes)
        case "bool":
            change = mapped(text, column, where, notes, flag, "a yes or no")
        case "postcode":
            change = mapped(text, column, where, notes, postcode, "")
        case _:
            _destroyed_digits(text, column, where, notes)
            change = Change({column.name: text}, notes)
    return change


def _destroyed_digits(text: pl.Series, column: Column, where: Where, notes: list[Note]) -> None:
    if column.type not in IDENTIFIERS and column.personal != "direct":
        return
    damaged = text.str.contains(r"^\d(\.\d+)?[Ee]\+?\d+$").fill_null(False)
    if damaged.any():
        note(notes, where, column, "digits-destroyed", damaged,
             "A spreadsheet has destroyed the last digits of {n} {numbers} in {column}. "
             "Export again as text, without opening the file in a spreadsheet.")  # fmt: skip


def _tidy(values: pl.Series, column: Column, where: Where, notes: list[Note]) -> pl.Series:
    """Blanks to null, spaces off, capitals where the return wants them; what changed is counted."""
    trimmed = values.str.strip_chars()
    words = [w.casefold() for w in column.blank_words]
    blank = (
        (trimmed == "") if not words else (trimmed == "") | trimmed.str.to_lowercase().is_in(words)
    )
    text = values if where.source.letter_case == "keep" else trimmed
    if blank.any():
        text = text.set(blank.fill_null(False), None)
    if where.source.letter_case == "upper":
        upper = text.str.to_uppercase()
        changed = (upper != text).fill_null(False)
        if changed.any() and column.type in ("code", "text", *IDENTIFIERS):
            note(notes, where, column, "small-letters", changed,
                  "{n} {values} in {column} had small letters; read as capitals. "
                  "The receiving department refuses small letters: mend before sending.")  # fmt: skip
        text = upper
    return text
