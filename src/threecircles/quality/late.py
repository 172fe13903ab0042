"""How late data come, and records are made: without it a share of late records would not say how late they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from threecircles.definitions.loader import read_csv
from threecircles.quality.canonical import canonical
from threecircles.quality.database import database, fill, fill_macros, lock, outgoing
from threecircles.quality.fields import RETURN_OF, form_of
from threecircles.quality.layout import CROSS_SCHEMAS, PREVIOUS, row_column
from threecircles.quality.report import Report
from threecircles.quality.scores import Count, scored
from threecircles.quality.window import Window

LATE_RULE = "X26"
SOURCE_OF = {name: source for source, name in RETURN_OF.items()}
LATE = {
    "source": pl.String,
    "what": pl.String,
    "k": pl.Int64,
    "n": pl.Int64,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "state": pl.String,
    "late": pl.Int64,
    "median_days": pl.Float64,
    "p90_days": pl.Float64,
}
"""Columns of what came late. k of n were in time, with its interval; late: how many the days are of."""

OWN_YEAR = "records told in the return of their own year"
FILE_LAG = "days from the end of the period until the file came"


def late_records(report: Report) -> pl.DataFrame:
    """For each return, records of earlier years that its return of last year held, and how late the others were.

    A record that last year's return lacked was made after that year ended: it is late by at least the days from
    its own day to the first day of this year. Empty where the check across returns did not run. Columns: LATE.
    """
    outcome = report.outcomes.get(LATE_RULE)
    if outcome is None or outcome.broken is None or report.window is None:
        return pl.DataFrame(schema=LATE)
    asked: dict[str, list[pl.Series]] = {}
    days: dict[str, list[pl.Series]] = {}
    for place in outcome.rule.reports:
        frame = report.tables.get(place.table)
        if frame is None or f"{place.table}{PREVIOUS}" not in report.tables:
            continue
        child, (column,) = report.child_column(place.table), place.columns
        begun = frame.select(
            pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
            (pl.lit(report.window.start) - _day(frame, column)).dt.total_days().alias("days"),
            pl.col(child or column).alias("child"),
        ).filter((pl.col("days") > 0) & pl.col("child").is_not_null())
        broken = outcome.broken[row_column(place.table)].drop_nulls().cast(pl.Int64)
        name = SOURCE_OF[CROSS_SCHEMAS[place.table.partition(".")[0]]]
        asked.setdefault(name, []).append(begun["days"])
        late = begun.filter(pl.col("row").is_in(broken.implode()))
        days.setdefault(name, []).append(late["days"])
    lines = []
    for name, parts in asked.items():
        n, came_late = sum(map(len, parts)), pl.concat(days[name])
        lines.append(_line(name, OWN_YEAR, n - len(came_late), n, came_late))
    return pl.DataFrame(lines, schema=LATE)


def recorded_in_time(
    source: str, tables: Mapping[str, pl.DataFrame], year: int, window: Window
) -> pl.DataFrame:
    """Events recorded within the days that the definitions ask, of all whose days are over. Columns: LATE.

    An event without a record is not in time. Days are from event to record, none where it was recorded before.
    Only sources that carry a day of recording beside the day of the event have lines (rules/recorded.csv).
    """
    lines = []
    for told in (row for row in read_csv("rules/recorded") if row["source"] == source):
        form, words = form_of(source), set(re.findall(r"\w+", told["query"]))
        stems = {word.partition("__")[0] for word in words}
        needed = {name: set(t.columns) & stems for name, t in form.tables.items() if name in words}
        if not set(needed) <= set(tables):
            continue
        frames = {name: canonical(tables[name], form.table(name), normalise_booleans=True, as_read=True) for name in needed}  # fmt: skip
        with database() as connection:
            fill(connection, form, frames, needed)
            fill_macros(connection, window, year, None, frozenset(), "")
            lock(connection)
            found = outgoing(connection, told["query"])
        most = int(told["within_days"])
        took = (pl.col("recorded") - pl.col("event")).dt.total_days().clip(lower_bound=0)
        over = pl.col("event") <= pl.lit(window.end) - pl.duration(days=most)
        due = found.filter(over).select(took.alias("days"))["days"]
        lines.append(_line(source, told["label"], int((due <= most).sum()), len(due), due.drop_nulls()))  # fmt: skip
    return pl.DataFrame(lines, schema=LATE)


def file_lags(deliveries: Iterable[tuple[str, date, date]]) -> pl.DataFrame:
    """How many days after its period each source came, over all its deliveries. Columns: LATE, with k and n empty.

    deliveries: source, last day of the period, day received.
    """
    days: dict[str, list[int]] = {}
    for source, end, received in deliveries:
        days.setdefault(source, []).append((received - end).days)
    lines = [_line(s, FILE_LAG, None, 0, pl.Series(d, dtype=pl.Int64)) for s, d in sorted(days.items())]  # fmt: skip
    return pl.DataFrame(lines, schema=LATE)


def late_text(line: Mapping[str, object], share: str = "") -> str:
    """One line in words. share: k of n in words, where there is one."""
    if line["median_days"] is None:
        return f"{line['what']}: {share or 'none'}"
    spread = f"median {line['median_days']:g}, 90th percentile {line['p90_days']:g} days"
    if line["k"] is None:
        many = "1 delivery" if line["late"] == 1 else f"{line['late']} deliveries"
        return f"{line['what']}: {spread} ({many})"
    when = (
        f"{line['late']:,} came late by at least" if line["what"] == OWN_YEAR else "recorded after"
    )
    return f"{line['what']}: {share}; {when} {spread}"


def _line(source: str, what: str, k: int | None, n: int, days: pl.Series) -> dict[str, object]:
    score = scored(Count("", "", "", "timeliness", k, n))
    spread = (days.median(), days.quantile(0.9, "linear")) if len(days) else (None, None)
    own = {"source": source, "what": what, "late": len(days)}
    own |= {c: score[c] for c in ("k", "n", "share", "low", "high", "state")}
    return own | dict(zip(("median_days", "p90_days"), spread, strict=True))


def _day(frame: pl.DataFrame, column: str) -> pl.Expr:
    """A date column of a checked table: typed where it was given so, else the two forms that returns write."""
    if f"{column}__date" in frame.columns:
        return pl.col(f"{column}__date")
    return pl.coalesce(
        pl.col(column).str.to_date("%d/%m/%Y", strict=False),
        pl.col(column).str.to_date("%Y-%m-%d", strict=False),
    )
