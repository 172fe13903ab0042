"""Are we out of line: without it a council would compare itself with whoever comes to mind."""

from __future__ import annotations

from threecircles.need.published_indicators import england_indicators
from threecircles.report.altair_charts import dots, svg_of
from threecircles.report.blocks import interval_or_dash, source_of
from threecircles.report.context import Context
from threecircles.report.model import (
    Block,
    Column,
    Figure,
    Nothing,
    Notice,
    Page,
    Table,
    Text,
    Value,
)
from threecircles.report.pages.comparison import ROLES, Compared, compared
from threecircles.report.pages.strip_figure import CIRCLES, Called, StripRow, strip_figure
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


FULL = ("children-in-need", "looked-after", "spend-per-child")
"""Indicators that have a chart of their own, with intervals; the others stand as strips."""
NEIGHBOUR_SCALE = "from the lowest to the highest of the areas shown"


def page(tables: Tables, context: Context) -> Page:
    """Published figures of the place, its ten statistical neighbours, its region and England."""
    shown = tables.starting("neighbours-")
    blocks: list[Block] = []
    if shown:
        stand_in = _stand_in(shown[0], context)
        blocks += [Notice(stand_in)] if stand_in else []
        blocks.append(_how_to_read())
        blocks += [
            neighbour_figure(tables[f"neighbours-{n}"]) for n in FULL if f"neighbours-{n}" in tables
        ]
        blocks += _strips(tables)
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


def _stand_in(table: Released, context: Context) -> str:
    """A sentence for a made-up place, which borrows the published figures of a real one."""
    own = next((c.name for c in compared(table) if c.role == "self"), "")
    if not context.fictitious or not own:
        return ""
    return (
        f"{context.place} is made up, so nothing is published about it. "
        f"The figures on this page are those of {own}, which stands in for it here and nowhere else."
    )


def _strips(tables: Tables) -> list[Figure]:
    figures = []
    for circle, title in CIRCLES.items():
        rows = [
            _row(tables[f"neighbours-{i.id}"], i.label)
            for i in england_indicators()
            if i.circle == circle and f"neighbours-{i.id}" in tables
        ]
        if rows:
            called = _called(rows[0].table)
            figures.append(
                strip_figure(f"neighbours-{circle}", title, rows, called, NEIGHBOUR_SCALE)
            )
    return figures


def _row(table: Released, words: str) -> StripRow:
    by_role: dict[str, list[Compared]] = {}
    for area in sorted(compared(table), key=lambda c: c.code):
        by_role.setdefault(area.role, []).append(area)
    known = [c.value for c in compared(table) if c.value.known]
    missing = Value(number=None, symbol="[x]")

    def one(role: str) -> Value:
        return by_role[role][0].value if role in by_role else missing

    return StripRow(
        table=table,
        words=words,
        own=one("self"),
        others=tuple(c.value for c in by_role.get("neighbour", [])),
        region=one("region"),
        england=one("england"),
        ends=(known[-1], known[0]) if known else None,
    )


def _called(table: Released) -> Called:
    areas = sorted(compared(table), key=lambda c: c.code)
    names = {r: [c.name for c in areas if c.role == r] for r in ROLES}
    return Called(
        (names["self"] or ["This council"])[0],
        tuple(names["neighbour"]),
        (names["region"] or ["Region"])[0],
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
