"""Spending beside outcomes over the years: without it a level of each would be read as a link between them."""

from __future__ import annotations

from dataclasses import replace

from threecircles.funding.panel_tables import LEFT_OUT
from threecircles.report.altair_charts import dots
from threecircles.report.blocks import breakdown_table, chart_figure, chart_rows, drawn_rows
from threecircles.report.context import Context
from threecircles.report.model import Block, Figure, Nothing, Page, Text
from threecircles.report.released import Released, Tables

SLUG = "spending-and-outcomes"
CHANGE, COUNTS = "goes_with", ("one_out_least", "one_out_most", "authorities", "years")
WARNING = "Warning: "


def page(tables: Tables, context: Context) -> Page:
    """One drawing a pair of spending and outcome, over leads and lags, each with its table and its caveats."""
    return panel_page(tables, related=("spend", "neighbours", "questions", "methods"))


def panel_page(tables: Tables, related: tuple[str, ...] = ()) -> Page:
    """The page from the tables `spend-panel-<id>`; without them it says what it needs."""
    used = [t for t in tables.values() if t.id.startswith("spend-panel-")]
    blocks: list[Block] = [_figure(t) for t in used]
    if used:
        fixed = used[0].safe.spec.beside
        blocks.insert(0, Text("How to read these drawings", (fixed, *HOW)))
    else:
        blocks.append(
            Nothing(
                "Spending and outcomes were not set beside each other",
                "This page needs published spending and outcomes of every authority over several years.",
                "With them, it would show what moved together within authorities, and what came first.",
            )
        )
    return Page(
        id=SLUG,
        slug=SLUG,
        title="Does more spending go with better outcomes later?",
        summary=(
            "Each authority is compared with itself in other years, and years with each other.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=related,
        order=6,
    )


HOW = (
    "Each dot says how an outcome differs, in years when an authority spent 10% more for each child than it usually did. "
    "A line that crosses nought means no clear link.",
    "Two dots look back: the outcome came before the spending. If one of them is clear, money followed need, and the "
    "later dots, drawn in grey, are not to be read.",
)


def _figure(table: Released) -> Figure:
    spec = table.safe.spec
    follows = any(n.startswith(WARNING) for n in spec.notes)
    drawn = drawn_rows(table, "lag", CHANGE)
    rows = chart_rows(drawn)
    for lag, row in zip(table.categories("lag"), rows, strict=True):
        row["role"] = "england" if follows and int(lag) >= 0 else "other"
    shown = breakdown_table(table, "lag", (CHANGE,), spec.title, base=False, total=False)
    more = breakdown_table(
        table, "lag", COUNTS, spec.title, base=False, total=False, intervals=False
    )
    whole = replace(
        shown,
        columns=(*shown.columns, *more.columns[1:]),
        rows=tuple((*a, *b[1:]) for a, b in zip(shown.rows, more.rows, strict=True)),
        notes=(
            spec.beside,
            *(n for n in spec.notes if n.startswith((WARNING, LEFT_OUT))),
        ),
    )
    chart = dots(rows, f"Change in {spec.unit}", zero=True)
    caveats = [n for n in spec.notes[1:] if not n.startswith(LEFT_OUT)]
    return chart_figure(table.id, spec.title, chart, whole, drawn, caveats=caveats, what="Dots")
