"""Month by month: without it a rise that is chance, and one that is not, would look the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

import narwhals as nw
import polars as pl

from threecircles.core.charts import xmr
from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.definitions import Definition, load
from threecircles.need.services.stock import USE_NOTE, VALUES, frame_of
from threecircles.record.derive.stock import starts

STARTS = "children_starting"
CENTRES = ("median_month", "mean_month", "lower_limit", "upper_limit")
STEP = "need.months"
DEFINITION = "indicators/months/starts"
CARE, CARE_SOURCE = "period_of_care", "ssda903"


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of months: a process counted on the day it begins, or on the day of one of its events.

    known_after_days: a start may be known only so many days later; months that end in these last days are not
    told, since they would look low.
    """

    id: str
    label: str
    process: str
    event: str | None = None
    known_after_days: int = 0


@dataclass(frozen=True, kw_only=True)
class Months(Definition):
    """Which series are told month by month (definitions/indicators/months).

    years: how many years back. fewest_a_month: a series with fewer children in any month is left out whole,
    so that its limits rest on no month that would have to be hidden. fewest_months: fewest months of a
    series, limits_from: of one with limits.
    late_share: the newest year is provisional while the median share of late records of up to late_years
    years before it is above this.
    """

    version: int
    series: tuple[Series, ...]
    years: int
    fewest_a_month: int
    fewest_months: int
    limits_from: int
    late_share: float
    late_years: int


def months_definition() -> Months:
    """The shipped definition."""
    return load(DEFINITION, Months)


def children_starting(
    episodes: nw.LazyFrame,
    events: nw.LazyFrame,
    care: nw.LazyFrame | None,
    since: Mapping[str, date | None],
    first: date,
    last: date,
) -> pl.DataFrame:
    """Distinct children who start, by month. Columns: process, event?, month (2026-03), children.

    episodes: person_id, process, valid_from, source_id. events: person_id, process, event, on_date, source_id.
    care: periods of care (person_id, valid_from, short_break), counted as the process `period_of_care`; None
    = not held. since: source -> the first day whose starts it shows whole (None: all); a process of which any
    source begins later is counted from then on, since before only cases still open would be seen.
    """
    blank = nw.lit(None, dtype=nw.String)
    began = [starts(episodes, first, last).with_columns(event=blank)]
    if care is not None:
        stays = starts(care.filter(~nw.col("short_break")), first, last)
        began.append(stays.with_columns(process=nw.lit(CARE), event=blank, source_id=nw.lit(CARE_SOURCE)))  # fmt: skip
    seen = events.filter(
        (nw.col("on_date") >= nw.lit(first)) & (nw.col("on_date") <= nw.lit(last))
    ).rename({"on_date": "valid_from"})
    columns = ["person_id", "process", "event", "valid_from", "source_id"]
    rows = pl.concat([collect(part.select(columns)) for part in (*began, seen)])
    whole = pl.col("source_id").replace_strict(dict(since), default=None, return_dtype=pl.Date)
    from_day = whole.max().over("process", "event")
    return (
        rows.filter(from_day.is_null() | (pl.col("valid_from") >= from_day))
        .group_by("process", "event", month=pl.col("valid_from").dt.strftime("%Y-%m"))
        .agg(children=pl.col("person_id").n_unique().cast(pl.Int64))
        .sort("process", "event", "month")
    )


