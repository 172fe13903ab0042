"""What moves from month to month and what only wobbles: without it each month's figure would be explained."""

from __future__ import annotations

from threecircles.report.blocks import breakdown_table, chart_figure, chart_rows, crossed_table
from threecircles.report.context import Context
from threecircles.report.model import Block, Column, Figure, Nothing, Page, Table, Value
from threecircles.report.released import Released, Tables
from threecircles.report.run_chart import run_chart
from threecircles.report.words import joined, plain

LINES = {"median_month": "Median", "lower_limit": "Lower limit", "upper_limit": "Upper limit"}
CHANCE = (
    "Months between the two limits differ as chance lets them differ. A month outside is worth a question; "
    "it is not yet an answer.",
    "How far the limits lie from the mean month follows from the mean step from one month to the next.",
)


def page(tables: Tables, context: Context) -> Page:
    """A run chart for each series of months, and how many records came late."""
    blocks: list[Block] = []
    starts, late = tables.get("months-starts"), tables.get("months-late")
    if starts is not None:
        blocks += [_figure(starts, series) for series in starts.categories("series")]
    else:
        blocks.append(
            Nothing(
                "No series is large enough",
                "A run chart needs two years of a service in which enough children start every month.",
                "With them, the page would show which months differ by more than chance.",
            )
        )
    if late is not None:
        title = "Records that came late, by source and year"
        blocks.append(crossed_table(late, "source", "year", "late_share", title))
    return Page(
        id="months",
        slug="months",
        title="What changes from month to month?",
        summary=(
            "Children starting with each service in each month of two years. Only months outside the limits "
            "differ by more than chance.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in (starts, late) if t is not None),
        related=("services", "outcomes", "quality"),
        order=3,
    )


def _figure(table: Released, series: str) -> Figure:
    name = table.label("series", series)
    drawn = [
        (table.label("month", month), value)
        for month in table.categories("month")
        if (value := table.value("children_starting", series=series, month=month)) is not None
    ]
    levels = {
        word: value
        for measure, word in LINES.items()
        if (value := table.value(measure, series=series)) is not None and value.known
    }
    outside = _outside(drawn, levels)
    title = f"{name}: {outside}"
    rows = [{**row, "label": _short(row["label"])} for row in chart_rows(drawn)]
    chart = run_chart(rows, "Children", {k: v.number or 0.0 for k, v in levels.items()})
    return chart_figure(
        f"months-{series}", title, chart, _table(table, series, name), drawn,
        caveats=CHANCE, what="A line",
    )  # fmt: skip


def _outside(drawn: list[tuple[str, Value]], levels: dict[str, Value]) -> str:
    """The finding: which months lie outside the limits."""
    if "Lower limit" not in levels or "Upper limit" not in levels:
        return "too few months for limits"
    low, high = (levels[f"{end} limit"].number or 0.0 for end in ("Lower", "Upper"))
    found = [m for m, v in drawn if v.known and not low <= (v.number or 0.0) <= high]
    if not found:
        return "no month differs by more than chance"
    if len(found) > 3:
        return f"{plain(len(found))} months differ by more than chance"
    return f"{joined(found)} {'differs' if len(found) == 1 else 'differ'} by more than chance"


def _table(table: Released, series: str, name: str) -> Table:
    made = breakdown_table(
        table, "month", ["children_starting"], f"{name}, by month",
        table_id=f"months-{series}-table", intervals=False, base=False, total=False, series=series,
    )  # fmt: skip
    more = [
        (word, value)
        for measure, word in LINES.items()
        if (value := table.value(measure, series=series)) is not None
    ]
    columns = (Column("month", "Month"), made.columns[1])
    rows = (*made.rows, *((word, value) for word, value in more))
    return Table(
        id=made.id, caption=made.caption, columns=columns, rows=rows, table_ids=made.table_ids,
        period=made.period, source=made.source, notes=made.notes,
    )  # fmt: skip


def _short(month: str) -> str:
    """April 2024 as Apr 24: the axis has little room."""
    word, _, year = month.partition(" ")
    return f"{word[:3]} {year[2:]}"
