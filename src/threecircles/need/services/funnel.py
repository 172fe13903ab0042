"""From referral to care, step by step: without the funnel nobody sees where children leave the path."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.intervals import wilson
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.services.stock import USE_NOTE, VALUES, frame_of

STAGES = {
    "referral": "Referred in the year",
    "accepted": "Referral accepted",
    "assessment": "Assessed",
    "section47": "Section 47 enquiry",
    "icpc": "Initial conference",
    "cpp": "Child protection plan",
    "placement": "Looked after",
}


def funnel_table(
    episodes: nw.LazyFrame, events: nw.LazyFrame, first: date, last: date, period: str
) -> Measured:
    """services-funnel: children first referred in the year, and how many reached each later stage by its end.

    episodes: person_id, process, valid_from. events: person_id, process, event, on_date, result_code.
    A stage counts when it began on or after the child's first referral of the year; stages need not be
    passed in order. Measures: children (numerator of the referred), share, median_days from referral.
    """
    referred = collect(
        events.filter(
            (nw.col("process") == "referral")
            & (nw.col("on_date") >= nw.lit(first))
            & (nw.col("on_date") <= nw.lit(last))
        ).select("person_id", "on_date", "result_code"),
        ("person_id", "on_date"),
    ).filter(pl.col("person_id").is_not_null())
    cohort = referred.group_by("person_id").agg(
        pl.col("on_date").min().alias("from_on"),
        pl.col("on_date").filter(pl.col("result_code") != "nfa").min().alias("accepted"),
    )
    later = collect(
        nw.concat(
            [
                episodes.filter(
                    nw.col("process").is_in(["assessment", "section47", "cpp", "placement"])
                ).select("person_id", "process", nw.col("valid_from").alias("day")),
                events.filter(nw.col("process") == "icpc").select(
                    "person_id", "process", nw.col("on_date").alias("day")
                ),
            ]
        )
    )
    reached = (
        later.join(cohort.select("person_id", "from_on"), on="person_id")
        .filter((pl.col("day") >= pl.col("from_on")) & (pl.col("day") <= last))
        .group_by("person_id", "process")
        .agg((pl.col("day") - pl.col("from_on")).dt.total_days().min().alias("days"))
    )
    rows = []
    base = cohort.height
    for stage in STAGES:
        if stage == "referral":
            days = pl.Series([0] * base)
        elif stage == "accepted":
            days = (
                cohort.filter(pl.col("accepted").is_not_null())
                .select((pl.col("accepted") - pl.col("from_on")).dt.total_days())
                .to_series()
            )
        else:
            days = reached.filter(pl.col("process") == stage)["days"]
        rows += _stage(stage, days, base)
    spec = TableSpec(
        id="services-funnel",
        title="What became of children referred in the year",
        population="children-referred",
        period=period,
        unit="children",
        dimensions=(Dimension(column="stage", label="Stage", order=tuple(STAGES), labels=STAGES),),
        count="n",
        values=VALUES,
        kind="count",
        page="services",
        notes=(
            USE_NOTE,
            "Children referred late in the year have had less time to reach a later stage.",
        ),
        definitions=("processes",),
        sources=("cin-census", "ssda903"),
        step="need.services",
    )
    return Measured(spec, frame_of(rows, ["stage"]))


def _stage(stage: str, days: pl.Series, base: int) -> list[dict]:
    n = len(days)
    head = {"stage": stage, "n": n, "numerator": float(n), "denominator": float(base)}
    low, high = wilson(n, base) if base else (None, None)
    median = days.median() if n else None
    return [
        head | {"measure": "children", "value": float(n)},
        head | {"measure": "share", "value": n / base if base else None, "low": low, "high": high},
        head
        | {"measure": "median_days", "value": median, "reason": None if n else "not_applicable"},
    ]
