"""Who gets what, when and how: without it contact would be a stock with no movement."""

from __future__ import annotations

from threecircles.core.tables import TOTAL
from threecircles.definitions import read_csv
from threecircles.report.altair_charts import bars, multiples
from threecircles.report.blocks import (
    chart_figure,
    chart_rows,
    crossed_table,
    describe,
    drawn_rows,
    pivot_table,
)
from threecircles.report.context import Context
from threecircles.report.model import Block, Figure, Nothing, Page, Table, Text, Value
from threecircles.report.released import Released, Tables
from threecircles.report.sankey import Flow, sankey
from threecircles.report.words import text_of

ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")


def page(tables: Tables, context: Context) -> Page:
    """Stock, flow, funnel, times and one year's journeys."""
    blocks: list[Block] = []
    used: list[Released] = []
    for name, make in (
        ("services-stock", _stock),
        ("services-flow", _flow),
        ("services-funnel", _funnel),
    ):
        table = tables.get(name)
        if table is not None:
            blocks.append(make(table))
            used.append(table)
    links, states = tables.get("journey-links"), tables.get("journey-states")
    if links is not None:
        blocks.append(
            Text(
                "A year of journeys",
                (
                    "A journey is the order of states children pass through. It is drawn for all children together; "
                    "no child's own path is shown here.",
                ),
            )
        )
        blocks.append(_journey(links, states))
        used.append(links)
        if states is not None:
            title = "Children in each state, by step"
            blocks.append(crossed_table(states, "state", "step", "children", title))
            used.append(states)
    times = tables.get("services-timeliness")
    if times is not None:
        blocks.append(_times(times))
        used.append(times)
    if not blocks:
        blocks.append(
            Nothing(
                "No service data were received",
                "This page needs at least one return from a service, such as the children in need census.",
                "With it, the page would show who is open to services, for how long, and what happens next.",
            )
        )
    return Page(
        id="services",
        slug="services",
        nav="Services",
        title="Who gets which service, and what happens next?",
        summary=(
            "Children counted by the services open to them, the steps they take, and how long each step lasts.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("months", "need", "spend", "neighbours"),
        order=3,
    )


def _drawn_processes() -> dict[str, str]:
    return {r["process"]: r["label"] for r in read_csv("report/services_drawn")}


def _chosen(table: Released, **where: str) -> list[tuple[str, Value]]:
    """The services to draw, in the order and words of their definition; those not there left out."""
    found = (
        (label, table.value("children", process=p, **where))
        for p, label in _drawn_processes().items()
    )
    return [(label, value) for label, value in found if value is not None]


def _stock(table: Released) -> Figure:
    drawn = _chosen(table)
    rows = chart_rows(drawn)
    title = table.safe.spec.title
    return chart_figure(table.id, title, bars(rows, "Children"), pivot_table(table, title), drawn)


def _flow(table: Released) -> Figure:
    """Starts and ends side by side, one bar a service; the table holds all five counts."""
    title = "Children starting and ending with each service in the year"
    starts, ends = _chosen(table, flow="starts"), _chosen(table, flow="ends")
    rows = chart_rows(starts, panel="Started") + chart_rows(ends, panel="Ended")
    drawn = [(f"Started: {k}", v) for k, v in starts] + [(f"Ended: {k}", v) for k, v in ends]
    table_block = crossed_table(table, "process", "flow", "children", title)
    return chart_figure(table.id, title, multiples(rows, "Children"), table_block, drawn)


def _funnel(table: Released) -> Figure:
    """Children at each stage, with the share of those referred beside the bar."""
    drawn = drawn_rows(table, "stage", "children")
    shares = {name: value for name, value in drawn_rows(table, "stage", "share") if value.known}
    rows = chart_rows(drawn)
    for row in rows:
        if row["label"] in shares:
            row["text"] = f"{row['text']} ({text_of(shares[row['label']])})"
    title = table.safe.spec.title
    return chart_figure(
        table.id,
        title,
        bars(rows, "Children"),
        pivot_table(table, title),
        drawn,
        caveats=table.safe.spec.notes[1:],
    )


def _times(table: Released) -> Figure | Table:
    title = "Time each step takes"
    shares = [m for m in table.measures() if m.startswith(("within", "share"))]
    if not shares or len(table.safe.spec.dimensions) != 1:
        return pivot_table(table, title)
    column = table.safe.spec.dimensions[0].column
    drawn = drawn_rows(table, column, shares[0])
    title = "Share of steps done in the time the law or guidance sets"
    chart = bars(chart_rows(drawn), "Share in time", percent=True)
    return chart_figure(table.id, title, chart, pivot_table(table, title), drawn)


def _journey(links: Released, states: Released | None) -> Figure:
    spec = links.safe.spec
    start, end = (d for d in spec.dimensions if d.column in ("from", "to"))
    steps = links.categories("step") if links.dimension("step") else [TOTAL]
    flows, drawn = [], []
    measure = links.measures()[0]
    for row in links.rows:
        if row["measure"] != measure or TOTAL in (row["from"], row["to"]):
            continue
        if links.dimension("step") and row["step"] == TOTAL:
            continue
        value = links.value_of(row)
        step = steps.index(str(row["step"])) if links.dimension("step") else 0
        words = f"{links.label('from', row['from'])} to {links.label('to', row['to'])}"
        drawn.append((words, value))
        if value.known:
            flows.append(Flow(step, str(row["from"]), str(row["to"]), value.number or 0.0))
    order = list(
        dict.fromkeys(
            [*start.order, *end.order, *links.categories("from"), *links.categories("to")]
        )
    )
    labels = {**end.labels, **start.labels}
    title = spec.title
    desc = describe("Flows between states", drawn)
    headings = (
        [*ORDINALS[: len(steps)], *ORDINALS[len(steps) : len(steps) + 1]]
        if len(steps) > 1
        else ["From", "To"]
    )
    return Figure(
        id="journey",
        title=title,
        desc=desc,
        svg=sankey("journey", headings, order, labels, flows, title, desc),
        table=pivot_table(links, title),
        drawn=tuple((k, v) for k, v in drawn if v.known),
        caveats=(
            "A flow's width is the number of children. Hidden flows are not drawn; the table marks them.",
        ),
        wide=True,
    )
