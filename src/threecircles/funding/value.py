"""What a service cost for each child reached and each child with an outcome: never a verdict, and not from a handful."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.funding.fit_file import read_table

COLUMNS = ("service", "pounds", "reached", "claimed", "outcome", "measured", "with_outcome")
FEWEST_MEASURED = 10
FEWEST_LINKED = 0.60


def value_for_money(table: pl.DataFrame) -> pl.DataFrame:
    """Unit costs of services, each with the ground it stands on.

    table: service, pounds, reached (children linked), claimed (children the provider counts), outcome (its
    name), measured (children with it measured), with_outcome; and evidence_rating?, comparison? (text).
    Adds linkage, per_child_reached, per_child_with_outcome, low, high (95%, Wilson on the share with the
    outcome) and why_not: no ratio stands on fewer than 10 measured children or on less than 60% linked.
    Raises UsageError for impossible counts.
    """
    wrong = table.filter(
        (pl.col("with_outcome") > pl.col("measured"))
        | (pl.col("measured") > pl.col("reached"))
        | (pl.min_horizontal("pounds", "reached", "claimed", "measured", "with_outcome") < 0)
    )
    if wrong.height:
        raise UsageError(
            "More children with an outcome than measured, or more measured than reached.",
            found=", ".join(wrong["service"].to_list()[:10]),
        )
    linkage = pl.when(pl.col("claimed") > 0).then(pl.col("reached") / pl.col("claimed"))
    made = table.with_columns(linkage=linkage).with_columns(
        why_not=pl.when(pl.col("linkage").is_null() | (pl.col("linkage") < FEWEST_LINKED))
        .then(pl.lit("under 60% of its children are linked"))
        .when(pl.col("measured") < FEWEST_MEASURED)
        .then(pl.lit("fewer than 10 children measured"))
        .when(pl.col("with_outcome") == 0)
        .then(pl.lit("no child with the outcome"))
    )
    low, high = _wilson(pl.col("with_outcome"), pl.col("measured"))
    good = pl.col("why_not").is_null()
    reach = pl.when(pl.col("reached") > 0).then(pl.col("pounds") / pl.col("reached"))
    return made.with_columns(
        per_child_reached=pl.when(pl.col("linkage") >= FEWEST_LINKED).then(reach),
        per_child_with_outcome=pl.when(good).then(
            pl.col("pounds") / (pl.col("reached") * pl.col("with_outcome") / pl.col("measured"))
        ),
        low=pl.when(good).then(pl.col("pounds") / (pl.col("reached") * high)),
        high=pl.when(good).then(pl.col("pounds") / (pl.col("reached") * low)),
    ).sort("outcome", "service")


def _wilson(events: pl.Expr, n: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    z = 1.959963984540054
    share = events / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * (share * (1 - share) / n + z * z / (4 * n * n)).sqrt() / (1 + z * z / n)
    return centre - reach, centre + reach


def value_file(path: Path) -> pl.DataFrame:
    """`value_for_money` of a CSV or Parquet file with COLUMNS. Raises an error naming a missing column."""
    table = read_table(path)
    missing = [c for c in COLUMNS if c not in table.columns]
    if missing:
        raise UsageError(f"The file lacks {', '.join(missing)}.", where=path.name, found=", ".join(table.columns), allowed=", ".join(COLUMNS))  # fmt: skip
    return value_for_money(table)


def value_text(table: pl.DataFrame) -> str:
    """What `spend effect` prints: in the order of names within an outcome, never a rank across outcomes."""
    lines = []
    for (outcome,), part in table.group_by("outcome", maintain_order=True):
        lines.append(f"{outcome}:")
        for row in part.iter_rows(named=True):
            each = (
                "not known"
                if row["per_child_reached"] is None
                else f"£{row['per_child_reached']:,.0f}"
            )
            lines.append(
                f"  {row['service']}: £{row['pounds']:,.0f}, {row['reached']:,} children linked of "
                f"{row['claimed']:,} counted; {each} a child reached."
            )
            if row["why_not"]:
                lines.append(f"    No cost for a child with the outcome: {row['why_not']}.")
            else:
                lines.append(
                    f"    £{row['per_child_with_outcome']:,.0f} (£{row['low']:,.0f} to £{row['high']:,.0f}) for a child "
                    f"with the outcome, {row['measured']:,} measured. Comparison: {row.get('comparison') or 'none'}."
                )
    return "\n".join([*lines, "Different outcomes do not rank against each other."])
