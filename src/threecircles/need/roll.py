"""Everyone on roll, with what is known of them without asking: the ground that answers must stand for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.record import with_attributes
from threecircles.record.derive.stock import status_on

MAIN = ("C", "M")
"""Enrolment statuses that count a pupil once."""
POSSIBLE = "sessions_possible"
NOT_MISSED = ("#", "C1", "C2", "J1", "Q", "X", "Y", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7", "Z")
"""Attendance codes that are not a pupil's absence (school census, attendance codes)."""


def on_roll(
    episode: nw.LazyFrame,
    measure: nw.LazyFrame,
    person: nw.LazyFrame,
    day: date,
    years: Sequence[int],
) -> pl.DataFrame:
    """One row per person on a school's roll on a day in the given school years.

    episode, measure, person: the record's tables. Columns: person_id, school (its number), nc_year,
    female, sen_support, ehc_plan, fsm (1 or 0), absence (share of the term's sessions; null where not
    held). Empty where the record holds no roll.
    """
    open_ = status_on(episode, day)
    enrolled = collect(
        with_attributes(open_.filter(nw.col("process") == "school_enrolment"), "nc_year").select(
            "person_id", "status_code", "nc_year", "org_id"
        )
    )
    pupils = (
        enrolled.with_columns(pl.col("nc_year").cast(pl.Int64, strict=False))
        .filter(
            pl.col("person_id").is_not_null()
            & pl.col("nc_year").is_in(list(years))
            & (pl.col("status_code").is_in(MAIN) | pl.col("status_code").is_null())
        )
        .sort("person_id", "nc_year")
        .unique("person_id", keep="first", maintain_order=True)
    )
    if pupils.height == 0:
        return pupils
    held = collect(
        open_.filter(nw.col("process").is_in(["sen_support", "ehc_plan", "fsm"])).select(
            "person_id", "process"
        )
    ).unique()
    flags = [
        pl.col("person_id")
        .is_in(held.filter(pl.col("process") == p)["person_id"].implode())
        .cast(pl.Int64)
        .alias(p)
        for p in ("sen_support", "ehc_plan", "fsm")
    ]
    sex = collect(person.select("person_id", "sex"))
    return (
        pupils.select("person_id", "nc_year", school=pl.col("org_id").str.replace("^urn:", ""))
        .join(sex, on="person_id", how="left")
        .join(absence(measure), on="person_id", how="left")
        .with_columns(*flags, female=(pl.col("sex") == "F").fill_null(False).cast(pl.Int64))
        .drop("sex")
        .sort("person_id")
    )


def absence(measure: nw.LazyFrame) -> pl.DataFrame:
    """Share of the term's sessions missed, of persons whose sessions are held: person_id, absence."""
    rows = collect(
        measure.filter(nw.col("measure_id") == "attendance").select(
            "person_id", "item_or_scale", "value"
        )
    ).drop_nulls("person_id")
    missed = ~pl.col("item_or_scale").is_in([POSSIBLE, *NOT_MISSED])
    return (
        rows.group_by("person_id")
        .agg(
            pl.col("value").filter(pl.col("item_or_scale") == POSSIBLE).max().alias("possible"),
            pl.col("value").filter(missed).sum().alias("missed"),
        )
        .filter(pl.col("possible") > 0)
        .select("person_id", absence=(pl.col("missed") / pl.col("possible")).clip(0, 1))
    )
