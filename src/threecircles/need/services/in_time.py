"""Was it done in time, by each clock of the law: figures for timeliness from the record's events."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.intervals import wilson
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.services.stock import VALUES, frame_of
from threecircles.record.derive.timeliness import timeliness, working_days
from threecircles.record.vocabulary import Clock, Process, processes


def timeliness_table(
    episodes: nw.LazyFrame, events: nw.LazyFrame, first: date, last: date, period: str
) -> Measured:
    """services-timeliness: for each clock, those that ended in the year: share in time, days taken.

    Measures: within (share met of met and missed, Wilson), median_days, p25, p75 (in the clock's unit).
    """
    days = nw.from_native(working_days().lazy())
    rows: list[dict] = []
    labels: dict[str, str] = {}
    for process in processes().values():
        for clock in process.clocks:
            ends = _both_ends(process, clock, episodes, events)
            if ends is None:
                continue
            ended = ends.filter(
                pl.col("to_on").is_between(first, last) & pl.col("from_on").is_not_null()
            )
            clocked = ended.with_columns(
                time_limit=pl.lit(clock.limit), unit=pl.lit(clock.unit), end_lost=pl.lit(False)
            )
            told = collect(timeliness(nw.from_native(clocked.lazy()), days, last)).filter(
                pl.col("result").is_in(["met", "missed"])
            )
            if told.height:
                labels[clock.id] = (
                    f"{clock.label} within {clock.limit} {clock.unit.replace('_', ' ')}"
                )
                rows += _figures(clock.id, told)
    spec = TableSpec(
        id="services-timeliness",
        title="Done in time",
        population="processes-ended",
        period=period,
        unit="share; days in the unit of the limit",
        dimensions=(Dimension(column="clock", label="Limit", order=tuple(labels), labels=labels),),
        count="n",
        values=VALUES,
        kind="share",
        page="services",
        notes=("Those still running and inside their limit are not counted either way.",),
        definitions=("processes",),
        sources=("cin-census",),
        step="need.services",
    )
    return Measured(spec, frame_of(rows, ["clock"]))


def _figures(clock: str, told: pl.DataFrame) -> list[dict]:
    n, met = told.height, int((told["result"] == "met").sum())
    low, high = wilson(met, n)
    head = {"clock": clock, "n": n, "denominator": float(n)}
    taken = told["taken"].cast(pl.Float64)
    quantiles = {"median_days": 0.5, "p25": 0.25, "p75": 0.75}
    return [
        head
        | {
            "measure": "within",
            "value": met / n,
            "low": low,
            "high": high,
            "numerator": float(met),
        },
        *(
            head | {"measure": m, "value": taken.quantile(q, interpolation="linear")}
            for m, q in quantiles.items()
        ),
    ]


def _both_ends(
    process: Process, clock: Clock, episodes: nw.LazyFrame, events: nw.LazyFrame
) -> pl.DataFrame | None:
    """row_id, person_id, from_on, to_on of a clock; None where the record does not tell its ends yet."""
    own = _own(process, clock, episodes, events)
    if own is None:
        return None
    if clock.starts == "start":
        return own.select("row_id", "person_id", "from_on", "to_on")
    if clock.starts in ("referral", "request"):
        return None
    parents = collect(
        episodes.select(
            nw.col("row_id").alias("parent"), nw.col("valid_from").alias("_parent_from")
        )
    )
    joined = own.join(parents, on="parent", how="left")
    started = pl.col("_parent_from")
    if clock.starts == "referral_or_start":
        started = pl.coalesce(started, pl.col("from_on"))
    return joined.select("row_id", "person_id", started.alias("from_on"), "to_on")


def _own(
    process: Process, clock: Clock, episodes: nw.LazyFrame, events: nw.LazyFrame
) -> pl.DataFrame | None:
    if process.kind == "event":
        found = events.filter(nw.col("process") == process.id)
        return collect(
            found.select(
                "row_id",
                "person_id",
                nw.col("on_date").alias("from_on"),
                nw.col("on_date").alias("to_on"),
                nw.col("episode_row_id").alias("parent"),
            )
        )
    if clock.ends == "first_seen":
        return None
    end = "valid_to" if clock.ends == "end" else "valid_from"
    return collect(
        episodes.filter(nw.col("process") == process.id).select(
            "row_id",
            "person_id",
            nw.col("valid_from").alias("from_on"),
            nw.col(end).alias("to_on"),
            nw.col("parent_row_id").alias("parent"),
        )
    )
