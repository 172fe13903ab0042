"""One row a pupil asked, from the record's measures: the ground on which both circles are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect

DESIGN = ("study_id", "wave", "stratum", "psu", "weight", "fpc", "flagged", "on_date")
PUPIL = ("completed", "nc_year", "female", "consent_link", "school_roll")
SURVEY = "survey-pupils"
_READ = ("response_id", "person_id", "item_or_scale", "value", *DESIGN)


def respondents(
    measure: nw.LazyFrame, scales: Sequence[str], study: str | None = None
) -> pl.DataFrame:
    """One row per pupil asked in one study (the newest when none is named).

    measure: the record's measures. Columns: response_id, person_id (null when anonymous or not to be
    linked), DESIGN, PUPIL, and for each scale <scale>, <scale>_lowest, <scale>_highest.
    """
    items = [*PUPIL, *(f"{s}{e}" for s in scales for e in ("", "_lowest", "_highest"))]
    rows = collect(
        measure.filter(
            (nw.col("source_id") == SURVEY) & nw.col("item_or_scale").is_in(items)
        ).select(*_READ)
    )
    if rows.height == 0:
        return pl.DataFrame(schema={c: pl.String for c in ("response_id", "person_id")})
    if study is None:
        days = rows.group_by("study_id").agg(pl.col("on_date").max())
        study = days.sort("on_date", "study_id", nulls_last=False)["study_id"][-1]
    rows = rows.filter(pl.col("study_id") == study).with_columns(
        pl.col("person_id").cast(pl.String)
    )
    head = rows.group_by("response_id").agg(pl.col(c).first() for c in ("person_id", *DESIGN))
    wide = rows.pivot(
        "item_or_scale", index="response_id", values="value", aggregate_function="first"
    )
    absent = [pl.lit(None, dtype=pl.Float64).alias(i) for i in items if i not in wide.columns]
    table = head.join(wide.with_columns(absent), on="response_id")
    return table.with_columns(pl.col("flagged").fill_null(False)).sort("response_id")


def survey_day(table: pl.DataFrame) -> date:
    """The day the survey closed: the last day on which anybody answered."""
    return table.filter(pl.col("completed") == 1)["on_date"].max()  # type: ignore[return-value]


def consent_adjusted(table: pl.DataFrame) -> pl.DataFrame:
    """The respondents who may be linked, weighted up to all respondents of their school, year and sex.

    Cells in which nobody may be linked are made up by their school, then by their school type.
    Adds link_weight (nought for those who may not be linked).
    """
    yes = pl.col("consent_link").fill_null(0) == 1
    weight, factor = pl.col("weight"), pl.lit(None, dtype=pl.Float64)
    for keys in (["psu", "nc_year", "female"], ["psu"], ["stratum"]):
        linked = weight.filter(yes).sum().over(keys)
        factor = pl.coalesce(factor, pl.when(linked > 0).then(weight.sum().over(keys) / linked))
    adjusted = table.with_columns(link_weight=pl.when(yes).then(weight * factor).otherwise(0.0))
    whole, kept = float(table["weight"].sum()), float(adjusted["link_weight"].sum())
    # Cells without a single yes lose their mass above; spread it so that the population stays whole.
    return adjusted.with_columns(pl.col("link_weight") * (whole / kept if kept else 0.0))


def with_service(table: pl.DataFrame, contact: pl.DataFrame) -> pl.DataFrame:
    """Adds service: 1 in contact, 0 not, null where the child may not be linked."""
    joined = table.join(
        contact.select("person_id", "service", "n_services"), on="person_id", how="left"
    )
    may = pl.col("consent_link").fill_null(0) == 1
    return joined.with_columns(
        service=pl.when(may).then(pl.col("service").fill_null(0).cast(pl.Int64)),
        n_services=pl.when(may).then(pl.col("n_services").fill_null(0)),
    )


def with_groups(
    table: pl.DataFrame,
    home: pl.DataFrame,
    areas: Mapping[str, Mapping[str, str]],
    academic_year: int,
) -> pl.DataFrame:
    """Adds the breakdowns as text: phase, year, age, sex, and each area column (ward, deprivation ...).

    home: person_id, lsoa21, birth_month. areas: column -> LSOA -> value. A value that is not known is "not known".
    age is the age at the start of the school year, which the month of birth decides exactly.
    """
    joined = (
        table.join(home, on="person_id", how="left")
        if home.height
        else table.with_columns(
            lsoa21=pl.lit(None, dtype=pl.String), birth_month=pl.lit(None, dtype=pl.Date)
        )
    )
    year = pl.col("nc_year").cast(pl.Int64)
    born = pl.col("birth_month")
    turned = pl.when(born.dt.month() <= 8).then(0).otherwise(1)
    age = academic_year - 1 - born.dt.year() - turned
    columns = {
        "phase": pl.when(year <= 6)
        .then(pl.lit("primary"))
        .when(year >= 7)
        .then(pl.lit("secondary")),
        "year": year.cast(pl.String),
        "age": pl.coalesce(age, year + 4).cast(pl.String),
        "sex": pl.col("female").replace_strict(
            {1.0: "F", 0.0: "M"}, default=None, return_dtype=pl.String
        ),
    }
    columns |= {
        name: pl.col("lsoa21").replace_strict(dict(values), default=None, return_dtype=pl.String)
        for name, values in areas.items()
    }
    return joined.with_columns(**columns).with_columns(pl.col(list(columns)).fill_null("not_known"))


def home_on(residence: nw.LazyFrame, person: nw.LazyFrame, day: date) -> pl.DataFrame:
    """Where each person lived on a day: person_id, lsoa21, birth_month, link_p (null where not held)."""
    known = set(person.collect_schema().names())
    columns = ["person_id", "birth_month", *(c for c in ("link_p",) if c in known)]
    return collect(person.select(*columns)).join(
        homes_on(residence, day), on="person_id", how="left"
    )


def homes_on(residence: nw.LazyFrame, day: date) -> pl.DataFrame:
    """The home of each person who had one on a day: person_id, lsoa21; the latest where several hold."""
    on = (nw.col("valid_from") <= nw.lit(day)) & (
        nw.col("valid_to").is_null() | (nw.col("valid_to") > nw.lit(day))
    )
    held = collect(
        residence.filter(on & (nw.col("kind") == "home")).select(
            "person_id", "lsoa21", "valid_from"
        ),
        sort_by=("person_id", "valid_from", "lsoa21"),
    )
    return held.group_by("person_id", maintain_order=True).last().drop("valid_from")
