"""What children need: without it the circles would be a number with nobody in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from threecircles.report.altair_charts import bars, columns, multiples
from threecircles.report.blocks import (
    breakdown_table,
    chart_figure,
    chart_rows,
    crossed_table,
    drawn_rows,
)
from threecircles.report.context import Context
from threecircles.report.model import Block, Figure, Nothing, Page, Table, Text, Value
from threecircles.report.pages.beside import TABLE as BESIDE
from threecircles.report.pages.beside import beside_blocks
from threecircles.report.pages.several import NUMBER, number_figure
from threecircles.report.released import Released, Tables
from threecircles.report.words import apart, text_of

CIRCLE_GROUPS = (
    ("circles-phase", "School phase"),
    ("circles-year", "School year"),
    ("circles-age", "Age"),
    ("circles-sex", "Sex"),
    ("circles-deprivation", "Deprivation of the area"),
    ("circles-rural", "Rural or urban home area"),
    ("circles-distance", "Distance to the nearest open place"),
)


NOT_A_GROUP = ("not_known", "unknown", "")


def page(tables: Tables, context: Context) -> Page:
    """Need by kind, spread, group and deprivation; who is reached in each group."""
    blocks: list[Block] = []
    used: list[Released] = []
    for name, make in (
        ("need-dimensions", _dimensions),
        ("need-distribution", _distribution),
        ("need-gradient", _gradient),
    ):
        table = tables.get(name)
        if table is not None:
            blocks.append(make(table))
            used.append(table)
    blocks += beside_blocks(tables)
    used += [tables[BESIDE]] if BESIDE in tables else []
    several = tables.get(NUMBER)
    if several is not None:
        blocks.append(number_figure(several, "need-several"))
        used.append(several)
    groups = [(tables[i], words) for i, words in CIRCLE_GROUPS if i in tables]
    if groups:
        blocks.append(
            Text(
                "Who has high need, and who is reached",
                (
                    "Each figure shows the same two measures for one way of grouping children, on one scale.",
                ),
            )
        )
    for table, words in groups:
        dimension = table.dimension("distance")
        # Where a place holds travel times, what is grouped by is minutes and not a distance.
        blocks.append(_group(table, dimension.label if dimension else words))
        used.append(table)
    if not blocks:
        blocks.append(
            Nothing(
                "Need has not been measured",
                "No survey of children was received for this period.",
                "With a survey, this page would show what children need, by kind, age and area.",
            )
        )
    return Page(
        id="need",
        slug="need",
        nav="Need",
        title=f"What do children in {context.place} need?",
        summary=(
            "High need is measured by asking children themselves. Here is which kinds of need they have, "
            "how it spreads, and which groups have more of it.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("several-at-once", "services", "places", "methods"),
        order=2,
    )


def _dimensions(table: Released) -> Figure:
    """Shares drawn; the table holds the mean of each scale beside them."""
    column = table.safe.spec.dimensions[0].column
    name = "share" if "share" in table.measures() else table.measures()[0]
    drawn = drawn_rows(table, column, name)
    drawn.sort(key=lambda kv: -(kv[1].number or 0.0))
    title = "Children with each kind of need"
    chart = bars(chart_rows(drawn), "Share of children", percent=True)
    caveats = ("A child may have several kinds of need, so shares do not add to 100%.",)
    return chart_figure(
        "need-dimensions",
        title,
        chart,
        breakdown_table(table, column, table.measures(), title),
        drawn,
        caveats=caveats,
    )


def _distribution(table: Released) -> Figure:
    """How many difficulties children have, drawn; the table has the spread of every score."""
    dimensions, name = table.safe.spec.dimensions, table.measures()[0]
    several = len(dimensions) > 1
    fixed = {dimensions[0].column: "impairments"} if several else {}
    drawn = drawn_rows(table, dimensions[-1].column, name, False, **fixed)
    title = "In how many parts of life children have difficulty"
    chart = columns(
        chart_rows(drawn), "Parts of life with difficulty", "Share of children", percent=True
    )
    if several:
        listed = crossed_table(table, dimensions[0].column, dimensions[1].column, name, title)
    else:
        listed = breakdown_table(table, dimensions[0].column, [name], title)
    return chart_figure("need-distribution", title, chart, listed, drawn, what="Columns")


def _gradient(table: Released) -> Figure:
    """High need by fifth, drawn; the table has the indices of inequality too."""
    column = table.safe.spec.dimensions[0].column
    drawn = drawn_rows(table, column, "need")
    title = "High need by how deprived the area is"
    chart = bars(chart_rows(drawn), "Share of children", percent=True)
    listed = breakdown_table(table, column, table.measures(), title)
    return chart_figure("need-gradient", title, chart, listed, drawn)


def _group(table: Released, words: str) -> Figure | Table:
    """High need and reach side by side, with a title that says whether need differs; where fewer than two groups
    can be shown there is nothing to compare, and their table stands alone.
    """
    column = table.safe.spec.dimensions[0].column
    caption = f"High need and contact, by {words.lower()}"
    need, reached = drawn_rows(table, column, "need"), drawn_rows(table, column, "coverage")
    unknown = {table.label(column, c) for c in NOT_A_GROUP}
    listed = breakdown_table(table, column, ["need", "coverage"], caption)
    if sum(v.known for _, v in _groups(need, unknown)) < 2:
        return replace(listed, notes=())
    rows = chart_rows(need, panel="High need") + chart_rows(reached, panel="Of these, in contact")
    drawn = [(f"High need: {k}", v) for k, v in need] + [
        (f"In contact: {k}", v) for k, v in reached
    ]
    desc = f"Bars in two panels on one scale. High need: {span(need)}. Of these, in contact: {span(reached)}."
    return chart_figure(
        table.id,
        f"{words}: {finding_by(_groups(need, unknown), 'high need')}; {finding_by(_groups(reached, unknown), 'reached')}",
        multiples(rows, "Share of children", percent=True),
        listed,
        drawn,
        desc=desc,
    )


def _groups(drawn: Sequence[tuple[str, Value]], unknown: set[str]) -> list[tuple[str, Value]]:
    """The groups of which a finding may speak: "not known" is none."""
    return [(name, value) for name, value in drawn if name not in unknown]


def finding_by(drawn: Sequence[tuple[str, Value]], what: str) -> str:
    """Half a title that says the finding: a difference only where intervals do not touch."""
    known = sorted((kv for kv in drawn if kv[1].known), key=lambda kv: kv[1].number or 0.0)
    if len(known) > 1 and apart(known[0][1], known[-1][1]):
        (low, least), (high, most) = known[0], known[-1]
        return f"{what} {text_of(least)} ({low.lower()}) to {text_of(most)} ({high.lower()})"
    return (
        "no clear difference in who is reached"
        if what == "reached"
        else f"no clear difference in {what}"
    )


def span(drawn: Sequence[tuple[str, Value]]) -> str:
    """From the lowest to the highest, in words."""
    known = sorted((kv for kv in drawn if kv[1].known), key=lambda kv: kv[1].number or 0.0)
    if not known:
        return "nothing can be shown"
    (low, least), (high, most) = known[0], known[-1]
    hidden = len(drawn) - len(known)
    told = f"from {text_of(least)} ({low}) to {text_of(most)} ({high})"
    return f"{told}; {hidden} hidden" if hidden else told
