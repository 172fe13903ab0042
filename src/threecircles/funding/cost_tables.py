"""What care cost by kind of placement, as a measured table: the fictitious prices of a made-up place, or the council's own."""

from __future__ import annotations

from datetime import date

import polars as pl

from threecircles.core.dates import in_words
from threecircles.core.rounding import round_half_away
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.funding.care_events import CareCosting, care_events, placements
from threecircles.funding.cost_table import CostTable
from threecircles.funding.pathway import pathway_cost

STEP = "funding.cost"
LABELS = {
    "foster": "Foster care",
    "home": "Children's homes",
    "parents": "Placed with parents",
    "semi_independent": "Semi-independent living",
    "adoption": "Placed for adoption",
    "secure": "Secure homes",
    "respite": "Short breaks",
    "other": "Other placements",
}
_FIGURES = {
    "measure": pl.Utf8, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "numerator": pl.Float64,
    "denominator": pl.Float64, "n": pl.Int64, "reason": pl.Utf8,
}  # fmt: skip


def cost_by_placement(
    episodes: pl.DataFrame, table: CostTable, rules: CareCosting, start: date, end: date
) -> Measured:
    """`cost-placements`: pounds in the period, all and for each child, by where a child was most days.

    episodes: as for `care_events`. A child counts once, under the kind of placement it had for most days,
    with all its costs: the placements, and the processes that moves, orders and leaving set off. A kind in
    which anything has no price carries no figure. Small groups are hidden by disclosure, not here.
    """
    priced = pathway_cost(
        placements(episodes, rules), care_events(episodes, _nobody(), rules), table, start, end
    )
    most = (
        priced.filter(pl.col("component") == "placement")
        .with_columns(kind=_kind(table), days=(pl.col("to") - pl.col("from")).dt.total_days())
        .group_by("person_id", "kind")
        .agg(pl.col("days").sum())
        .sort(["person_id", "days", "kind"], descending=[False, True, False])
        .unique("person_id", keep="first", maintain_order=True)
    )
    costs = priced.join(most.select("person_id", "kind"), on="person_id", how="inner")
    rows: list[tuple[object, ...]] = []
    for kind in (*LABELS, TOTAL):
        part = costs if kind == TOTAL else costs.filter(pl.col("kind") == kind)
        if part.is_empty():
            continue
        children = part["person_id"].n_unique()
        known = part["pence"].null_count() == 0
        pounds = float(part["pence"].sum()) / 100 if known else None
        each = None if pounds is None else round_half_away(pounds / children, 2)
        reason = None if known else "not_available"
        rows.append((kind, "cost", pounds, None, None, pounds, None, children, reason))
        rows.append(
            (kind, "cost_per_child", each, None, None, pounds, float(children), children, reason)
        )
    frame = pl.DataFrame(rows, schema={"placement": pl.Utf8, **_FIGURES}, orient="row")
    return Measured(_spec(table, start, end), frame)


def _kind(table: CostTable) -> pl.Expr:
    kinds = {
        f"{table.id}:{r.id}": r.subject.get("placement_type", "other")
        for r in table.rows
        if r.component == "placement"
    }
    known = pl.col("table_row_id").replace_strict(kinds, default="other", return_dtype=pl.Utf8)
    return pl.when(known.is_in(list(LABELS))).then(known).otherwise(pl.lit("other"))


def _nobody() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"person_id": pl.Utf8, "event_id": pl.Utf8, "kind": pl.Utf8, "on_date": pl.Date}
    )


def _spec(table: CostTable, start: date, end: date) -> TableSpec:
    return TableSpec(
        id="cost-placements",
        title="What care cost in the year, by main placement",
        population="children-in-care-in-year",
        period=f"{in_words(start)} to {in_words(end)}",
        unit="pounds",
        dimensions=(
            Dimension(column="placement", label="Placement", order=tuple(LABELS), labels=LABELS),
        ),
        kind="money",
        profile="la-default",
        page="spend",
        notes=(
            f"Prices: {table.label}, prices of {table.price_year}. {table.caveat}".strip(),
            "A child counts once, under the kind of placement it had for most days, with all its costs.",
        ),
        definitions=(f"cost_tables/{table.id}", "cost_rules/care"),
        sources=("ssda903",),
        step=STEP,
    )
