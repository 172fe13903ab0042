"""Which days a collection covers: without it a date could not be said to lie outside the year."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality.rulebook import year_number


@dataclass(frozen=True)
class Window:
    """First and last day of a collection year, both inclusive."""

    start: date
    end: date


def window(
    return_name: str, year: int, metadata: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]
) -> Window | None:
    """The window from the caller's metadata, else the census Header, else the year.

    metadata keys: collection_start with collection_end, reference_date, or collection_year. The
    Children in Need census has its reference date in the Header and nowhere else, so without one
    there is no window (None); the other returns take the year asked for.
    Raises UsageError for metadata that is not a date or a year.
    """
    if metadata.get("collection_start") and metadata.get("collection_end"):
        return Window(read_day(metadata["collection_start"]), read_day(metadata["collection_end"]))
    if metadata.get("reference_date"):
        return window_to(read_day(metadata["reference_date"]))
    if metadata.get("collection_year"):
        return window_to(date(year_number(metadata["collection_year"]), 3, 31))
    if return_name != "cin":
        return window_to(date(year, 3, 31))
    header = tables.get("Header")
    if header is None or "ReferenceDate" not in header.columns or header.is_empty():
        return None
    written = header["ReferenceDate"][0]
    found = iso_day(written) if written else None
    return window_to(found) if found else None


def window_to(end: date) -> Window:
    """The year that ends on a day: from a year earlier plus one day."""
    start = (
        date(end.year - 1, end.month, min(end.day, 28))
        if end.month == 2
        else end.replace(year=end.year - 1)
    )
    return Window(start + timedelta(days=1), end)


def read_day(value: Any) -> date:
    """A date from a date, yyyy-mm-dd or dd/mm/yyyy. Raises UsageError for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
        text = f"{match[3]}-{int(match[2]):02d}-{int(match[1]):02d}"
    found = iso_day(text)
    if found is None:
        raise UsageError(f"{value} is not a date.", allowed="yyyy-mm-dd or dd/mm/yyyy")
    return found


def iso_day(text: str) -> date | None:
    """The day of a yyyy-mm-dd text, with or without a time; None when it is no date."""
    match = re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:$|[T ])", text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
