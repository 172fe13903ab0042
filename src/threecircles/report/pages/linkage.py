"""How well records were joined: without it missed links would pass as unmet need."""

from __future__ import annotations

from dataclasses import replace

from threecircles.core.tables import TOTAL
from threecircles.report.altair_charts import bars
from threecircles.report.blocks import (
    breakdown_table,
    chart_figure,
    chart_rows,
    drawn_rows,
    pivot_table,
)
from threecircles.report.context import Context
from threecircles.report.model import Block, Nothing, Page, Text
from threecircles.report.pages.link_words import in_words
from threecircles.report.released import Released, Tables, measure

TITLES = {
    "linkage-summary": "Records joined to a person, by source",
    "linkage-age": "Records joined, by age",
    "linkage-group": "Records joined, by group",
}
ERRORS = "Links expected to be wrong and to be missing, by group"


def page(tables: Tables, context: Context) -> Page:
    """Linkage rates by source, age and group."""
    blocks: list[Block] = []
    used: list[Released] = []
    errors = tables.get("linkage-errors")
    if errors is not None:
        told = in_words(errors)
        blocks += [told, _in_all(errors)] if told else []
        blocks.append(_errors(errors))
        used.append(errors)
    for name, title in TITLES.items():
        table = tables.get(name)
        if table is not None:
            blocks.append(_block(table, title))
            used.append(table)
    links = tables.get("circles-links")
    if links is not None:
        blocks.append(_circles_by_links(links))
        used.append(links)
    if used and errors is None:
        blocks.append(
            Text(
                "What missed links do to the circles",
                (
                    "A child whose survey could not be joined to service records counts as not in contact. "
                    "So missed links make unmet need look larger than it is.",
                    "Groups whose records are harder to join are more at risk of this.",
                ),
                (("The circles", "index"),),
            )
        )
    elif not used:
        blocks.append(
            Nothing(
                "Records were not joined",
                "Only one source was received, or no source carries what joining needs.",
                "With two or more, this page would show which records were joined and for whom it works less well.",
            )
        )
    return Page(
        id="linkage",
        slug="linkage",
        nav="Linkage",
        title="How well were records joined?",
        summary=(
            "Joining records of one child from several services is never perfect. Here is how well it worked, and for whom.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("quality", "methods"),
        order=8,
    )


def _errors(table: Released) -> Block:
    """Links missing of 1,000 as bars; wrong ones, links made and empty fields in the table beside."""
    drawn = drawn_rows(table, "group", "links_missing")
    chart = bars(chart_rows(drawn), "Expected to be missing, of 1,000 links")
    named = ("links", "links_wrong", "links_missing", "fields_empty")
    told = breakdown_table(
        table, "group", [m for m in named if m in table.measures()], ERRORS, base=False
    )
    return chart_figure(table.id, ERRORS, chart, told, drawn)


def _in_all(table: Released) -> Block:
    """One row for all links: made, expected to be wrong and to be missing, and what follows."""
    measures = ("links", "links_wrong_expected", "links_missing_expected", "in_both_of_1000")
    whole = breakdown_table(
        table, "group", measures, "Links in all", table_id="links-in-all", base=False
    )
    return replace(whole, rows=tuple(r for r in whole.rows if r[0] == table.label("group", TOTAL)))


def _circles_by_links(table: Released) -> Block:
    """The reached share under careful, accepted and corrected links."""
    column = table.safe.spec.dimensions[0].column
    drawn = drawn_rows(table, column, "coverage")
    title = table.safe.spec.title
    chart = bars(chart_rows(drawn), "Of those with high need, share in contact", percent=True)
    measures = [m for m in ("service", "both", "coverage", "targeting") if m in table.measures()]
    return chart_figure(
        table.id, title, chart, breakdown_table(table, column, measures, title, total=False), drawn
    )


def _block(table: Released, title: str) -> Block:
    dimensions = table.safe.spec.dimensions
    shares = [m for m in table.measures() if measure(m, table.safe.spec.kind).kind == "percent"]
    if len(dimensions) != 1 or not shares:
        return pivot_table(table, title)
    drawn = drawn_rows(table, dimensions[0].column, shares[0])
    chart = bars(chart_rows(drawn), "Share joined", percent=True)
    return chart_figure(table.id, title, chart, pivot_table(table, title), drawn)
