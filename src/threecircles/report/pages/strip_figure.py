"""A figure of strips with its table: without it thirty comparisons would be thirty charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from threecircles.report.model import Column, Figure, Table, Value
from threecircles.report.released import Released
from threecircles.report.strips import Strip, strips
from threecircles.report.words import text_of

CIRCLES = {
    "need": "What children need",
    "use": "Services children use",
    "spend": "What is spent",
    "workforce": "Who does the work",
}
"""Which part of the picture an indicator tells of, and its heading."""


@dataclass(frozen=True)
class Called:
    """Names of the authority, of its neighbours in order, and of its region."""

    own: str
    others: tuple[str, ...]
    region: str


@dataclass(frozen=True)
class StripRow:
    """One indicator: its released values, and the two that end its scale."""

    table: Released
    words: str
    own: Value
    others: tuple[Value, ...]
    region: Value
    england: Value
    ends: tuple[Value, Value] | None


def strip_figure(
    figure_id: str, title: str, rows: Sequence[StripRow], called: Called, scale: str
) -> Figure:
    """Strips of several indicators and the table of every mark on them.

    scale: what each strip runs from and to, in words.
    """
    drawn = [(row, _strip(row, row.ends)) for row in rows if row.ends is not None]
    heading = f"{title}, each on its own scale"
    desc = (
        f"{len(drawn)} strips, one an indicator, each on its own scale {scale}. "
        f"{called.own} is a diamond, its neighbours are dots."
    )
    values = [
        (f"{row.words}: {name}", value)
        for row, _ in drawn
        for name, value in zip((called.own, *called.others), (row.own, *row.others), strict=True)
        if value.known
    ]
    return Figure(
        id=figure_id,
        title=heading,
        desc=desc,
        svg=strips(figure_id, [strip for _, strip in drawn], heading, desc),
        table=_table(figure_id, title, rows, called),
        drawn=tuple(values),
    )


def _strip(row: StripRow, ends: tuple[Value, Value]) -> Strip:
    low, high = ends
    spec = row.table.safe.spec
    return Strip(
        words=row.words,
        unit=f"{spec.unit}, {spec.period}",
        low=low.number or 0.0,
        high=high.number or 0.0,
        low_text=text_of(low),
        high_text=text_of(high),
        own=row.own.number,
        own_text=text_of(row.own),
        neighbours=tuple(v.number for v in row.others if v.number is not None),
        region=row.region.number,
        england=row.england.number,
    )


def _table(figure_id: str, title: str, rows: Sequence[StripRow], called: Called) -> Table:
    columns = [
        Column("indicator", "Indicator"),
        Column("year", "Year"),
        Column("own", called.own, "rate"),
    ]
    columns += [Column(f"neighbour-{k}", name, "rate") for k, name in enumerate(called.others, 1)]
    columns += [Column("region", called.region, "rate"), Column("england", "England", "rate")]
    listed: tuple[tuple[Value | str, ...], ...] = tuple(
        (
            f"{row.words}, {row.table.safe.spec.unit}",
            row.table.safe.spec.period,
            row.own,
            *row.others,
            row.region,
            row.england,
        )
        for row in rows
    )
    return Table(
        id=f"{figure_id}-table",
        caption=f"{title}: {called.own}, its neighbours, region and England",
        columns=tuple(columns),
        rows=listed,
        table_ids=tuple(row.table.id for row in rows),
        source="published figures; each indicator names its own",
    )
