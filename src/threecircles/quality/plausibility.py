"""What a return already tells, as figures: without it the work of sending one would give nothing back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import duckdb
import polars as pl

from threecircles.core.rates import rate
from threecircles.core.rounding import round_half_away
from threecircles.definitions import Definition, load_folder
from threecircles.quality.availability import Availability, why_absent
from threecircles.quality.checking import columns_needed
from threecircles.quality.database import (
    database,
    fill,
    fill_macros,
    fill_views,
    lock,
    outgoing,
)
from threecircles.quality.layout import layout
from threecircles.quality.report import Report
from threecircles.quality.shared_sql import with_parents

PER = {"per_10000": 10_000.0, "percent": 100.0, "score": 1.0, "count": 1.0}

MEASURED = {
    "id": pl.String,
    "label": pl.String,
    "unit": pl.String,
    "year": pl.Int64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "value": pl.Float64,
    "reason": pl.String,
}
"""Columns of what a return tells; value is null with a reason where it cannot be told."""

MONTHS = {"id": pl.String, "label": pl.String, "month": pl.Date, "counted": pl.Int64}
"""Columns of the counts by month; every month of the year has a row."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measure(Definition):
    """A figure computed from a return and tied to a published series of the same unit and period.

    query: SQL that gives numerator and, unless the denominator is the population aged 0 to 17, the
    denominator; with by_month, month and counted. series: code of the published series, "" where only
    the figures of England in `england` (year -> value) are held. needs, views, references: as in a rule.
    """

    return_: str
    period: Literal["at_31_march", "year_to_31_march"]
    needs: dict[str, tuple[str, ...]]
    query: str
    series: str = ""
    polarity: Literal["high", "low", "none"] = "none"
    denominator: Literal["counted", "population"] = "counted"
    decimals: int = 1
    by_month: bool = False
    england: dict[str, float] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    references: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What a return tells. figures: MEASURED; months: MONTHS."""

    figures: pl.DataFrame
    months: pl.DataFrame


def all_measures(return_name: str = "") -> tuple[Measure, ...]:
    """The measures of a return, or of both."""
    held = load_folder("plausibility", Measure)
    return tuple(m for m in held if return_name in ("", m.return_))


def tell(report: Report, population: float | None = None) -> Told:
    """The measures of a return computed from the tables that were checked.

    population: children aged 0 to 17 of the authority, for rates per 10,000. A measure whose columns or
    whose population are not there has a reason and no value.
    """
    held = all_measures(report.return_name)
    there = _available(report)
    reasons = {m.id: _absent(m, there) for m in held}
    running = [m for m in held if not reasons[m.id]]
    shared = with_parents(
        tuple(dict.fromkeys(v for m in running for v in m.views)), report.return_name
    )
    sql = "\n".join([*(m.query for m in running), *(v.query for v in shared)])
    figures: list[dict[str, object]] = []
    months = [pl.DataFrame(schema=MONTHS)]
    with database() as connection:
        fill(
            connection,
            layout(report.return_name),
            report.tables,
            columns_needed((*running, *shared)),
        )
        fill_macros(connection, report.window, report.year, None, there.names(), sql)
        fill_views(connection, shared)
        lock(connection)
        for measure in held:
            if measure.by_month:
                if not reasons[measure.id]:
                    months.append(_by_month(connection, measure, report))
                continue
            figures.append(_figure(connection, measure, report, reasons[measure.id], population))
    return Told(pl.DataFrame(figures, schema=MEASURED), pl.concat(months))


def _figure(
    connection: duckdb.DuckDBPyConnection,
    measure: Measure,
    report: Report,
    reason: str,
    population: float | None,
) -> dict[str, object]:
    numerator: float | None = None
    denominator = population if measure.denominator == "population" else None
    if not reason:
        row = connection.execute(measure.query).fetchone()
        numerator = None if row is None or row[0] is None else float(row[0])
        if measure.denominator == "counted" and row is not None:
            denominator = None if row[1] is None else float(row[1])
        elif denominator is None:
            reason = "needs the number of children in the authority"
    value = None if reason else rate(numerator, denominator, PER[measure.unit])
    if not reason and value is None:
        reason = "nobody to whom it applies"
    return {
        "id": measure.id,
        "label": measure.label,
        "unit": measure.unit,
        "year": report.year,
        "numerator": numerator,
        "denominator": denominator,
        "value": None if value is None else round_half_away(value, measure.decimals),
        "reason": reason,
    }


def _by_month(
    connection: duckdb.DuckDBPyConnection, measure: Measure, report: Report
) -> pl.DataFrame:
    assert report.window is not None
    found = outgoing(connection, measure.query).with_columns(pl.col("month").cast(pl.Date))
    whole = pl.date_range(
        report.window.start.replace(day=1), report.window.end, "1mo", eager=True
    ).alias("month")
    return (
        whole.to_frame()
        .join(found, on="month", how="left")
        .select(
            pl.lit(measure.id).alias("id"),
            pl.lit(measure.label).alias("label"),
            "month",
            pl.col("counted").fill_null(0).cast(pl.Int64),
        )
        .sort("month")
    )


def _available(report: Report) -> Availability:
    return Availability(
        {name: frozenset(frame.columns) for name, frame in report.tables.items()},
        dict(report.sent),
        frozenset({"window"} if report.window else ()),
    )


def _absent(measure: Measure, there: Availability) -> str:
    views = with_parents(measure.views, measure.return_)
    reasons = (
        why_absent(measure, measure.needs, there),
        *(why_absent(v, v.needs, there) for v in views),
    )
    return next((reason for reason in reasons if reason), "")
