"""Tables and figures from released tables: without it each page would build its rows by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from threecircles.report.altair_charts import svg_of
from threecircles.report.model import Column, Figure, Table, Value
from threecircles.report.released import Released, measure
from threecircles.report.sources import source_name
from threecircles.report.svg import Svg
from threecircles.report.words import interval_of, joined, money, plain, text_of

INTERVAL = "95% interval"


def source_of(table: Released) -> str:
    """Where the figures of a table come from, in words."""
    return (
        joined([source_name(s) for s in table.safe.spec.sources])
        or "records of this council's services"
    )


FIGURES_IN_WORDS = re.compile(r"\b\d+ in 100 ")
"""A note that says figures: pages make such sentences themselves, from what was released."""


def notes_of(table: Released) -> tuple[str, ...]:
    """The notes of a table, but those that repeat its figures: a figure hidden later would stand in them."""
    return tuple(n for n in table.safe.spec.notes if not FIGURES_IN_WORDS.search(n))


def measures_table(
    table: Released, measures: Sequence[str], caption: str, table_id: str = "", **where: str
) -> Table:
    """One row a measure: value, interval, children, children asked."""
    rows: list[tuple[Value | str, ...]] = []
    spec = table.safe.spec
    for name in measures:
        value = table.value(name, **where)
        if value is None:
            continue
        rows.append(
            (
                measure(name, spec.kind).label,
                value,
                interval_or_dash(value),
                *_bases(table, name, where),
            )
        )
    columns = (
        Column("measure", "Measure"),
        Column("value", "Value", "percent", spec.unit),
        Column("interval", INTERVAL, "interval"),
        Column("numerator", "Children, estimated", "count"),
        Column("n", "Children asked", "count"),
    )
    return Table(
        id=table_id or table.id,
        caption=caption,
        columns=columns,
        rows=tuple(rows),
        table_ids=(table.id,),
        period=spec.period,
        source=source_of(table),
        notes=notes_of(table),
    )


def breakdown_table(
    table: Released,
    column: str,
    measures: Sequence[str],
    caption: str,
    *,
    table_id: str = "",
    intervals: bool = True,
    base: bool = True,
    total: bool = True,
    **where: str,
) -> Table:
    """One row a category of a dimension; for each measure its value and interval; then the base.

    A measure of which no value has an interval gets no column for one.
    """
    spec = table.safe.spec
    categories = table.categories(column, total)
    found = {m: [table.value(m, **{**where, column: c}) for c in categories] for m in measures}
    spread = {
        m
        for m, values in found.items()
        if intervals and any(v and v.low is not None for v in values)
    }
    columns = [Column(column, _dimension_label(table, column))]
    for name in measures:
        how = measure(name, spec.kind)
        columns.append(Column(name, how.label, how.kind, spec.unit, how.decimals))
        if name in spread:
            columns.append(
                Column(
                    f"{name}_interval",
                    f"{INTERVAL}, {how.short}",
                    "interval",
                )
            )
    if base:
        columns.append(Column("n", "Children asked", "count"))
    rows: list[tuple[Value | str, ...]] = []
    for place, category in enumerate(categories):
        cells: list[Value | str] = [table.label(column, category)]
        for name in measures:
            value = found[name][place]
            cells.append(value if value is not None else "[z]")
            if name in spread:
                cells.append(interval_or_dash(value) if value is not None else "[z]")
        if base:
            counted = table.value(measures[0], "n", **{**where, column: category})
            cells.append(counted if counted is not None else "[x]")
        rows.append(tuple(cells))
    return Table(
        id=table_id or f"{table.id}-{column}",
        caption=caption,
        columns=tuple(columns),
        rows=tuple(rows),
        table_ids=(table.id,),
        period=spec.period,
        source=source_of(table),
        notes=notes_of(table),
    )


def drawn_rows(
    table: Released, column: str, name: str, total: bool = False, **where: str
) -> list[tuple[str, Value]]:
    """Category and value of a measure, for a drawing."""
    found = []
    for category in table.categories(column, total):
        value = table.value(name, **{**where, column: category})
        if value is not None:
            found.append((table.label(column, category), value))
    return found


def chart_rows(drawn: Sequence[tuple[str, Value]], **more: Any) -> list[dict[str, Any]]:
    """Rows for a chart; hidden values are left out, so nothing hidden can be drawn."""
    return [
        {
            "label": name,
            "value": v.number,
            "low": v.low,
            "high": v.high,
            "text": short_text(v),
            **more,
        }
        for name, v in drawn
        if v.known
    ]


def short_text(value: Value) -> str:
    """The value as it stands beside a bar: money in its own size."""
    if value.kind == "money" and value.known:
        return money(value.number or 0.0)
    return text_of(value)


def chart_figure(
    figure_id: str,
    title: str,
    chart: Any,
    table: Table,
    drawn: Sequence[tuple[str, Value]],
    *,
    desc: str = "",
    caveats: Sequence[str] = (),
    what: str = "Bars",
) -> Figure:
    """A figure of an Altair chart; without a description one is made by rule."""
    told = desc or describe(what, drawn)
    return Figure(
        id=figure_id,
        title=title,
        desc=told,
        svg=svg_of(chart, figure_id, title, told) if chart is not None else Svg(""),
        table=table,
        drawn=tuple((k, v) for k, v in drawn if v.known),
        caveats=tuple(caveats),
    )


def describe(what: str, drawn: Sequence[tuple[str, Value]]) -> str:
    """What is drawn, how many, highest and lowest, how many hidden; at most 60 words."""
    known = [(name, v) for name, v in drawn if v.known]
    hidden = len(drawn) - len(known)
    told = f" {plain(hidden)} hidden or not available." if hidden else ""
    if not known:
        return f"{what}: nothing can be drawn.{told}"
    if len(known) == 1:
        return f"{what} of one value: {known[0][0]}, {text_of(known[0][1])}.{told}"
    low = min(known, key=lambda kv: kv[1].number or 0.0)
    high = max(known, key=lambda kv: kv[1].number or 0.0)
    return (
        f"{what} of {len(known)} values. Highest: {high[0]}, {text_of(high[1])}. "
        f"Lowest: {low[0]}, {text_of(low[1])}.{told}"
    )


def interval_or_dash(value: Value | None) -> str:
    """The interval, or the symbol that says why there is none."""
    if value is None:
        return "[x]"
    if not value.known:
        return value.symbol or "[x]"
    return interval_of(value) or "[z]"


def _bases(table: Released, name: str, where: dict[str, str]) -> tuple[Value | str, Value | str]:
    counted = table.value(name, "numerator", **where)
    asked = table.value(name, "n", **where)
    return (counted if counted is not None else "[x]", asked if asked is not None else "[x]")


def pivot_table(table: Released, caption: str, table_id: str = "") -> Table:
    """The whole table: one row for each combination of its dimensions, one column a measure."""
    spec = table.safe.spec
    names = table.measures()
    columns = [Column(d.column, d.label) for d in spec.dimensions]
    for name in names:
        how = measure(name, spec.kind)
        columns.append(Column(name, how.label, how.kind, spec.unit, how.decimals))
    order = {
        d.column: {v: k for k, v in enumerate(table.categories(d.column, True))}
        for d in spec.dimensions
    }
    cells: dict[tuple[str, ...], dict[str, Value]] = {}
    for row in table.rows:
        key = tuple(str(row[d.column]) for d in spec.dimensions)
        cells.setdefault(key, {})[str(row["measure"])] = table.value_of(row)
    keys = sorted(
        cells,
        key=lambda k: tuple(
            order[d.column].get(v, 0) for d, v in zip(spec.dimensions, k, strict=True)
        ),
    )
    rows = tuple(
        (
            *(table.label(d.column, v) for d, v in zip(spec.dimensions, key, strict=True)),
            *(cells[key].get(name, "[z]") for name in names),
        )
        for key in keys
    )
    if not spec.dimensions:
        columns.insert(0, Column("place", "Place"))
        rows = tuple(("All", *r) for r in rows)
    return Table(
        id=table_id or table.id,
        caption=caption,
        columns=tuple(columns),
        rows=rows,
        table_ids=(table.id,),
        period=spec.period,
        source=source_of(table),
        notes=notes_of(table),
    )


def crossed_table(
    table: Released, down: str, across: str, name: str, caption: str, table_id: str = ""
) -> Table:
    """One measure: one row a value of a dimension, one column a value of another."""
    spec = table.safe.spec
    how = measure(name, spec.kind)
    columns = [Column(down, _dimension_label(table, down))]
    wide = table.categories(across, True)
    columns += [
        Column(f"{across}-{v}", _heading(table, across, v), how.kind, "", how.decimals)
        for v in wide
    ]
    rows = tuple(
        (
            table.label(down, d),
            *(table.value(name, **{down: d, across: a}) or "[z]" for a in wide),
        )
        for d in table.categories(down, True)
    )
    return Table(
        id=table_id or table.id,
        caption=caption,
        columns=tuple(columns),
        rows=rows,
        table_ids=(table.id,),
        period=spec.period,
        source=source_of(table),
        notes=notes_of(table),
    )


def _heading(table: Released, column: str, value: str) -> str:
    """A column's heading: the value's words, after the dimension's where the value is only a number."""
    words = table.label(column, value)
    return f"{_dimension_label(table, column)} {words}" if words.isdigit() else words


def _dimension_label(table: Released, column: str) -> str:
    dimension = table.dimension(column)
    return dimension.label if dimension else column.capitalize()
