"""Who is hard to reach: without this page a far, poor, rural corner would be lost in three separate margins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from threecircles.core.tables import TOTAL
from threecircles.report.blocks import INTERVAL, interval_or_dash, source_of
from threecircles.report.context import Context
from threecircles.report.model import (
    Block,
    Column,
    Finding,
    Findings,
    Nothing,
    Page,
    Table,
    Text,
    Value,
)
from threecircles.report.released import Released, Tables, measure
from threecircles.report.words import about_children, capital, interval_of, text_of

BY = ("rural", "distance", "deprivation")
HEADS = {"rural": "Home area", "distance": "Nearest open place", "deprivation": "Deprivation"}
UNKNOWN = "not_known"
PERSONS = ("eligible", "registered", "attended_once")


def page(tables: Tables, context: Context) -> Page:
    """High need, reach and waiting by rural class, distance and deprivation together."""
    used: list[Released] = []
    blocks = [*_far(tables, used), *_circles(tables, used), *_reach(tables, used), *_waits(tables, used)]  # fmt: skip
    if not used:
        blocks = [
            Nothing(
                "Where children are hard to reach is not known",
                "The place holds no rural class, no deprivation or no open place of its areas.",
                "With them, this page would show high need, reach and waiting by all three together.",
            )
        ]
    return Page(
        id="hard-to-reach",
        slug="hard-to-reach",
        title=f"Who is hard to reach in {context.place}?",
        summary=(
            "Children by where they live: town or country, how far the nearest open place is, and how deprived the "
            "area is, all three together. No place and no worker is ranked.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("reach", "need", "places"),
        order=3,
    )


def _far(tables: Tables, used: list[Released]) -> list[Block]:
    """How many children with high need live beyond the last band."""
    table = tables.get("circles-distance")
    if table is None:
        return []
    dimension = table.dimension("distance")
    last = next((b for b in dimension.labels if b.endswith("+")), "") if dimension else ""
    if not last:
        return []
    where = table.label("distance", last).lower()
    if last not in table.categories("distance"):
        used.append(table)
        return [
            Text("Farthest away", (f"No child who answered lives {where} from an open place.",))
        ]
    share, children = table.value("need", distance=last), table.value("need", "numerator", distance=last)  # fmt: skip
    if share is None or children is None or share.number is None or children.number is None:
        return [
            Nothing(
                f"Children with high need {where} from any open place cannot be told",
                "Too few of them answered, or the figure would tell of single children.",
                "The tables below show what can be shown.",
            )
        ]
    used.append(table)
    between = f", interval {interval_of(share)}" if interval_of(share) else ""
    said = (
        f"{capital(about_children(children.number))} with high need live {where} from any open place. "
        f"That is {text_of(share)} of the children there{between}."
    )
    return [Findings("Farthest away", (Finding(said, (share, children)),))]


def _circles(tables: Tables, used: list[Released]) -> list[Block]:
    table = tables.get("circles-hard")
    if table is None:
        return []
    used.append(table)
    return [
        Text("High need and who is reached", ("Of children on roll who could be asked.",)),
        crossed(table, "hard-circles", "High need, and of those in contact with a targeted service", ("need", "coverage")),
    ]  # fmt: skip


def _reach(tables: Tables, used: list[Released]) -> list[Block]:
    table = tables.get("reach-hard")
    if table is None:
        return []
    used.append(table)
    blocks: list[Block] = [
        Text("Who comes to open places", ("Distance is to the nearest place of the kind named.",))
    ]
    for service in table.categories("service"):
        if table.value("registered", service=service) is not None:
            name = table.label("service", service)
            blocks.append(
                crossed(table, f"hard-{service.replace('_', '-')}", f"{name}: who it is for, and who comes", PERSONS, False, service=service)
            )  # fmt: skip
    return blocks


def _waits(tables: Tables, used: list[Released]) -> list[Block]:
    table = tables.get("first-help-hard")
    if table is None:
        return []
    used.append(table)
    return [
        Text("How long first help takes", ("From the first recorded sign, for children with no help on record before it.",)),
        crossed(table, "hard-waits", "Children with a first sign, and the middle wait in days", ("children", "median_days"), False, before="no"),
    ]  # fmt: skip


def crossed(
    table: Released,
    table_id: str,
    caption: str,
    measures: Sequence[str],
    intervals: bool = True,
    **where: str,
) -> Table:
    """One row a meeting of the three, then everybody; what nobody lives in has no row."""
    kind = table.safe.spec.kind
    columns = [Column(name, HEADS[name]) for name in BY]
    for name in measures:
        how = measure(name, kind)
        columns.append(Column(name, how.label, how.kind, table.safe.spec.unit, how.decimals))
        if intervals:
            columns.append(Column(f"{name}_interval", f"{INTERVAL}, {how.short}", "interval"))
    held = [[v for v in table.categories(name) if v != UNKNOWN] for name in BY]
    rows: list[tuple[Value | str, ...]] = []
    for cell in (*product(*held), (TOTAL,) * len(BY)):
        at: dict[str, Any] = {**where, **dict(zip(BY, cell, strict=True))}
        found = [table.value(m, **at) for m in measures]
        if not any(found):
            continue
        told: list[Value | str] = [table.label(n, v) for n, v in zip(BY, cell, strict=True)]
        for value in found:
            told.append(value if value is not None else "[z]")
            if intervals:
                told.append(interval_or_dash(value) if value is not None else "[z]")
        rows.append(tuple(told))
    return Table(
        id=table_id, caption=caption, columns=tuple(columns), rows=tuple(rows), table_ids=(table.id,),
        period=table.safe.spec.period, source=source_of(table), notes=(),
    )  # fmt: skip
