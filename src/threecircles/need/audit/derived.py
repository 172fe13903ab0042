"""What follows from a reader's codes by rule: overall impairment, needs met, agencies together."""

from __future__ import annotations

import polars as pl

from threecircles.need.audit.form import BLANKS, UNKNOWN, Form

MONTHS = (("under_3", 0, 2), ("3_to_11", 3, 11), ("12_and_over", 12, 9_999))
"""Bands of the months a service lasted."""
LABELS = {
    "under_3": "Under 3 months", "3_to_11": "3 to 11 months", "12_and_over": "12 months or more",
    "going_on": "Not ended", "met": "Need, and a service", "unmet": "Need, and no service",
    "low_need_in_service": "No need seen, in a service", "neither": "Neither", "one": "One agency",
    "two": "Two agencies", "three_or_more": "Three or more agencies", "1": "1", "2": "2", "3": "3",
    "4_or_more": "4 or more", "none": "None recorded",
}  # fmt: skip
"""Words for the values made here."""


def with_derived(coded: pl.DataFrame, form: Form) -> pl.DataFrame:
    """The coded cases with columns of their own: impairment_overall (highest of the areas; null when none is
    known), children_band, agencies_number, agencies_set, service_any, service_length, and met_<area> for each
    need by area of life (met, unmet, low_need_in_service, neither; null when the need is not known).
    """
    steps = [f.code for f in form.of_part("impairment") if f.ordered and f.code != "exclusion"]
    needs = [f.code for f in form.of_part("need")]
    kinds = [c for c in form.fields if c.startswith("service_type_")]
    known = pl.concat_list(
        [pl.when(~pl.col(c).is_in(list(BLANKS))).then(pl.col(c).cast(pl.Int64, strict=False)) for c in steps]
    )  # fmt: skip
    had = pl.any_horizontal(
        [pl.col(c).is_not_null() & ~pl.col(c).is_in(list(BLANKS)) for c in kinds]
    )
    named = pl.concat_list([pl.col(c) for c in kinds]).list.drop_nulls().list.len() > 0
    children = pl.col("children_in_home").cast(pl.Int64, strict=False)
    told = coded.with_columns(
        known.list.max().cast(pl.String).alias("impairment_overall"),
        pl.when(children >= 4).then(pl.lit("4_or_more")).otherwise(children.cast(pl.String)).alias("children_band"),
        pl.when(had).then(pl.lit("yes")).when(named).then(pl.lit(UNKNOWN)).otherwise(pl.lit("none")).alias("service_any"),
        pl.Series("service_length", [_length(row, kinds) for row in coded.iter_rows(named=True)], dtype=pl.String),
        _agencies("agencies_set"), _number().alias("agencies_number"),
    )  # fmt: skip
    return told.with_columns([_met(n) for n in needs])


def _met(need: str) -> pl.Expr:
    """A need by area against any service: the service is the child's, whatever area it was meant for."""
    service = pl.col("service_any") == "yes"
    return (
        pl.when(pl.col(need) == "yes")
        .then(pl.when(service).then(pl.lit("met")).otherwise(pl.lit("unmet")))
        .when(pl.col(need) == "no")
        .then(pl.when(service).then(pl.lit("low_need_in_service")).otherwise(pl.lit("neither")))
        .alias(need.replace("need_", "met_", 1))
    )


def _agencies(name: str) -> pl.Expr:
    """The agencies that knew a child, as one word in a fixed order; null when it is not known."""
    known = ~pl.col("known_to").is_in(list(BLANKS))
    return pl.when(known).then(pl.col("known_to").str.replace_all(";", " and ")).alias(name)


def _number() -> pl.Expr:
    count = pl.col("known_to").str.split(";").list.len()
    known = ~pl.col("known_to").is_in(list(BLANKS))
    words = pl.when(count == 1).then(pl.lit("one")).when(count == 2).then(pl.lit("two"))
    return pl.when(known).then(words.otherwise(pl.lit("three_or_more")))


def _length(row: dict[str, str | None], kinds: list[str]) -> str | None:
    """The longest of a child's services; null when no start is known."""
    longest, found = -1, ""
    for kind in kinds:
        number = kind.removeprefix("service_type_")
        start, end = row.get(f"service_start_{number}"), row.get(f"service_end_{number}")
        if not start or start in BLANKS:
            continue
        if not end or end in BLANKS:
            return "going_on" if not end else found or None
        months = (int(end[:4]) - int(start[:4])) * 12 + int(end[5:]) - int(start[5:])
        if months > longest:
            longest = months
            found = next((b for b, low, high in MONTHS if low <= months <= high), "")
    return found or None
