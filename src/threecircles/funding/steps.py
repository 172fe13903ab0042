"""The funding room in a run: spend lines of the record come in, measured tables of money go out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from threecircles.core.dates import year_end
from threecircles.core.engines import collect
from threecircles.core.safety import Grant, Sensitive
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Place
from threecircles.funding.care_events import care_costing
from threecircles.funding.cost_table import load_cost_table
from threecircles.funding.cost_tables import STEP, cost_by_placement
from threecircles.funding.spend_tables import spend_tables
from threecircles.record import with_attributes

PURPOSE = "needs_assessment"


def steps(place: Place) -> list[Step]:
    """Spend where the place received an outturn; what care cost where it has a cost table and a 903.

    A made-up place uses the demonstration prices; a real one names its own table under
    `settings: {cost_table: FILE or id}` and gets no costs without it.
    """
    made = []
    if place.of("s251-outturn"):
        made.append(
            Step(
                name="funding.spend",
                function=spend,
                reads=("record.spend_line", "record.area_value"),
                writes=("funding.spend-*",),
                definitions=("spend",),
                params={"year": place.year},
            )
        )
    table = cost_table(place)
    if place.of("ssda903") and table:
        made.append(
            Step(
                name=STEP,
                function=cost,
                reads=("record.episode",),
                writes=("funding.cost-*",),
                definitions=("cost_tables", "cost_rules"),
                purpose=PURPOSE,
                attributes=("care_status",),
                params={"table": table},
            )
        )
    return made


def cost_table(place: Place) -> str:
    """The cost table a place uses: the one it names, the demonstration's if it is made up, else none."""
    named = place.settings.get("cost_table")
    return str(named) if named else "demo" if place.fictitious else ""


def cost(episode: Any, *, grant: Grant, place: Place, table: str) -> list[Measured]:
    """What the placements of the place's year cost, by kind; no row of a child goes on."""
    episodes = collect(
        with_attributes(
            episode.open(grant) if isinstance(episode, Sensitive) else episode, "place", "ls"
        )
    ).filter(pl.col("process") == "placement")
    if episodes.is_empty():
        return []
    care = episodes.select(
        "person_id",
        "place",
        "ls",
        "valid_from",
        "valid_to",
        "reason_in",
        "reason_out",
        event_id="row_id",
    )
    start, end = year_end(place.year - 1) + timedelta(days=1), year_end(place.year)
    return [cost_by_placement(care, load_cost_table(table), care_costing(), start, end)]


def spend(spend_line: Any, area_value: Any, year: int) -> list[Measured]:
    """Tables of the newest outturn up to the place's year; children from the record's population."""
    if spend_line is None:
        return []
    lines = collect(spend_line).filter(
        pl.col("year") <= year, pl.col("stage").fill_null("outturn") == "outturn"
    )
    if lines.is_empty():
        return []
    newest = int(lines.get_column("year").max())  # type: ignore[arg-type]
    return spend_tables(lines.filter(pl.col("year") == newest), _children(area_value), newest)


def _children(area_value: Any) -> int | None:
    """Children aged 0 to 17 of the whole place; None when the record holds no population."""
    if area_value is None:
        return None
    ages = collect(area_value).filter(
        pl.col("measure_id") == "population", pl.col("age").is_between(0, 17)
    )
    return round(float(ages.get_column("value").sum())) if ages.height else None
