"""How far the data can be trusted: without it every figure would look equally sure."""

from __future__ import annotations

from threecircles.report.altair_charts import bars
from threecircles.report.blocks import chart_figure, chart_rows, drawn_rows, pivot_table
from threecircles.report.context import Context
from threecircles.report.model import Block, Nothing, Page, Text
from threecircles.report.released import Released, Tables

TITLES = {
    "quality-sources": "What was received, and what was refused",
    "quality-rules": "Rules with the most findings",
    "quality-scores": "Quality of each source",
}
MOST_RULES = 15


def page(tables: Tables, context: Context) -> Page:
    """Per source: received, refused, findings by rule, quality."""
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
    dimensions = table.safe.spec.dimensions
    if table.id != "quality-rules" or "findings" not in table.measures():
        return pivot_table(table, title)
    column = next((d.column for d in dimensions if d.column == "rule"), dimensions[-1].column)
    drawn = (
        drawn_rows(table, column, "findings") if len(dimensions) == 1 else _all_rows(table, column)
    )
    drawn.sort(key=lambda kv: (-(kv[1].number or 0.0), kv[0]))
    top = [kv for kv in drawn if kv[1].known and (kv[1].number or 0) > 0][:MOST_RULES]
    if not top:
        return pivot_table(table, title)
    return chart_figure(
        table.id, title, bars(chart_rows(top), "Findings"), pivot_table(table, title), top
    )


def _all_rows(table: Released, column: str) -> list:
    return [
        (table.label(column, str(r[column])), table.value_of(r))
        for r in table.rows
        if r["measure"] == "findings" and str(r[column]) != "All"
    ]
