"""Every way a date is written, read day first: without it 03/04 would be a different day in each tool."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

_MONTHS = {
    m: i
    for i, m in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("dd/mm/yyyy", re.compile(r"(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})")),
    ("yyyy-mm-dd", re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})")),
    ("d/m/yyyy", re.compile(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})")),
    ("dd-mm-yyyy", re.compile(r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{4})")),
    ("dd.mm.yyyy", re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})")),
    ("yyyy-mm-dd with time", re.compile(rf"(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){_TIME}")),
    (
        "dd/mm/yyyy with time",
        re.compile(rf"(?P<d>\d{{1,2}})/(?P<m>\d{{1,2}})/(?P<y>\d{{4}}){_TIME}"),
    ),
    (
        "dd-Mon-yyyy",
        re.compile(rf"(?P<d>\d{{1,2}})[- ](?P<b>[A-Za-z]{{3}})[- ](?P<y>\d{{4}}){_TIME}"),
    ),
    ("yyyy-Mon-dd", re.compile(rf"(?P<y>\d{{4}})-(?P<b>[A-Za-z]{{3}})-(?P<d>\d{{2}}){_TIME}")),
)
_PARTIAL = re.compile(r"(?:ZZ|\d{2})/(?:ZZ|\d{2})/(?:ZZZZ|\d{4})", re.IGNORECASE)
_SERIAL = re.compile(r"\d{5}(?:\.0+)?")
_TWO_DIGIT = re.compile(r"\d{1,2}[/\-.]\d{1,2}[/\-.]\d{2}")
_LOW, _HIGH = 20_000, 60_000


@lru_cache(maxsize=200_000)
def parse_date(text: str) -> tuple[date | None, str]:
    """The date and the form it was written in.

    Without a date the second is why: "partial", "two-digit-year", "impossible" or "not-a-date".
    A month is never read before a day.
    """
    cell = text.strip()
    for form, pattern in _FORMS:
        found = pattern.fullmatch(cell)
        if found:
            parts = found.groupdict()
            month = _MONTHS.get(parts["b"].lower(), 0) if "b" in parts else int(parts["m"])
            try:
                return date(int(parts["y"]), month, int(parts["d"])), form
            except ValueError:
                return None, "impossible"
    if _PARTIAL.fullmatch(cell):
        return None, "partial"
    return None, "two-digit-year" if _TWO_DIGIT.fullmatch(cell) else "not-a-date"


def parse_serial(text: str, year_1904: bool = False) -> date | None:
    """The date of a spreadsheet's day number, or None. 45000 is 15 March 2023; 44286 is 31 March 2021."""
    if not is_serial(text):
        return None
    start = date(1904, 1, 1) if year_1904 else date(1899, 12, 30)
    return start + timedelta(days=int(float(text.strip())))


def is_serial(text: str) -> bool:
    """True for a whole number that could be a spreadsheet's day between 1954 and 2064."""
    cell = text.strip()
    return bool(_SERIAL.fullmatch(cell)) and _LOW <= float(cell) <= _HIGH


def month_first(text: str) -> bool:
    """True when the text is impossible with the day first and possible with the month first."""
    parts = re.fullmatch(r"(\d{1,2})[/\-.](\d{1,2})[/\-.](\d{4})", text.strip())
    if not parts or parse_date(text)[0] is not None:
        return False
    try:
        date(int(parts[3]), int(parts[1]), int(parts[2]))
    except ValueError:
        return False
    return True


def as_written(day: date, form: str) -> str:
    """A date in the text form a receiver wants: "day-first", else as yyyy-mm-dd."""
    return (
        f"{day.day:02d}/{day.month:02d}/{day.year:04d}" if form == "day-first" else day.isoformat()
    )
