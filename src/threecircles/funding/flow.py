"""Money from who pays, through how early, to what end, as one table: without it nobody sees how little goes to prevention."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from threecircles.funding.share_rules import ShareRules, shared

STAGES = ("agency", "prevention_level", "outcome_area")


def flow(
    lines: pl.DataFrame,
    rules: ShareRules,
    amounts: Mapping[str, Mapping[str, float]] | None = None,
) -> pl.DataFrame:
    """Pence from agency to prevention level to outcome area; the parts add up to the whole to the penny.

    lines: spend_id, agency, budget_line, net_pence. Each sum is split by level, then each part by outcome
    area; what no rule holds for is `unallocated`, and `assumed` says whether a rule on the way was assumed.
    Columns: agency, prevention_level, outcome_area, pence, assumed.
    """
    known = lines.filter(pl.col("net_pence").is_not_null())
    first = shared(known, rules, "prevention_level", amounts).rename({"part": "prevention_level"})
    halves = first.with_row_index("k").with_columns(spend_id=pl.format("{}#{}", "spend_id", "k"))
    again = shared(halves.select("spend_id", "budget_line", net_pence="pence"), rules, "outcome_area", amounts)  # fmt: skip
    agency = known.select("spend_id", "agency")
    return (
        again.rename({"part": "outcome_area"})
        .join(halves.select("spend_id", "prevention_level", first="confidence"), on="spend_id")
        .with_columns(spend_id=pl.col("spend_id").str.replace(r"#\d+$", ""))
        .join(agency, on="spend_id", how="left")
        .group_by("agency", "prevention_level", "outcome_area")
        .agg(
            pl.col("pence").sum(),
            assumed=((pl.col("confidence") == "assumed") | (pl.col("first") == "assumed")).any(),
        )
        .sort("agency", "prevention_level", "outcome_area")
    )


def _word(name: str) -> str:
    return name.replace("_", " ").capitalize()


def flow_text(table: pl.DataFrame) -> str:
    """The same figures as rows."""
    lines = ["Who pays, how early, to what end (* = the split was assumed):"]
    lines += [
        f"  {r['agency']:<18}{_word(r['prevention_level']):<18}{_word(r['outcome_area']):<30}\u00a3{r['pence'] / 100:>16,.2f}"
        + (" *" if r["assumed"] else "")
        for r in table.iter_rows(named=True)
    ]
    lines.append(f"  {'All':<66}\u00a3{int(table['pence'].sum()) / 100:>16,.2f}")
    return "\n".join(lines)
