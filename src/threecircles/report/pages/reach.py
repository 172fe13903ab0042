"""Who comes to open places and how soon help begins: without it those whom nobody reaches stay out of sight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from threecircles.core.tables import TOTAL
from threecircles.report.altair_charts import nested
from threecircles.report.blocks import INTERVAL, breakdown_table, chart_figure
from threecircles.report.context import Context
from threecircles.report.model import Block, Figure, Nothing, Page, Table, Text
from threecircles.report.released import Released, Tables, measure
from threecircles.report.words import text_of, within

GROUPS = (
    ("rural", "rural or urban home area"),
    ("distance", "distance to the nearest open place"),
    ("deprivation", "deprivation of the home area"),
    ("ward", "ward"),
)
PERSONS = ("eligible", "registered", "attended_once", "attended_regularly", "eligible_not_using")
HEADS = ("attendances", "users")
NESTED = ("eligible", "attended_once", "attended_regularly")
MOST_ROWS = 40
"""Rows a table of this page may have; a county's wards are in the open data instead."""
WAITED = ("children", "helped_early_90", "helped_statutory_90", "waiting_90", "median_days", "statutory_first")  # fmt: skip


def page(tables: Tables, context: Context) -> Page:
    """Reach of each open place and time to first help, each by where children live."""
    used: list[Released] = []
    blocks = [*_reach(tables, used), *_first_help(tables, used)]
    return Page(
        id="reach",
        slug="reach",
        nav="Reach",
        title=f"Whom do open places and first help in {context.place} reach?",
        summary=(
            "Who the places are for, who comes, who could and does not; and how long it takes from a first sign "
            "to first help. Each is shown by where children live. No place and no worker is ranked.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("hard-to-reach", "need", "services", "places"),
        order=3,
    )


def _reach(tables: Tables, used: list[Released]) -> list[Block]:
    held = [(tables[f"reach-{g}"], g, words) for g, words in GROUPS if f"reach-{g}" in tables]
    found = [(table, g, _words(table, g, words)) for table, g, words in held]
    if not found:
        return [
            Nothing(
                "Reach has not been measured",
                "No attendance of a centre, hub or club was received for this period.",
                "With registrations or counted heads, this page would show who comes, by where children live.",
            )
        ]
    blocks: list[Block] = [Text("Who comes to open places", found[0][0].safe.spec.notes)]
    whole = _whole(found[0][0], found[0][1])
    blocks += [whole] if whole else []
    for table, group, words in found:
        used.append(table)
        if len(table.categories(group)) > MOST_ROWS:
            blocks.append(_elsewhere(table, f"Who comes, by {words}"))
            continue
        if group == "distance":
            # How far is said in one sentence, the last of the table's notes.
            blocks.append(Text(f"By {words}", table.safe.spec.notes[-1:]))
        for service in table.categories("service"):
            name = table.label("service", service)
            told = [m for m in PERSONS if _told(table, m, service=service)]
            if told:
                made = breakdown_table(
                    table,
                    group,
                    told,
                    f"{name}, by {words}",
                    base=False,
                    table_id=f"{table.id}-{service.replace('_', '-')}",
                    service=service,
                )
                blocks.append(_bounded(made))
    short = [(t, g) for t, g, _ in found if len(t.categories(g)) <= MOST_ROWS]
    return [*blocks, *(_heads(*short[0]) if short else [])]


def _whole(table: Released, group: str) -> Figure | None:
    """Of the children each kind of place is for, those who came and those who come regularly: one within the other."""
    everyone: dict[str, Any] = {group: TOTAL}
    rows, drawn = [], []
    for service in table.categories("service"):
        label = table.label("service", service)
        found = {m: table.value(m, service=service, **everyone) for m in NESTED}
        shown = [(m, v) for m, v in found.items() if v is not None and v.known]
        if len(shown) < len(NESTED):
            continue
        told = [text_of(v) for _, v in shown]
        said = f"for {told[0]}: {told[1]} came, {told[2]} regularly"
        rows += [
            {"label": label, "layer": k, "value": v.number, "low": None, "high": None, "text": said}
            for k, (_, v) in enumerate(shown)
        ]
        drawn += [(f"{label}: {measure(m, 'count').short}", v) for m, v in shown]
    if not rows:
        return None
    title = "Whom each kind of place is for, who came, and who comes regularly"
    listed = breakdown_table(
        table, "service", list(NESTED), title, base=False, total=False, intervals=False,
        table_id="reach-all", **everyone,
    )  # fmt: skip
    desc = (
        "Bars within bars: the pale bar is every child the place is for, the middle one those who came at least "
        "once, the narrow one those who come regularly."
    )
    caveats = (
        "Where a place named nobody, who came is at least this; the tables below give both ends.",
    )
    return chart_figure("reach-all", title, nested(rows, "Children"), replace(listed, notes=()), drawn, desc=desc, caveats=caveats)  # fmt: skip


def _heads(table: Released, group: str) -> list[Block]:
    """Counted heads of each kind of place. They are counted at a place, so no grouping by home divides them."""
    everywhere: dict[str, Any] = {group: TOTAL}
    told = [
        m
        for m in HEADS
        if any(table.value(m, service=s, **everywhere) for s in table.categories("service"))
    ]
    if not told:
        return []
    made = breakdown_table(
        table, "service", told, "Heads counted", table_id=f"{table.id}-heads", base=False,
        total=False, **everywhere,
    )  # fmt: skip
    return [_bounded(made)]


def _bounded(made: Table) -> Table:
    """Counts with their ends where a near place named nobody; ends are what can be, not a margin of error."""
    columns = tuple(
        replace(c, label=c.label.replace(INTERVAL, "At least and at most")) for c in made.columns
    )
    return replace(made, columns=columns, notes=())


def _words(table: Released, group: str, words: str) -> str:
    """The words of a breakdown; where a place holds travel times, its own table tells of minutes."""
    dimension = table.dimension("distance")
    return within(dimension.label) if dimension and group == "distance" else words


def _elsewhere(table: Released, title: str) -> Text:
    """Where a table lies that is too long to read here."""
    rows = table.safe.frame.height
    return Text(
        title, (f"This table has {rows:,} rows, too many for a page.",), ((f"{title} (CSV)", f"data/{table.id}.csv"),),
    )  # fmt: skip


def _first_help(tables: Tables, used: list[Released]) -> list[Block]:
    blocks: list[Block] = []
    for group, usual in GROUPS:
        table = tables.get(f"first-help-{group}")
        if table is None:
            continue
        words = _words(table, group, usual)
        used.append(table)
        if len(table.categories(group)) > MOST_ROWS:
            blocks.append(_elsewhere(table, f"First help, by {words}"))
            continue
        for before in ("no", "unknown"):
            told = [m for m in WAITED if _told(table, m, before=before)]
            if not told:
                continue
            said = table.label("before", before)
            blocks.append(
                replace(
                    breakdown_table(
                        table,
                        group,
                        told,
                        f"{said}: first help, by {words}",
                        base=False,
                        table_id=f"{table.id}-{before}",
                        before=before,
                    ),
                    notes=(),
                )
            )
    if not blocks:
        return [
            Nothing(
                "Time to first help is not shown",
                "No first sign was recorded, or too few children have one.",
                "With signs and help on record, this page would show how long children wait, by where they live.",
            )
        ]
    return [Text("From first sign to first help", used[-1].safe.spec.notes), *blocks]


def _told(table: Released, measure: str, **where: str) -> bool:
    """Whether any value of a measure stands in the table (a hidden one stands as its symbol)."""
    spec = table.safe.spec
    rest = [d.column for d in spec.dimensions if d.column not in where]
    return measure in table.measures() and any(
        table.value(measure, **where, **{c: v for c in rest}) is not None
        for v in (TOTAL, *(table.categories(rest[0]) if rest else ()))
    )
