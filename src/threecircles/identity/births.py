"""Dates of birth in any dress: without it a list written month first would lose half its children."""

from __future__ import annotations

import polars as pl

_WORDS = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%a %d %b %Y")
_EXCEL_DAYS = (7_000, 60_000)
"""Days since 30 December 1899 that a spreadsheet shows for births from 1919 to 2064."""
_FIRST = r"^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:\D|$)"
_LAST = r"^\s*(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:\D|$)"


def days(values: pl.Series, form: str | None = None) -> pl.Series:
    """The values as dates, null where they are none.

    form: strptime form, when the source states it. Otherwise: year first with any separator or none,
    day or month first (whichever more of the column can be read as; day first when both can), months
    in words, years of two digits, times after the date, and spreadsheet serial numbers where most of
    the column is such.
    """
    text = values.cast(pl.String).str.strip_chars()
    table = pl.DataFrame({"d": text})
    if form:
        return table.select(pl.col("d").str.to_date(form, strict=False)).to_series()
    first, last = pl.col("d").str.extract_groups(_FIRST), pl.col("d").str.extract_groups(_LAST)
    year = _part(first, 3)
    century = (
        pl.when(year < 100)
        .then(year + pl.when(year < 50).then(2000).otherwise(1900))
        .otherwise(year)
    )
    read = table.select(
        year_first=_date(_part(last, 1), _part(last, 2), _part(last, 3)),
        day_first=_date(century, _part(first, 2), _part(first, 1)),
        month_first=_date(century, _part(first, 1), _part(first, 2)),
        plain=pl.col("d").str.replace(r"\.0$", ""),
        in_words=_in_words(pl.col("d")),
    )
    american = read["month_first"].count() > read["day_first"].count()
    order = ["year_first", "month_first" if american else "day_first"]
    compact = pl.col("plain").str.extract(r"^(\d{8})$")
    serial = pl.col("plain").str.extract(r"^(\d{4,5})$").cast(pl.Int32, strict=False)
    words = [pl.col("in_words").str.to_date(f, strict=False) for f in _WORDS]
    more = read.select(
        pl.coalesce(*order).alias("read"),
        pl.coalesce(*words).alias("words"),
        year_run=compact.str.to_date("%Y%m%d", strict=False), day_run=compact.str.to_date("%d%m%Y", strict=False),
        serial=pl.when(serial.is_between(*_EXCEL_DAYS)).then(pl.date(1899, 12, 30) + pl.duration(days=serial)),
    )  # fmt: skip
    told = text.drop_nulls().len()
    run = "day_run" if more["day_run"].count() > more["year_run"].count() else "year_run"
    last_resort = [pl.col("serial")] if more["serial"].count() > 0.5 * max(1, told) else []
    return more.select(pl.coalesce("read", "words", run, *last_resort)).to_series()


def _in_words(text: pl.Expr) -> pl.Expr:
    """Dates whose month is a word, without the time after them and with all four digits of the year."""
    bare = text.str.replace(r"[ T]\d{1,2}:\d{2}.*$", "")
    short = bare.str.extract(r"[A-Za-z].*\D(\d{2})$")
    century = pl.when(short.cast(pl.Int32) < 50).then(pl.lit("20")).otherwise(pl.lit("19"))
    head = bare.str.head(bare.str.len_chars() - 2)
    return pl.when(short.is_null()).then(bare).otherwise(head + century + short)


def _part(groups: pl.Expr, number: int) -> pl.Expr:
    return groups.struct.field(str(number)).cast(pl.Int32, strict=False)


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    written = pl.format(
        "{}-{}-{}", year, month.cast(pl.String).str.zfill(2), day.cast(pl.String).str.zfill(2)
    )
    return written.str.to_date("%Y-%m-%d", strict=False)
