"""England's authorities side by side: without it each would be compared with whoever comes to mind.

Only published figures. An authority is shown among its ten statistical neighbours; nothing is ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from threecircles.core.tables import TOTAL, Measured
from threecircles.disclosure.release import protect
from threecircles.need.published_indicators import england_indicators
from threecircles.report.blocks import interval_or_dash, source_of
from threecircles.report.hex_map import hex_map
from threecircles.report.maps import classes_of
from threecircles.report.model import (
    Column,
    Entries,
    Figure,
    Keyfigure,
    Keyfigures,
    Pack,
    Page,
    Table,
    Text,
    Value,
)
from threecircles.report.pack import release_id
from threecircles.report.pages.authority import authority_page, figure_of
from threecircles.report.pages.methods import lineage_page
from threecircles.report.pages.spending_and_outcomes import SLUG, panel_page
from threecircles.report.pages.strip_figure import CIRCLES
from threecircles.report.released import Released, Tables, released
from threecircles.report.site import write_site as write_pack_site
from threecircles.report.words import plain, text_of, unit_words

MAPPED = ("children-in-need", "looked-after", "spend-per-child")
"""Indicators whose maps stand on the first page."""


def write_site(tables: Sequence[Measured], out: Path) -> Path:
    """The comparison of England as a static site below `out`; returns its first page.

    tables: what need.england.england and funding.panel_tables.panel_tables give, all of kind "published";
    disclosure makes them safe.
    """
    pack = england_pack(released(protect(tables)))
    write_pack_site(pack, out, model=False)
    return out / "index.html"


def england_pack(tables: Tables) -> Pack:
    """Pages: England, one an indicator, one an authority, A to Z, and how it was made."""
    names = _names(tables)
    codes = [c for c in _authorities(tables) if c in names]
    indicators = tuple(_indicator_page(t, names) for t in _indicators(tables))
    pages = (
        _england_page(tables, names),
        _indicators_page(tables),
        _a_to_z(codes, names),
        _methods_page(tables),
        *indicators,
        panel_page(tables, related=("index", "methods")),
        *(authority_page(tables, code, names) for code in codes),
        *(lineage_page(t) for t in tables.values()),
    )
    return Pack(
        id="england",
        title="Children's need, services and spend in England",
        place=f"England: {len(codes)} authorities",
        period="Newest published year of each indicator",
        edition="public",
        release_id=release_id(tables),
        pages=pages,
    )


def _indicators(tables: Tables) -> list[Released]:
    return [tables[f"england-{i.id}"] for i in england_indicators() if f"england-{i.id}" in tables]


def _names(tables: Tables) -> dict[str, str]:
    """Names by ONS code, from the labels of every table."""
    found: dict[str, str] = {}
    for table in tables.values():
        for dimension in table.safe.spec.dimensions:
            if dimension.column in ("area", "region", "neighbour"):
                found |= dimension.labels
    return {k: v for k, v in found.items() if k != TOTAL}


def _authorities(tables: Tables) -> list[str]:
    names = _names(tables)
    found = {str(r["area"]) for t in _indicators(tables) for r in t.rows if r["area"] != TOTAL}
    return sorted(found, key=lambda c: names.get(c, c))


def _england_page(tables: Tables, names: dict[str, str]) -> Page:
    figures = []
    for name, column, words in (
        ("children-in-need", "numerator", "children in need"),
        ("looked-after", "numerator", "children looked after"),
        ("spend-per-child", "numerator", "net spend on children's social care"),
    ):
        table = tables.get(f"england-{name}")
        if table is None:
            continue
        value = table.value(table.measures()[0], column, area=TOTAL, region=TOTAL)
        if value is not None and value.known:
            rate = figure_of(table, TOTAL, TOTAL)
            beside = f"{text_of(rate)} {unit_words(table.safe.spec.unit)}"
            figures.append(Keyfigure(value, f"{words}, {table.safe.spec.period}", beside))
    maps = [
        _map_figure(tables[f"england-{name}"]) for name in MAPPED if f"england-{name}" in tables
    ]
    return Page(
        id="england",
        slug="index",
        nav="England",
        title="Children's need, services and spend in England",
        summary=(
            "Published figures of every authority that runs children's services. "
            "Find an authority to see it among the ten most like it.",
        ),
        blocks=(
            Keyfigures(tuple(figures)),
            Text(
                "Find an authority",
                (),
                (
                    ("All authorities, A to Z", "a-to-z"),
                    ("All indicators", "indicators"),
                    ("Spending and outcomes over the years", SLUG),
                ),
            ),
            *maps,
        ),
        tables=tuple(t.safe for t in _indicators(tables)),
        related=("indicators", "a-to-z", "methods"),
        order=1,
    )


def _map_figure(table: Released) -> Figure:
    spec = table.safe.spec
    rows = [
        (str(r["area"]), str(r["region"]), table.value_of(r))
        for r in table.rows
        if r["area"] != TOTAL
    ]
    values = {code: v.number for code, _, v in rows}
    known = [(table.label("area", c), v) for c, _, v in rows if v.known]
    low, high = (f(known, key=lambda kv: kv[1].number or 0.0) for f in (min, max))
    classes = classes_of([v.number for _, v in known if v.number is not None], plain)
    title = f"{spec.title}, {spec.unit}"
    missing = len(rows) - len(known)
    desc = (
        f"Map of {len(rows)} authorities, one hexagon each. Highest: {high[0]}, {text_of(high[1])}. "
        f"Lowest: {low[0]}, {text_of(low[1])}." + (f" {missing} not available." if missing else "")
    )
    figure_id = f"map-{table.id}"
    return Figure(
        id=figure_id,
        title=title,
        desc=desc,
        svg=hex_map(figure_id, values, classes, title, desc),
        table=_area_table(table, rows),
        drawn=tuple(known),
        caveats=(
            "Every authority has one hexagon of the same size, near where it lies.",
            *spec.notes,
        ),
    )


def _area_table(table: Released, rows: Sequence[tuple[str, str, Value]]) -> Table:
    spec = table.safe.spec
    ordered = sorted(rows, key=lambda r: table.label("area", r[0]))
    return Table(
        id=f"{table.id}-areas",
        caption=f"{spec.title}, by authority",
        columns=(
            Column("area", "Authority"),
            Column("region", "Region"),
            Column("value", spec.unit[:1].upper() + spec.unit[1:], "rate", spec.unit),
            Column("interval", "95% interval", "interval"),
        ),
        rows=tuple(
            (table.label("area", c), table.label("region", r), v, interval_or_dash(v))
            for c, r, v in ordered
        ),
        table_ids=(table.id,),
        period=spec.period,
        source=source_of(table),
        notes=spec.notes,
    )


def _indicator_page(table: Released, names: dict[str, str]) -> Page:
    spec = table.safe.spec
    return Page(
        id=table.id,
        slug=f"indicator/{table.id.removeprefix('england-')}",
        title=spec.title,
        summary=(f"{spec.unit[:1].upper()}{spec.unit[1:]}, {spec.period}.",),
        blocks=(_map_figure(table),),
        tables=(table.safe,),
        order=200,
    )


def _indicators_page(tables: Tables) -> Page:
    blocks = []
    for circle, title in CIRCLES.items():
        chosen = [
            i for i in england_indicators() if i.circle == circle and f"england-{i.id}" in tables
        ]
        links = tuple((f"{i.label}, {i.unit}", f"indicator/{i.id}") for i in chosen)
        blocks.append(Text(title, (), links))
    return Page(
        id="indicators",
        slug="indicators",
        nav="Indicators",
        title="Indicators of need, services and spend",
        summary=("Each has a map, a table of all authorities, and its source.",),
        blocks=tuple(blocks),
        order=2,
    )


def _a_to_z(codes: Sequence[str], names: dict[str, str]) -> Page:
    links = tuple((names[c], f"authority/{c}") for c in codes)
    return Page(
        id="a-to-z",
        slug="a-to-z",
        nav="Authorities",
        title="Authorities, A to Z",
        summary=(),
        blocks=(Text(f"{len(codes)} authorities", (), links, columns=True),),
        order=3,
    )


def _methods_page(tables: Tables) -> Page:
    entries = tuple(
        (
            f"{t.safe.spec.title}, {t.safe.spec.unit}",
            f"{source_of(t)}. {' '.join(t.safe.spec.notes)}".strip(),
        )
        for t in _indicators(tables)
    )
    links = tuple((t.safe.spec.title, f"lineage/{t.id}") for t in tables.values())
    return Page(
        id="methods",
        slug="methods",
        nav="Methods",
        title="How these figures were made",
        summary=(
            "Every figure was published by a department or the statistics office. Nothing is hidden again, and nothing is guessed.",
        ),
        blocks=(Entries("Indicators and their sources", entries), Text("Tables", (), links)),
        order=4,
    )
