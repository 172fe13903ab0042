"""How far the data can be trusted: without it every figure would look equally sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from threecircles.core.tables import TOTAL
from threecircles.report.altair_charts import bars
from threecircles.report.blocks import (
    chart_figure,
    chart_rows,
    crossed_table,
    pivot_table,
    source_of,
)
from threecircles.report.context import Context
from threecircles.report.model import Block, Column, Nothing, Page, Table, Text, Value
from threecircles.report.pages.survey_weights import TABLE as WEIGHTS
from threecircles.report.pages.survey_weights import weight_blocks
from threecircles.report.released import Released, Tables, measure

TITLES = {
    "quality-sources": "What was received, and what was refused",
    "quality-rules": "Rules with the most findings",
    "quality-scores": "Share of each source without a finding, by dimension of quality",
}
MOST_RULES = 15


def page(tables: Tables, context: Context) -> Page:
    """Per source: received, refused, findings by rule, quality; how far a survey's answers were stretched."""
    blocks: list[Block] = []
    used: list[Released] = []
    for name, title in TITLES.items():
        table = tables.get(name)
        if table is None:
            continue
        used.append(table)
        blocks.append(_block(table, title))
    if used:
        blocks.append(
            Text(
                "What a finding is",
                (
                    "A finding is a place where a record breaks a rule of the return, or two records disagree. "
                    "It is a question to the record keeper. It does not mean that a child was harmed or that figures are wrong.",
                ),
            )
        )
    else:
        blocks.append(
            Nothing(
                "Quality was not measured",
                "No return was checked in this run.",
                "With a checked return, this page would show what was received, refused and found.",
            )
        )
    weights = tables.get(WEIGHTS)
    if weights is not None:
        blocks += weight_blocks(weights)
        used.append(weights)
    return Page(
        id="quality",
        slug="quality",
        nav="Data quality",
        title="How far can you trust the data?",
        summary=(
            "What arrived, what could not be read, and which rules the records break most often.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("linkage", "gaps", "methods"),
        order=7,
    )


def _block(table: Released, title: str) -> Block:
    if table.id == "quality-rules":
        return _rules(table, title)
    if table.id == "quality-scores" and table.dimension("dimension"):
        return crossed_table(table, "source", "dimension", "score", title)
    return pivot_table(table, title)


def _rules(table: Released, title: str) -> Block:
    """The rules with most findings, drawn and listed; the others are in the CSV file."""
    found = [
        (r, table.value_of(r))
        for r in table.rows
        if r["measure"] == "findings" and (r["value"] or 0) > 0 and r["rule"] != TOTAL
    ]
    found.sort(key=lambda rv: (-(rv[1].number or 0.0), str(rv[0]["rule"])))
    top = found[:MOST_RULES]
    if not top:
        return pivot_table(table, title)
    drawn = [(f"{r['rule']} {table.label('rule', str(r['rule']))}".rstrip("."), v) for r, v in top]
    others = [m for m in ("children", "rows_checked") if m in table.measures()]
    columns = (Column("rule", "Rule"), Column("findings", "Findings", "count")) + tuple(
        Column(m, measure(m, "quality").label, "count") for m in others
    )
    rows = tuple(
        (name, value, *(_beside(table, r, m) for m in others))
        for (name, value), (r, _) in zip(drawn, top, strict=True)
    )
    listed = Table(
        id=table.id,
        caption=f"The {len(top)} rules with most findings",
        columns=columns,
        rows=rows,
        table_ids=(table.id,),
        period=table.safe.spec.period,
        source=source_of(table),
        notes=(
            *table.safe.spec.notes,
            "All rules, with those that did not run, are in the CSV file.",
        ),
    )
    return chart_figure(table.id, title, bars(chart_rows(drawn), "Findings"), listed, drawn)


def _beside(table: Released, row: Mapping[str, Any], name: str) -> Value | str:
    where = {d.column: str(row[d.column]) for d in table.safe.spec.dimensions}
    return table.value(name, **where) or "[x]"