def months_between(first: date, last: date) -> list[str]:
    """The months from one day to another, both inclusive, as 2026-03."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{n // 12}-{n % 12 + 1:02}" for n in numbers]


def whole_by(months: list[str], day: date) -> list[str]:
    """The months whose last day is not after the day."""
    tomorrow = (day + timedelta(days=1)).strftime("%Y-%m")
    return [month for month in months if month < tomorrow]


def months_table(
    counts: pl.DataFrame, definition: Months, first: date, last: date, period: str
) -> Measured | None:
    """Table `months-starts`; None where no series has enough children in every month.

    counts: of children_starting. Measures: children_starting by series and month; for each series over all
    months median_month, mean_month and, from limits_from months, lower_limit and upper_limit.
    """
    months = months_between(first, last)
    rows = []
    kept = []
    for series in definition.series:
        own = pl.col("process").eq(series.process) & pl.col("event").eq_missing(series.event)
        found = dict(counts.filter(own).select("month", "children").iter_rows())
        told = [
            month
            for month in whole_by(months, last - timedelta(days=series.known_after_days))
            if month >= min(found, default="")
        ]
        values = [found.get(month, 0) for month in told]
        if len(told) < definition.fewest_months or min(values) < definition.fewest_a_month:
            continue
        kept.append(series)
        rows += _rows(series.id, told, values, definition.limits_from)
    if not kept:
        return None
    spec = TableSpec(
        id="months-starts",
        title="Children starting with a service, month by month",
        population="children-starting",
        period=period,
        unit="children",
        dimensions=(
            Dimension(
                column="series", label="Series", order=tuple(s.id for s in kept),
                labels={s.id: s.label for s in kept},
            ),
            Dimension(column="month", label="Month", order=tuple(months), labels=_names(months)),
        ),
        count="n",
        values=VALUES,
        kind="count",
        page="months",
        notes=(
            USE_NOTE,
            "A child who starts twice in a month is counted once in it; months are not to be added.",
            f"Series with fewer than {definition.fewest_a_month} children in any month are not shown.",
            *(
                f"{s.label}: a start may be known {s.known_after_days} days later, so the newest months are not told."
                for s in kept
                if s.known_after_days
            ),
        ),
        definitions=(f"{DEFINITION}@{definition.version}",),
        step=STEP,
    )  # fmt: skip
    return Measured(spec, frame_of(rows, ["series", "month"]))


def _rows(series: str, months: list[str], values: list[int], limits_from: int) -> list[dict]:
    total = sum(values)
    told: dict[str, float] = {"median_month": float(median(values))}
    if len(values) >= limits_from:
        found = xmr(values)
        told |= {
            "mean_month": found.centre,
            "lower_limit": max(found.low, 0.0),
            "upper_limit": found.high,
        }
    return [
        {"series": series, "month": month, "measure": STARTS, "value": float(value), "n": value}
        for month, value in zip(months, values, strict=True)
    ] + [
        {"series": series, "month": TOTAL, "measure": name, "value": told[name], "n": total}
        for name in CENTRES
        if name in told
    ]


def _names(months: list[str]) -> dict[str, str]:
    return {m: date(int(m[:4]), int(m[5:]), 1).strftime("%B %Y") for m in months}


def late_records(episodes: nw.LazyFrame, first: date, last: date) -> pl.DataFrame:
    """Rows that begin in each year and those of them first known late. Columns: source, year, rows, late.

    episodes: source_id, valid_from, flags. year: the year that ends on 31 March.
    """
    told = collect(
        starts(episodes, first, last).select("valid_from", "flags", source="source_id")
    ).with_columns(
        year=pl.col("valid_from").dt.year() + (pl.col("valid_from").dt.month() > 3).cast(pl.Int32)
    )
    return (
        told.group_by("source", "year")
        .agg(
            rows=pl.len().cast(pl.Int64),
            late=pl.col("flags").list.contains("late").sum().cast(pl.Int64),
        )
        .sort("source", "year")
    )


def provisional(counts: pl.DataFrame, definition: Months) -> Mapping[str, bool | None]:
    """Whether the newest year of a source may still grow; None where no earlier year is there to judge by.

    counts: of late_records.
    """
    newest = counts["year"].max()
    told: dict[str, bool | None] = {}
    for (source,), rows in counts.group_by("source", maintain_order=True):
        before = rows.filter(pl.col("year") < newest).tail(definition.late_years)
        share = (before["late"] / before["rows"]).median() if before.height else None
        told[str(source)] = None if share is None else bool(share > definition.late_share)  # type: ignore[operator]
    return told


def late_table(counts: pl.DataFrame, definition: Months, period: str) -> Measured | None:
    """Table `months-late`: the share of records first known late, by source and year.

    counts: of late_records. Measure: late_share.
    """
    if not counts.height:
        return None
    years = sorted({str(y) for y in counts["year"]})
    may_grow = provisional(counts, definition)
    told = [source.replace("-", " ") for source, grows in may_grow.items() if grows]
    unknown = [source.replace("-", " ") for source, grows in may_grow.items() if grows is None]
    notes = ["A record is late when the return that should have held it came without it."]
    if told:
        notes.append(f"Provisional, since earlier years grew later: {', '.join(told)}.")
    if unknown:
        notes.append(
            f"No earlier year is there to say whether the newest one will grow: {', '.join(unknown)}."
        )
    rows = [
        {
            "source": source, "year": str(year), "measure": "late_share", "value": late / n,
            "numerator": float(late), "denominator": float(n), "n": n,
        }
        for source, year, n, late in counts.iter_rows()
    ]  # fmt: skip
    spec = TableSpec(
        id="months-late",
        title="Records that came late, by source and year",
        population="records",
        period=period,
        unit="percent",
        dimensions=(
            Dimension(column="source", label="Source"),
            Dimension(column="year", label="Year to 31 March", order=tuple(years)),
        ),
        count="n",
        values=VALUES,
        kind="quality",
        page="months",
        notes=tuple(notes),
        definitions=(f"{DEFINITION}@{definition.version}",),
        step=STEP,
    )
    return Measured(spec, frame_of(rows, ["source", "year"]))
