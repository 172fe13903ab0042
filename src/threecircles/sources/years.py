"""Which collection year a set of files belongs to: two folders swapped would pass every other check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from threecircles.sources.declared import Source
from threecircles.sources.laid import Found
from threecircles.sources.reading import Problem

_BIRTH = {
    "dob",
    "mcdob",
    "personbirthdate",
    "expectedpersonbirthdate",
    "dateofbirth",
    "dateperm",
    "persondeathdate",
}


def collection_year(day: date) -> int:
    """The year in which the collection year of a day ends: 1 April 2025 to 31 March 2026 is 2026."""
    return day.year + (day.month >= 4)


def guess_year(tables: Mapping[str, pl.DataFrame], sources: Sequence[Source]) -> int | None:
    """The commonest collection year of the dates of events; a census header's own date wins."""
    header = tables.get("Header")
    if header is not None and "ReferenceDate__date" in header.columns and header.height:
        day = header.get_column("ReferenceDate__date")[0]
        return collection_year(day) if day else None
    known = {t.name for s in sources for t in s.tables}
    counts: Counter[int] = Counter()
    for name, frame in tables.items():
        if name in known:
            counts += _years(frame)
    return counts.most_common(1)[0][0] if counts else None


def _years(frame: pl.DataFrame) -> Counter[int]:
    counts: Counter[int] = Counter()
    for column in frame.columns:
        name = column.removesuffix("__date")
        if name == column or name.replace("_", "").casefold() in _BIRTH:
            continue
        days = frame.get_column(column).drop_nulls()
        years = (days.dt.year() + (days.dt.month() >= 4).cast(pl.Int32)).value_counts()
        counts.update(dict(years.iter_rows()))
    return counts


def check_years(
    tables: dict[str, pl.DataFrame], year: int | None, found: Found, *, force: bool
) -> None:
    """Problems when the files contradict `year` or last year's are the newer ones.

    A census header of another year is a warning (the rule set follows `year`). Swapped years empty the
    tables unless forced, so that nothing is checked against the wrong year.
    """
    _check_header(tables, year, found)
    newest = _newest({k: v for k, v in tables.items() if not k.endswith("_last")})
    newest_last = _newest({k: v for k, v in tables.items() if k.endswith("_last")})
    if newest is None or newest_last is None or newest_last <= newest or force:
        return
    found.problems.append(
        Problem(
            "", "years-swapped", "this year's and last year's files",
            "The files given as last year's are newer than this year's; nothing was checked.",
            found=f"last year's reach into {newest_last}, this year's into {newest}",
            mend="Swap the two, or say --force-years if they are right as they are.",
        )
    )  # fmt: skip
    tables.clear()


def _newest(tables: Mapping[str, pl.DataFrame]) -> int | None:
    """The collection year into which one in a hundred event dates reaches: stray future dates do not count."""
    counts: Counter[int] = Counter()
    for frame in tables.values():
        counts += _years(frame)
    left = 0.01 * sum(counts.values())
    for year in sorted(counts, reverse=True):
        left -= counts[year]
        if left < 0:
            return year
    return None


def _check_header(tables: Mapping[str, pl.DataFrame], year: int | None, found: Found) -> None:
    header = tables.get("Header")
    if (
        year is None
        or header is None
        or "ReferenceDate__date" not in header.columns
        or not header.height
    ):
        return
    day, said = header.get_column("ReferenceDate__date")[0], header.get_column("Year")[0]
    wrong = [f"reference date {day:%d %B %Y}" for _ in (1,) if day and collection_year(day) != year]
    wrong += [f"year {said}" for _ in (1,) if said and said != str(year)]
    if wrong:
        found.problems.append(
            Problem(
                header.get_column("_file")[0], "header-other-year", "Header",
                f"The header names another year than {year}. The rules of {year} are used; the census window "
                "follows the header.", found=", ".join(wrong), allowed=f"year {year}, reference date 31 March {year}",
                mend="Set the year in the case system's export, or give --year as in the header.", error=False,
            )
        )  # fmt: skip
