"""Published figures beside the place's own: without it "high" would have no yardstick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from threecircles.report.model import Keyfigure, Value
from threecircles.report.released import Released, Tables
from threecircles.report.words import text_of, unit_words

ROLES = ("self", "neighbour", "region", "england", "other")


@dataclass(frozen=True)
class Compared:
    """One area's published value, and what the area is to the reader's own."""

    code: str
    name: str
    role: str
    value: Value


def indicator_of(table: Released) -> str:
    """The indicator a table of neighbours holds: its first measure."""
    return table.measures()[0]


def compared(table: Released, measure: str = "") -> list[Compared]:
    """Areas of a table of neighbours, highest first, those without a number last."""
    wanted = measure or indicator_of(table)
    found = [
        Compared(
            str(r["area"]),
            table.label("area", str(r["area"])),
            str(r.get("role", "other")),
            table.value_of(r),
        )
        for r in table.rows
        if r["measure"] == wanted
    ]
    return sorted(found, key=lambda c: (not c.value.known, -(c.value.number or 0.0), c.name))


def own(table: Released) -> Value | None:
    """The reader's own value in a table of neighbours."""
    return next((c.value for c in compared(table) if c.role == "self"), None)


FIRST_PAGE = ("spend-per-child", "children-in-need", "looked-after")
"""Published indicators that may stand on the first page, in order."""
STOCK = {
    "cin": "children in need",
    "cpp": "children on a protection plan",
    "placement": "children looked after",
}
"""Processes whose children stand on the first page."""


def stock_figures(tables: Tables) -> Iterator[tuple[Keyfigure, Released]]:
    """Children in the main services at the end of the year, with the rate beside."""
    table = tables.get("services-stock")
    if table is None:
        return
    for process, words in STOCK.items():
        value, rate = table.value("children", process=process), table.value("rate", process=process)
        if value is not None and value.known:
            beside = (
                f"{text_of(rate)} per 10,000 children" if rate is not None and rate.known else ""
            )
            yield Keyfigure(value, f"{words} at the end of the year", beside), table


def compared_figures(tables: Tables, limit: int) -> Iterator[tuple[Keyfigure, Released]]:
    """Own published values as key figures, with England's beside them."""
    chosen = [tables[f"neighbours-{n}"] for n in FIRST_PAGE if f"neighbours-{n}" in tables]
    for table in chosen[:limit]:
        value = own(table)
        if value is None or not value.known:
            continue
        england = next((c.value for c in compared(table) if c.role == "england"), None)
        beside = f"England {text_of(england)}" if england is not None else ""
        unit = unit_words(table.safe.spec.unit)
        yield (
            Keyfigure(
                value, f"{table.safe.spec.title}, {unit}" if unit else table.safe.spec.title, beside
            ),
            table,
        )
