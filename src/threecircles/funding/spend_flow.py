"""Money by who pays, how early help comes and to what end, as a table for pages: without it the drawing had no figures to stand on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.definitions import read_csv
from threecircles.funding.flow import STAGES, flow
from threecircles.funding.share_rules import ShareRules

STEP = "funding.spend"
TITLES = {
    "agency": "Who pays",
    "prevention_level": "How early",
    "outcome_area": "To what end",
}


def flow_table(
    lines: pl.DataFrame,
    rules: ShareRules,
    children: int | None,
    year: int,
    partners: Sequence[str] = (),
) -> Measured:
    """`spend-flow`: net pounds by agency, prevention level and outcome area, with every total.

    lines: spend_id, agency, budget_line, net_pence. partners: names of ledgers among them. Measures: `net`; `net_assumed`, the part of it whose
    split rests on a rule nobody has agreed or measured. The parts add up to the whole to the penny; what no
    rule holds for is `unallocated`.
    """
    parts = flow(lines, rules).with_columns(
        assumed_pence=pl.when("assumed").then("pence").otherwise(0)
    )
    frames = [
        parts.group_by(*kept).agg(pl.col("pence", "assumed_pence").sum())
        if kept
        else parts.select(pl.col("pence", "assumed_pence").sum())
        for size in range(len(STAGES) + 1)
        for kept in combinations(STAGES, size)
    ]
    wide = pl.concat(
        [
            f.with_columns(pl.lit(TOTAL).alias(s) for s in STAGES if s not in f.columns).select(
                *STAGES, "pence", "assumed_pence"
            )
            for f in frames
        ]
    ).sort(*STAGES)
    return Measured(_spec(parts, rules, year, partners), _long(wide, children))


def _long(wide: pl.DataFrame, children: int | None) -> pl.DataFrame:
    measures = (("net", "pence"), ("net_assumed", "assumed_pence"))
    nothing = pl.lit(None, dtype=pl.Float64)
    return pl.concat(
        [
            wide.select(
                *STAGES,
                measure=pl.lit(name),
                value=pl.col(column) / 100,
                low=nothing,
                high=nothing,
                numerator=pl.col(column) / 100,
                denominator=nothing,
                n=pl.lit(children, dtype=pl.Int64),
                reason=pl.lit(None, dtype=pl.Utf8),
            )
            for name, column in measures
        ]
    )


def _spec(parts: pl.DataFrame, rules: ShareRules, year: int, partners: Sequence[str]) -> TableSpec:
    known = {
        "agency": {a: a.capitalize() for a in sorted(parts["agency"].unique())},
        "prevention_level": _words("spend/prevention_levels"),
        "outcome_area": _words("spend/outcome_areas"),
    }
    dimensions = []
    for stage in STAGES:
        there = set(parts[stage].unique())
        order = (*(k for k in known[stage] if k in there), *sorted(there - set(known[stage])))
        labels = {k: known[stage].get(k, k.replace("_", " ").capitalize()) for k in order}
        dimensions.append(Dimension(column=stage, label=TITLES[stage], order=order, labels=labels))
    joined = ", ".join(partners)
    return TableSpec(
        id="spend-flow",
        title="Net spend by who pays, how early help comes, and to what end",
        population="spend",
        period=f"{year - 1}-{year % 100:02d}",
        unit="pounds",
        dimensions=tuple(dimensions),
        kind="money",
        profile="spend",
        page="spend",
        notes=(
            f"The council's return and {joined}."
            if joined
            else "The council's return alone: no partner's ledger was received.",
            f"Shared by the rules of {rules.label}; money that no rule holds for is not allocated.",
            "Of which assumed: the split is a guess that nobody has agreed or measured yet.",
            "In cash, not in the prices of one year.",
            "n is the number of children of the place.",
        ),
        definitions=(f"share_rules/{rules.id}", "prevention_levels", "outcome_areas"),
        sources=("s251-outturn",),
        step=STEP,
    )


def _words(name: str) -> dict[str, str]:
    return {row["id"]: row["label"] for row in read_csv(name)}
