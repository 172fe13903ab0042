"""How many began a service's form, how many came to its end, who was lost: without the lost, change would flatter."""

from __future__ import annotations

import narwhals as nw

FORM = "service_form"


def form_flow(measures: nw.LazyFrame, provisions: nw.LazyFrame) -> nw.LazyFrame:
    """One row per provider, service and occasion.

    measures: person_id, measure_id, item_or_scale, occasion, missing_reason, provision_row_id.
    provisions: row_id, org_id, service_id. A person counts once at each occasion; a person who sent two
    providers a form is two, since their tokens are never joined.
    Columns: org_id, service_id, occasion, asked (forms due, those lost too), returned, lost, paired (also
    returned a form before).
    """
    forms = measures.filter(
        (nw.col("measure_id") == FORM) & (nw.col("item_or_scale") == "form")
    ).select(
        "person_id",
        "occasion",
        nw.col("provision_row_id").alias("_provision"),
        nw.when(nw.col("missing_reason").is_null())
        .then(nw.lit(1))
        .otherwise(nw.lit(0))
        .alias("_back"),
    )
    each = forms.group_by("_provision", "person_id", "occasion").agg(nw.col("_back").max())
    before = each.filter((nw.col("occasion") == "before") & (nw.col("_back") == 1)).select(
        "_provision", "person_id", nw.lit(1).alias("_began")
    )
    joined = each.join(before, on=["_provision", "person_id"], how="left")
    pair = nw.when((nw.col("_back") == 1) & (nw.col("_began") == 1)).then(nw.lit(1))
    counted = (
        joined.with_columns(_pair=pair.otherwise(nw.lit(0)))
        .group_by("_provision", "occasion")
        .agg(
            nw.len().cast(nw.Int64).alias("asked"),
            nw.col("_back").sum().cast(nw.Int64).alias("returned"),
            nw.col("_pair").sum().cast(nw.Int64).alias("paired"),
        )
    )
    named = provisions.select(nw.col("row_id").alias("_provision"), "org_id", "service_id")
    return counted.join(named, on="_provision", how="left").select(
        "org_id",
        "service_id",
        "occasion",
        "asked",
        "returned",
        (nw.col("asked") - nw.col("returned")).alias("lost"),
        "paired",
    )
