"""Codes, yes and no, postcodes and numbers in one form: without it `M` and `Male` would be two sexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import polars as pl

from threecircles.sources.declared import Column, code_list
from threecircles.sources.noting import Change, Where, note
from threecircles.sources.reading import Note

_TRUE, _FALSE = {"1", "true", "yes", "y"}, {"0", "false", "no", "n"}
_WHOLE = r"[+-]?\d{1,18}(?:\.0+)?"
_NUMBER = r"[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)"
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}")


def flag(value: str) -> str | None:
    """1 or 0 for a yes or no in words or figures, else None."""
    word = value.strip().casefold().removesuffix(".0")
    return "1" if word in _TRUE else "0" if word in _FALSE else None


def postcode(value: str) -> str | None:
    """A postcode in capitals with one space before its last three, or None when it has not the shape."""
    compact = "".join(value.split()).upper()
    return f"{compact[:-3]} {compact[-3:]}" if _POSTCODE.fullmatch(compact) else None


def mapped(
    text: pl.Series,
    column: Column,
    where: Where,
    notes: list[Note],
    read: Callable[[str], str | None],
    wanted: str,
) -> Change:
    """A column whose distinct values each have one canonical text; what has none keeps its own."""
    distinct = [v for v in text.unique().to_list() if v is not None]
    mapped = {v: read(v) for v in distinct}
    changed = {v: m for v, m in mapped.items() if m is not None and m != v}
    unread = [v for v, m in mapped.items() if m is None]
    if unread and wanted:
        these = text.is_in(unread).fill_null(False)
        note(
            notes,
            where,
            column,
            "not-read",
            these,
            "{n} {values} in {column} " + f"are not {wanted}; kept as text.",
        )
    return Change(
        {column.name: text.replace(list(changed), list(changed.values())) if changed else text},
        notes,
    )


def codes_of(text: pl.Series, column: Column, where: Where, notes: list[Note]) -> Change:
    """Codes of the column's list; words of the list become its code, what is not listed stays."""
    if not column.codes:
        return Change({column.name: text}, notes)
    codes = code_list(column.codes)
    listed = {c.code for c in codes}
    distinct = [v for v in text.unique().to_list() if v is not None and v not in listed]
    read = {v: v[:-2] for v in distinct if v.endswith(".0") and v[:-2] in listed}
    if not where.source.return_name:
        # A statutory return takes codes only: words in it stay, so that the rules see them.
        words = {
            w.casefold(): c.code for c in reversed(codes) for w in (*c.synonyms, c.label, c.code)
        }
        for value in distinct:
            found = next((words[f] for f in _forms(value) if f in words), None)
            if found is not None:
                read[value] = found
    unknown = [v for v in distinct if v not in read]
    if read:
        these = text.is_in(list(read)).fill_null(False)
        note(notes, where, column, "code-in-words", these,
              "{n} {values} in {column} were written in other words; read as the code of the list.")  # fmt: skip
        text = text.replace(list(read), list(read.values()))
    if unknown:
        these = text.is_in(unknown).fill_null(False)
        note(notes, where, column, "code-not-listed", these,
              "{n} {values} in {column} are not in the list of allowed codes; kept as text.")  # fmt: skip
    return Change({column.name: text}, notes)


_LETTERED = re.compile(r"^[a-z]{1,2}\)\s*")


def _forms(value: str) -> Iterator[str]:
    """Ways a code is written in lists for people: itself, `a) WBRI`, `N1 - Abuse`, `q) 6: Police`."""
    word = value.strip().casefold()
    bare = _LETTERED.sub("", word)
    yield from (word, bare)
    for between in (":", " - ", " \u2013 "):
        if between in bare:
            yield bare.split(between, 1)[0].strip()


def numbers(text: pl.Series, column: Column, where: Where, notes: list[Note]) -> Change:
    """Numbers with `<name>__int`, `__number` or, for money, `__pence` beside them."""
    plain = text.str.replace_all(r"[,£\s]", "") if column.type != "int" else text.str.strip_chars()
    shape = _WHOLE if column.type == "int" else _NUMBER
    fits = plain.str.contains(f"^(?:{shape})$").fill_null(False)
    wrong = text.is_not_null() & ~fits
    if wrong.any():
        what = "a whole number" if column.type == "int" else "a number"
        note(
            notes,
            where,
            column,
            "not-a-number",
            wrong,
            "{n} {values} in {column} " + f"are not {what}; kept as text.",
        )
    usable = plain.set(~fits, None)
    name, typed = _typed(usable, column)
    if column.type == "int":
        text = text.str.replace(r"^\s*([+-]?\d+)\.0+\s*$", "$1")
    _note_outside(typed, column, where, notes)
    return Change({column.name: text, name: typed.alias(name)}, notes)


def _typed(usable: pl.Series, column: Column) -> tuple[str, pl.Series]:
    if column.type == "int":
        whole = usable.str.replace(r"\.0+$", "").str.strip_prefix("+")
        return f"{column.name}__int", whole.cast(pl.Int64, strict=False)
    number = usable.str.strip_prefix("+").cast(pl.Float64, strict=False)
    if column.type == "money":
        # Two decimals are exact in text; the product is rounded only against binary fractions.
        return f"{column.name}__pence", (number * 100).round(0).cast(pl.Int64, strict=False)
    return f"{column.name}__number", number


def _note_outside(typed: pl.Series, column: Column, where: Where, notes: list[Note]) -> None:
    if column.min is not None and (low := (typed < column.min).fill_null(False)).any():
        note(
            notes,
            where,
            column,
            "out-of-range",
            low,
            "{n} {values} in {column} lie below " + f"{column.min:g}.",
        )
    if column.max is not None and (high := (typed > column.max).fill_null(False)).any():
        note(
            notes,
            where,
            column,
            "out-of-range",
            high,
            "{n} {values} in {column} lie above " + f"{column.max:g}.",
        )
