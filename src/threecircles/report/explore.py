"""The breakdowns a reader may put together: without a closed set somebody would ask for one too many.

Every combination is a released table, made into a page with the rest of the pack and attacked with it;
a request is a look at that list and nothing is reckoned for it. `definitions/report/explore.yaml`
declares the combinations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from threecircles.core.errors import UsageError
from threecircles.definitions import Definition, load
from threecircles.report.altair_charts import bars
from threecircles.report.blocks import breakdown_table, chart_figure, chart_rows, drawn_rows
from threecircles.report.context import Context
from threecircles.report.model import Page, Text
from threecircles.report.released import Released, Tables, measure
from threecircles.report.words import within

LIST = "explore.json"
ORDER = ("area", "group", "period")
"""The one order of parameters: an address says one thing in one way."""
NOT_RELEASED = "This breakdown is not released."


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One figure that can be broken down. measure: its id in the tables. area, group: breakdown -> table."""

    id: str
    measure: str
    area: dict[str, str] = field(default_factory=dict)
    group: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Explore(Definition):
    """Everything that may be asked for."""

    indicators: list[Indicator]


@dataclass(frozen=True)
class State:
    """One permitted combination. by: "area" or "group"; breakdown: the column; period: as in the address."""

    indicator: str
    by: str
    breakdown: str
    period: str

    @property
    def address(self) -> str:
        """Where a reader finds it."""
        query = {self.by: self.breakdown, "period": self.period}
        return f"/explore/{self.indicator}?{urlencode({k: query[k] for k in ORDER if k in query})}"

    @property
    def slug(self) -> str:
        """The page of the pack that shows it."""
        return f"explore/{self.indicator}/{self.by}-{self.breakdown}"


def explore_pages(tables: Tables, context: Context) -> tuple[Page, ...]:
    """A page for each permitted combination that was released, and the page that lists them."""
    found = list(_released(tables))
    pages = [_page(state, tables[name], words, context) for state, name, words in found]
    listed = sorted((p.title, p.slug) for p in pages)
    if not listed:
        return ()
    index = Page(
        id="explore",
        slug="explore",
        nav="Explore",
        title="Explore the figures",
        summary=(
            "Choose a figure and how to break it down. Only what was released can be chosen.",
        ),
        blocks=(Text("Breakdowns", (), tuple(listed), columns=True),),
        order=93,
    )
    return (index, *pages)


def states(tables: Tables) -> tuple[State, ...]:
    """Every permitted combination of these tables, in order."""
    return tuple(state for state, _, _ in _released(tables))


def write_list(tables: Tables, path: Path) -> Path:
    """The permitted combinations with their number, as JSON: part of what is released."""
    made = states(tables)
    told = {"number": len(made), "states": {s.address: f"{s.slug}.html" for s in made}}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return path


def find(site: Path, indicator: str, query: list[tuple[str, str]]) -> str | None:
    """The released page of a request, or None: what was hidden, not made or never thought of alike.

    query: parameters as they came. Raises UsageError for one that is unknown, repeated or out of order.
    """
    keys = [k for k, _ in query]
    if keys != [k for k in ORDER if k in keys]:
        raise UsageError(
            "The address cannot be read.",
            allowed="area or group, then period, each once",
            mend="Choose a breakdown on the page Explore the figures.",
        )
    return _listed(site).get(f"/explore/{indicator}?{urlencode(query)}")


def nearest(site: Path, indicator: str) -> tuple[str, ...]:
    """Permitted addresses of the indicator, else of every indicator's first breakdown."""
    listed = list(_listed(site))
    own = [a for a in listed if a.startswith(f"/explore/{indicator}?")]
    firsts = {a.partition("?")[0]: a for a in reversed(listed)}
    return tuple(own or firsts.values())


def period_id(period: str) -> str:
    """A period as it stands in an address: "year-ending-31-march-2026"."""
    return re.sub(r"[^a-z0-9]+", "-", period.lower()).strip("-")


def _listed(site: Path) -> dict[str, str]:
    path = site / LIST
    return json.loads(path.read_text(encoding="utf-8"))["states"] if path.is_file() else {}


def _released(tables: Tables) -> Iterator[tuple[State, str, Indicator]]:
    for indicator in load("report/explore", Explore).indicators:
        for by, breakdowns in (("area", indicator.area), ("group", indicator.group)):
            for breakdown, name in breakdowns.items():
                table = tables.get(name)
                if table is None or not _shows(table, breakdown, indicator.measure):
                    continue
                period = period_id(table.safe.spec.period)
                yield State(indicator.id, by, breakdown, period), name, indicator


def _shows(table: Released, breakdown: str, name: str) -> bool:
    """Whether the table has the measure by that column and shows at least one figure of it."""
    columns = {d.column for d in table.safe.spec.dimensions}
    if columns != {breakdown} or name not in table.measures():
        return False
    return any(v.known for _, v in drawn_rows(table, breakdown, name))


def _page(state: State, table: Released, indicator: Indicator, context: Context) -> Page:
    spec = table.safe.spec
    how = measure(indicator.measure, spec.kind)
    dimension = table.dimension(state.breakdown)
    words = within(dimension.label) if dimension else state.breakdown
    drawn = drawn_rows(table, state.breakdown, indicator.measure)
    if state.by == "area":
        # Areas have no order of their own; only shown figures decide, so the order tells nothing hidden.
        drawn.sort(key=lambda d: -(d[1].number or 0.0) if d[1].known else float("inf"))
    title = f"{how.label}, by {words[:1].lower()}{words[1:]}"
    figure_id = f"explore-{state.indicator}-{state.breakdown}"
    chart = bars(chart_rows(drawn), how.label, percent=how.kind == "percent")
    listed = breakdown_table(table, state.breakdown, [indicator.measure], title, table_id=figure_id)
    return Page(
        id=figure_id,
        slug=state.slug,
        title=title,
        summary=(f"{table.population} in {context.place}. {spec.period}.",),
        blocks=(chart_figure(figure_id, title, chart, listed, drawn),),
        tables=(table.safe,),
        related=("explore", "methods"),
        order=94,
    )
