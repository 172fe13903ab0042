"""Who lives together: without it brothers and sisters would be strangers in every table.

A household is inferred and says so: people at one UPRN, else at one postcode with a surname in
common, on one day. Placements and addresses with more than twelve children are left out.
"""

from __future__ import annotations

from datetime import date

import polars as pl

MOST_CHILDREN = 12
"""More children than this at one address are an institution, not a family."""
_BANDS = ((1, "1"), (2, "2"), (3, "3"), (MOST_CHILDREN, "4 or more"))


def living_together(stays: pl.DataFrame, surnames: pl.DataFrame, day: date) -> pl.DataFrame:
    """person_id and `home` (text of the address and name, identity side only) of families on a day.

    stays: residences with postcode and uprn. surnames: person_id, surname.
    """
    on_day = stays.filter(
        (pl.col("kind") == "home")
        & (pl.col("valid_from") <= day)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))
    ).unique("person_id", keep="last", maintain_order=True)
    uprn = pl.col("uprn") if "uprn" in on_day.columns else pl.lit(None, dtype=pl.String)
    named = on_day.join(surnames, on="person_id", how="left").with_columns(
        pl.coalesce(
            pl.lit("u") + uprn,
            pl.lit("p") + pl.col("postcode") + "|" + pl.col("surname"),
        ).alias("home")
    )
    counted = named.filter(pl.col("home").is_not_null()).with_columns(
        pl.len().over("home").alias("n_children")
    )
    return counted.filter(pl.col("n_children") <= MOST_CHILDREN).select(
        "person_id", "home", "lsoa21", "valid_from", "n_children"
    )


def households(together: pl.DataFrame, name_of: dict[str, str]) -> pl.DataFrame:
    """household_id, valid_from, valid_to?, lsoa21, n_children, size_band. name_of: home -> opaque id."""
    band = pl.lit(_BANDS[-1][1])
    for most, label in reversed(_BANDS[:-1]):
        band = pl.when(pl.col("n_children") <= most).then(pl.lit(label)).otherwise(band)
    return (
        together.group_by("home", maintain_order=True)
        .agg(
            pl.col("valid_from").max(),
            pl.col("lsoa21").drop_nulls().first(),
            pl.col("n_children").first().cast(pl.Int64),
        )
        .with_columns(
            pl.col("home").replace_strict(name_of, return_dtype=pl.String).alias("household_id"),
            pl.lit(None, dtype=pl.Date).alias("valid_to"),
            band.alias("size_band"),
        )
        .select("household_id", "valid_from", "valid_to", "lsoa21", "n_children", "size_band")
        .sort("household_id")
    )


def relations(together: pl.DataFrame, births: pl.DataFrame) -> pl.DataFrame:
    """person_id, other_person_id, kind, detail, basis, valid_from, valid_to: inferred within households.

    births: person_id, birth (date). Children of one day are a multiple birth, children born at
    least 200 days apart siblings, those between only of one household.
    """
    held = together.join(births, on="person_id", how="left").select(
        "person_id", "home", "valid_from", "birth"
    )
    pairs = held.join(held, on="home", suffix="_other").filter(
        pl.col("person_id") != pl.col("person_id_other")
    )
    apart = (pl.col("birth") - pl.col("birth_other")).dt.total_days().abs()
    return pairs.select(
        "person_id",
        pl.col("person_id_other").alias("other_person_id"),
        pl.when(apart == 0)
        .then(pl.lit("multiple_birth"))
        .when(apart >= 200)
        .then(pl.lit("sibling"))
        .otherwise(pl.lit("same_household"))
        .alias("kind"),
        pl.lit(None, dtype=pl.String).alias("detail"),
        pl.lit("inferred").alias("basis"),
        pl.max_horizontal("valid_from", "valid_from_other").alias("valid_from"),
        pl.lit(None, dtype=pl.Date).alias("valid_to"),
    ).sort("person_id", "other_person_id")
