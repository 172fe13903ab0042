"""What is spent: without it need and help would be argued without their price."""

from __future__ import annotations

from threecircles.report.altair_charts import bars
from threecircles.report.blocks import chart_figure, chart_rows, drawn_rows, pivot_table
from threecircles.report.context import Context
from threecircles.report.model import Block, Figure, Nothing, Page, Table, Text
from threecircles.report.pages.money_flow import money_flow
from threecircles.report.released import Released, Tables
from threecircles.report.words import capital


def page(tables: Tables, context: Context) -> Page:
    """Spend by line and for each child."""
    blocks: list[Block] = []
    used: list[Released] = []
    for name, title in (
        ("spend-sections", "Net spend by kind of service"),
        ("spend-per-child", "Net spend for each child who lives here"),
        ("spend-lines", "Net spend by line of the return"),
    ):
        table = tables.get(name)
        if table is not None:
            blocks.append(_spend(table, title))
            used.append(table)
    flow = tables.get("spend-flow")
    if flow is not None:
        blocks += money_flow(flow)
        used.append(flow)
    for table in (*tables.starting("spend-"), *tables.starting("cost-")):
        if table not in used:
            blocks.append(pivot_table(table, table.safe.spec.title))
            used.append(table)
    if used:
        blocks.append(
            Text(
                "What these figures are",
                (
                    "Net spend is what the council pays itself, after income and grants for a set purpose.",
                    "Spend on a service says nothing about what the service achieved.",
                ),
            )
        )
    else:
        blocks.append(
            Nothing(
                "Spend was not received",
                "This page needs the council's section 251 outturn, or its accounts by service.",
                "With it, the page would show what is spent, on what, and for each child.",
            )
        )
    return Page(
        id="spend",
        slug="spend",
        nav="Spend",
        title=f"What does {context.place} spend on children?",
        summary=(
            "Money by line of the yearly return, for each child who lives here, and by who pays, how early, to what end.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("services", "neighbours", "spending-and-outcomes", "methods"),
        order=4,
    )


def _spend(table: Released, title: str) -> Figure | Table:
    if not table.safe.spec.dimensions:
        return pivot_table(table, title)
    column = table.safe.spec.dimensions[0].column
    measures = table.measures()
    name = next((m for m in measures if m.startswith("net")), measures[0])
    drawn = drawn_rows(table, column, name)
    return chart_figure(
        table.id,
        title,
        bars(chart_rows(drawn), capital(table.safe.spec.unit or "pounds")),
        pivot_table(table, title),
        drawn,
    )
