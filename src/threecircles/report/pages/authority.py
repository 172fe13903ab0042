"""One authority among its ten neighbours: without this page no council could check our figures on itself."""

from __future__ import annotations

from functools import lru_cache

from threecircles.core.tables import TOTAL
from threecircles.need.published_indicators import EnglandIndicator, england_indicators
from threecircles.report.blocks import source_of
from threecircles.report.model import (
    Block,
    Column,
    Keyfigure,
    Keyfigures,
    Page,
    Table,
    Text,
    Value,
)
from threecircles.report.pages.strip_figure import CIRCLES, Called, StripRow, strip_figure
from threecircles.report.released import Released, Tables
from threecircles.report.words import text_of

ENGLAND_SCALE = "from the lowest to the highest authority in England"
HEADLINES = ("children-in-need", "looked-after", "spend-per-child", "unit-cost-looked-after")


def authority_page(tables: Tables, code: str, names: dict[str, str]) -> Page:
    """The page of an authority. code: ONS code. names: of authorities and regions, by code."""
    near = neighbours_of(tables, code)
    region = region_of(tables, code)
    blocks: list[Block] = [_headlines(tables, code, region)]
    for circle, title in CIRCLES.items():
        chosen = [
            i for i in england_indicators() if i.circle == circle and f"england-{i.id}" in tables
        ]
        if chosen:
            rows = [_row(tables, i, code, near, region) for i in chosen]
            called = Called(
                names[code], tuple(names.get(n, n) for n in near), names.get(region, "Region")
            )
            blocks.append(strip_figure(f"{code}-{circle}", title, rows, called, ENGLAND_SCALE))
    blocks.append(_neighbour_table(tables["england-neighbours"], code, near))
    lines = tables.get("england-spend-lines")
    if lines is not None:
        blocks.append(_spend_table(lines, code, region))
    blocks.append(
        Text(
            "How to read this page",
            (
                "Each strip runs from the lowest to the highest authority in England, on its own scale. "
                "Being high or low is a question to ask, not an answer.",
                "Neighbours are the ten authorities most like this one in who lives there, as the Department for Education reckons them.",
            ),
            (("All authorities", "a-to-z"), ("How it was made", "methods")),
        )
    )
    used = [t for t in tables.values() if t.id != "england-years"]
    return Page(
        id=code,
        slug=f"authority/{code}",
        title=names[code],
        summary=(
            f"{names.get(region, 'England')}. Published figures beside its ten statistical neighbours and England.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        order=200,
    )


def neighbours_of(tables: Tables, code: str) -> list[str]:
    """Codes of the ten neighbours, the closest first."""
    rows = [
        r for r in tables["england-neighbours"].rows if r["area"] == code and r["measure"] == "rank"
    ]
    return [str(r["neighbour"]) for r in sorted(rows, key=lambda r: r["value"])]


def region_of(tables: Tables, code: str) -> str:
    """The region of an authority, as its indicators give it."""
    return region_in(tables[f"england-{HEADLINES[0]}"], code)


@lru_cache(maxsize=256)
def ends_of(table: Released) -> tuple[Value, Value] | None:
    """The lowest and the highest authority of an indicator; None when no figure is known."""
    known = [r for r in table.rows if r["area"] != TOTAL and r["value"] is not None]
    if not known:
        return None
    low, high = min(known, key=lambda r: r["value"]), max(known, key=lambda r: r["value"])
    return table.value_of(low), table.value_of(high)


@lru_cache(maxsize=4_096)
def region_in(table: Released, code: str) -> str:
    """The region of an authority, as a table gives it."""
    return next((str(r["region"]) for r in table.rows if r["area"] == code), "")


def figure_of(table: Released, code: str, region: str) -> Value:
    """An indicator's value for an authority; with code TOTAL, its region's or England's."""
    found = table.value(table.measures()[0], area=code, region=region)
    return found if found is not None else Value(number=None, symbol="[x]")


def _headlines(tables: Tables, code: str, region: str) -> Keyfigures:
    figures = []
    for name in HEADLINES:
        table = tables.get(f"england-{name}")
        if table is None:
            continue
        spec = table.safe.spec
        england = figure_of(table, TOTAL, TOTAL)
        figures.append(
            Keyfigure(
                figure_of(table, code, region),
                f"{spec.title}, {spec.unit}",
                f"England {text_of(england)}",
            )
        )
    return Keyfigures(tuple(figures))


def _row(
    tables: Tables, indicator: EnglandIndicator, code: str, near: list[str], region: str
) -> StripRow:
    table = tables[f"england-{indicator.id}"]
    return StripRow(
        table=table,
        words=indicator.label,
        own=figure_of(table, code, region),
        others=tuple(figure_of(table, n, region_of(tables, n)) for n in near),
        region=figure_of(table, TOTAL, region),
        england=figure_of(table, TOTAL, TOTAL),
        ends=ends_of(table),
    )


def _neighbour_table(table: Released, code: str, near: list[str]) -> Table:
    levels = {
        1.0: "extremely close",
        2.0: "very close",
        3.0: "close",
        4.0: "somewhat close",
        5.0: "not close",
    }
    rows: list[tuple[Value | str, ...]] = []
    for neighbour in near:
        rank = table.value("rank", area=code, neighbour=neighbour)
        level = table.value("closeness", area=code, neighbour=neighbour)
        word = levels.get(level.number or 0.0, "not known") if level is not None else "not known"
        rows.append((table.label("neighbour", neighbour), rank or "[x]", word))
    return Table(
        id=f"{code}-neighbours",
        caption="Its ten statistical neighbours",
        columns=(
            Column("neighbour", "Authority"),
            Column("rank", "Order", "count"),
            Column("level", "How close"),
        ),
        rows=tuple(rows),
        table_ids=(table.id,),
        period=table.safe.spec.period,
        source=source_of(table),
        notes=table.safe.spec.notes,
    )


def _spend_table(table: Released, code: str, region: str) -> Table:
    rows: list[tuple[Value | str, ...]] = []
    for line in table.categories("line"):
        gross, net = (table.value(m, area=code, region=region, line=line) for m in ("gross", "net"))
        rows.append((table.label("line", line), gross or "[x]", net or "[x]"))
    return Table(
        id=f"{code}-spend",
        caption="Spend on children's social care, by line",
        columns=(
            Column("line", "Line"),
            Column("gross", "Gross, pounds", "money", "pounds"),
            Column("net", "Net, pounds", "money", "pounds"),
        ),
        rows=tuple(rows),
        table_ids=(table.id,),
        period=table.safe.spec.period,
        source=source_of(table),
        notes=table.safe.spec.notes,
    )
