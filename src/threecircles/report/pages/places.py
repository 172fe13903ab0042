"""Where children live: without it a county's mean would hide its towns."""

from __future__ import annotations

import json

from threecircles.report.blocks import breakdown_table, describe, drawn_rows
from threecircles.report.context import Context
from threecircles.report.maps import Area, areas_of, choropleth, classes_of
from threecircles.report.model import Block, Figure, Gallery, Nothing, Page, Table
from threecircles.report.released import Released, Tables, measure
from threecircles.report.words import plain

TITLES = {
    "circles-ward": "High need, and who is reached",
    "places-ward": "Children in services, by ward of home",
}
CODE_PROPERTIES = ("WD25CD", "WD24CD", "LSOA21CD", "MSOA21CD", "code")


def page(tables: Tables, context: Context) -> Page:
    """Maps of released rates, each with its table."""
    blocks: list[Block] = []
    used: list[Released] = []
    for table_id, title in TITLES.items():
        table = tables.get(table_id)
        if table is None:
            continue
        made = _maps(table, context)
        blocks.append(made if isinstance(made, Table) else Gallery(title, tuple(made)))
        used.append(table)
    if not blocks:
        blocks.append(
            Nothing(
                "No figures by area were released",
                "Either no source carries the area where children live, or every area has too few children.",
                "With them, this page would show a map and a table of need and help by ward.",
            )
        )
    return Page(
        id="places",
        slug="places",
        nav="Places",
        title="Where do children with need live, and where are they reached?",
        summary=(
            "Maps show rates, never counts. Darker means more. "
            "Areas with too few children are hidden so that no child can be worked out.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("small-areas", "need", "services"),
        order=5,
    )


def _maps(table: Released, context: Context) -> list[Figure] | Table:
    column = table.safe.spec.dimensions[0].column
    wanted = ("need", "coverage") if table.id.startswith("circles") else tuple(table.measures())
    names = [m for m in wanted if m in table.measures()]
    found = _boundaries(table, context)
    if found is None:
        return breakdown_table(table, column, names, f"{table.safe.spec.title}: figures")
    return [_map(table, name, *found) for name in names]


def ward_map(
    table: Released, name: str, context: Context, shaky: frozenset[str] = frozenset()
) -> Figure | None:
    """The map of one released measure by area, or None without boundaries. shaky: areas to mark with stripes."""
    found = _boundaries(table, context)
    return None if found is None else _map(table, name, *found, shaky)


def _boundaries(table: Released, context: Context) -> tuple[tuple[Area, ...], float] | None:
    """The areas of the table's first dimension and the height of their map."""
    column = table.safe.spec.dimensions[0].column
    path = context.boundaries.get(column) or context.boundaries.get("ward")
    if path is None or not path.exists():
        return None
    geojson = json.loads(path.read_text(encoding="utf-8"))
    properties = geojson["features"][0]["properties"]
    code = next((p for p in CODE_PROPERTIES if p in properties), None)
    return None if code is None else areas_of(geojson, code)


def _map(
    table: Released,
    name: str,
    areas: tuple[Area, ...],
    height: float,
    shaky: frozenset[str] = frozenset(),
) -> Figure:
    column = table.safe.spec.dimensions[0].column
    drawn = drawn_rows(table, column, name)
    coded = {c: table.value(name, **{column: c}) for c in table.categories(column)}
    values = {c: v.number if v is not None else None for c, v in coded.items()}
    marked = {c for c, v in coded.items() if v is not None and v.symbol == "[u]"} | shaky
    how = measure(name, table.safe.spec.kind)
    write = _percent if how.kind == "percent" else plain
    classes = classes_of([v for v in values.values() if v is not None], write)
    title = how.label
    desc = describe("Map of wards", drawn)
    figure_id = f"map-{table.id}-{name.replace('_', '-')}"
    return Figure(
        id=figure_id,
        title=title,
        desc=desc,
        svg=choropleth(figure_id, areas, height, values, classes, title, desc, frozenset(marked)),
        table=breakdown_table(table, column, [name], title, table_id=f"{figure_id}-table"),
        drawn=tuple((k, v) for k, v in drawn if v.known),
        caveats=("Each class holds about as many areas as the next. Boundaries are simplified.",),
    )


def _percent(x: float, decimals: int) -> str:
    return f"{plain(x * 100, decimals)}%"
