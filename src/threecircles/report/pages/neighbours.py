"""Are we out of line: without it a council would compare itself with whoever comes to mind."""

from __future__ import annotations

from threecircles.report.altair_charts import dots, svg_of
from threecircles.report.blocks import interval_or_dash, source_of
from threecircles.report.context import Context
from threecircles.report.model import Block, Column, Figure, Nothing, Page, Table, Text, Value
from threecircles.report.pages.comparison import Compared, compared
from threecircles.report.released import Released, Tables, measure
from threecircles.report.svg import Svg
from threecircles.report.words import text_of, within

WHO = {
    "self": "this council",
    "neighbour": "neighbour",
    "region": "region",
    "england": "England",
    "other": "other",
}
SHAPES = {
    "self": "self",
    "neighbour": "other",
    "other": "other",
    "region": "region",
    "england": "england",
}


def page(tables: Tables, context: Context) -> Page:
    """Published figures of the place, its ten statistical neighbours, its region and England."""
    shown = tables.starting("neighbours-")
    blocks: list[Block] = [neighbour_figure(t) for t in shown]
    if blocks:
        blocks.insert(0, _how_to_read())
    else:
        blocks.append(
            Nothing(
                "Published figures were not at hand",
                "This page compares published figures of all authorities; they were not in the folder of reference data.",
                "With them, each indicator would show this council among its ten statistical neighbours.",
            )
        )
    return Page(
        id="neighbours",
        slug="neighbours",
        nav="Neighbours",
        title="How do we compare with councils like ours?",
        summary=(
            "Statistical neighbours are the ten councils most like this one in who lives there. "
            "Being high or low is a question to ask, not an answer.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in shown),
        related=("spend", "services", "methods"),
        order=6,
    )


def neighbour_figure(table: Released, prefix: str = "") -> Figure:
    """A dot plot of one indicator: the council, its neighbours, its region and England."""
    spec = table.safe.spec
    areas = compared(table)
    figure_id = f"{prefix}{table.id}"
    percent = measure(table.measures()[0], spec.kind).kind == "percent"
    rows = [
        {
            "label": c.name,
            "value": c.value.number,
            "low": c.value.low if c.value.low is not None else c.value.number,
            "high": c.value.high if c.value.high is not None else c.value.number,
            "role": SHAPES.get(c.role, "other"),
            "text": text_of(c.value),
        }
        for c in areas
        if c.value.known
    ]
    title = spec.title
    desc = _describe(areas)
    unit = spec.unit or "value"
    chart = (
        svg_of(dots(rows, unit[0].upper() + unit[1:], percent), figure_id, title, desc)
        if rows
        else Svg("")
    )
    return Figure(
        id=figure_id,
        title=title,
        desc=desc,
        svg=chart,
        table=neighbour_table(table, areas),
        drawn=tuple((c.name, c.value) for c in areas if c.value.known),
        caveats=(
            f"Published figures, {within(spec.period)}. They are not made from the data of this pack.",
        ),
    )


def neighbour_table(table: Released, areas: list[Compared]) -> Table:
    """The figures of a dot plot, highest first."""
    spec = table.safe.spec
    how = measure(table.measures()[0], spec.kind)
    rows: list[tuple[Value | str, ...]] = [
        (c.name, WHO.get(c.role, c.role), c.value, interval_or_dash(c.value)) for c in areas
    ]
    return Table(
        id=table.id,
        caption=spec.title,
        columns=(
            Column("area", "Area"),
            Column("role", "Which is"),
            Column(
                "value",
                spec.unit[0].upper() + spec.unit[1:] if spec.unit else "Value",
                how.kind,
                spec.unit,
                how.decimals,
            ),
            Column("interval", "95% interval", "interval"),
        ),
        rows=tuple(rows),
        table_ids=(table.id,),
        period=spec.period,
        source=source_of(table),
        notes=spec.notes,
    )


def _describe(areas: list[Compared]) -> str:
    known = [c for c in areas if c.value.known]
    if not known:
        return "Dots with intervals: no published figure."
    told = f"Dots with intervals for {len(known)} areas, highest first."
    own = next((k for k, c in enumerate(known) if c.role == "self"), None)
    if own is not None:
        told += f" {known[own].name}: {text_of(known[own].value)}."
    return f"{told} Highest: {known[0].name}, {text_of(known[0].value)}. Lowest: {known[-1].name}, {text_of(known[-1].value)}."


def _how_to_read() -> Block:
    return Text(
        "How to read these figures",
        (
            "The diamond is this council, round dots are its neighbours, the square is the region and the triangle is England. "
            "A line through a mark shows where the true figure is likely to lie; where lines overlap there is no clear difference.",
        ),
    )
