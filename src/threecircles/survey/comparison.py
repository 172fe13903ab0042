"""Rows for `need effect` from a service's forms: without a comparison no form tells what a service caused.

Those who filled the form in while they waited are the comparison; how the order of the list came about is
said in the plan, and the plan's design decides what may be called an effect.
"""

from __future__ import annotations

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.survey.service_study import people


def effect_rows(forms: pl.DataFrame, waiting: str) -> pl.DataFrame:
    """One row a person: unit, arm (1 helped, 0 waited), before, value (the later score; null = lost).

    forms: as read_cases gives them, with a column service. waiting: the name under which those on the
    list filled the form in. unit is a number of this table: no token goes out. Raises UsageError when
    there is no such service, nobody beside it, or a person with no later score and no reason.
    """
    if "service" not in forms.columns:
        raise UsageError(
            "The forms do not say of which service they are.", found="no column service"
        )
    known = sorted(forms["service"].cast(pl.String).unique().drop_nulls().to_list())
    if waiting not in known or len(known) < 2:
        raise UsageError(
            "There is no waiting list of that name beside a service.", found=waiting, allowed=", ".join(known)
        )  # fmt: skip
    each = people(forms)
    silent = each.filter(pl.col("after").is_null() & pl.col("lost_reason").is_null()).height
    if silent:
        raise UsageError(f"{silent} people have no later answer and no reason for it.")
    key = ["provider", "person"]
    arm = forms.group_by(key).agg((pl.col("service") != waiting).any().cast(pl.Int64).alias("arm"))
    return (
        each.join(arm, on=key, how="left")
        .sort(key)
        .with_row_index("unit", offset=1)
        .select(pl.format("person {}", "unit").alias("unit"), "arm", "before", pl.col("after").alias("value"))
    )  # fmt: skip
