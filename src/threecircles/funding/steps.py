"""The funding room in a run: spend lines of the record come in, measured tables of money go out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.dates import year_end
from threecircles.core.engines import collect
from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant, Sensitive
from threecircles.core.steps import Step
from threecircles.core.tables import Measured
from threecircles.definitions.place import Place
from threecircles.funding.care_events import care_costing
from threecircles.funding.cost_table import load_cost_table
from threecircles.funding.cost_tables import STEP, cost_by_placement
from threecircles.funding.panel_tables import STEP as PANEL
from threecircles.funding.panel_tables import panel_tables
from threecircles.funding.partners import ledgers_of, partners_lines
from threecircles.funding.share_rules import load_share_rules
from threecircles.funding.spend_flow import flow_table
from threecircles.funding.spend_tables import spend_tables
from threecircles.record import with_attributes
from threecircles.record.derive.ended import ended
from threecircles.sources.published import find_published

PURPOSE = "needs_assessment"
PUBLISHED = "published"
"""The setting of place.yaml that names the folder of published files."""
AGES = "population_by_age"
"""The setting that names a file of population by area, year and age, so that ages can be held level."""


def steps(place: Place) -> list[Step]:
    """Spend where the place received an outturn; what care cost where it has a cost table and a 903.

    A made-up place uses the demonstration's prices and share rules; a real one names its own under
    `settings: {cost_table: FILE or id, share_rules: FILE or id, ledgers: FOLDER}` and gets neither costs nor
    the way of its money without them. FOLDER holds partners' ledgers, NAME.csv with its mapping NAME.yaml.
    """
    made = []
    if place.of("s251-outturn"):
        made.append(
            Step(
                name="funding.spend",
                function=spend,
                reads=("record.spend_line", "record.area_value"),
                writes=("funding.spend-*",),
                definitions=("spend", "share_rules"),
                params={
                    "year": place.year,
                    "rules": definition_of(place, "share_rules"),
                    "ledgers": ledgers_of(place),
                },
            )
        )
    table = definition_of(place, "cost_table")
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
    if place.settings.get(PUBLISHED):
        home = place.dir / place.settings[PUBLISHED]
        files = find_published(home, "lait", "authorities", "population")
        ages = [_file_of(place, AGES)] if place.settings.get(AGES) else []
        made.append(
            Step(
                name=PANEL,
                function=panels,
                writes=("funding.spend-panel-*",),
                definitions=("spend", "published"),
                files=tuple(sorted({*ages, *(f.path for f in files.values())})),
                params={"folder": home, "ages": ages[0] if ages else None},
            )
        )
    return made


def panels(folder: Path, ages: Path | None = None) -> list[Measured]:
    """Spending beside outcomes over the years, of every authority: published figures only."""
    return panel_tables(folder, ages)


def definition_of(place: Place, setting: str) -> str | Path:
    """The definition a place uses: the file or id it names, the demonstration's if it is made up, else none."""
    named = place.settings.get(setting, "demo" if place.fictitious else "")
    if Path(named).suffix not in (".yaml", ".yml"):
        return named
    return _file_of(place, setting)


def _file_of(place: Place, setting: str) -> Path:
    """The file that a setting names, beside place.yaml. Raises UsageError when it is not there."""
    named = place.dir / place.settings[setting]
    if not named.is_file():
        raise UsageError("There is no such file.", where=f"place.yaml, settings: {setting}", found=place.settings[setting])  # fmt: skip
    return named


def cost(episode: Any, *, grant: Grant, place: Place, table: str | Path) -> list[Measured]:
    """What the placements of the place's year cost, by kind; no row of a child goes on."""
    episodes = collect(
        with_attributes(
            ended(episode.open(grant) if isinstance(episode, Sensitive) else episode), "place", "ls"
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
    return [cost_by_placement(care, load_cost_table(str(table)), care_costing(), start, end)]


def spend(
    spend_line: Any,
    area_value: Any,
    year: int,
    rules: str | Path = "",
    ledgers: Mapping[str, tuple[Path, Path]] | None = None,
) -> list[Measured]:
    """Tables of the newest outturn up to the place's year; children from the record's population.

    With share rules also the way of the money, to which partners' ledgers are added.
    """
    if spend_line is None:
        return []
    lines = collect(spend_line).filter(
        pl.col("year") <= year, pl.col("stage").fill_null("outturn") == "outturn"
    )
    if lines.is_empty():
        return []
    newest = int(lines.get_column("year").max())  # type: ignore[arg-type]
    lines, children = lines.filter(pl.col("year") == newest), _children(area_value)
    made = spend_tables(lines, children, newest)
    if rules:
        partners = partners_lines(ledgers or {}, str(lines["la_code"][0]), newest)
        made.append(_flow(lines, partners, str(rules), children, newest))
    return made


def _flow(
    lines: pl.DataFrame, partners: dict[str, pl.DataFrame], rules: str, children: int | None, year: int
) -> Measured:  # fmt: skip
    columns = ("spend_id", "agency", "budget_line", "net_pence")
    every = pl.concat([t.select(columns) for t in (lines, *partners.values())])
    return flow_table(every, load_share_rules(rules), children, year, tuple(partners))


def _children(area_value: Any) -> int | None:
    """Children aged 0 to 17 of the whole place; None when the record holds no population."""
    if area_value is None:
        return None
    ages = collect(area_value).filter(
        pl.col("measure_id") == "population", pl.col("age").is_between(0, 17)
    )
    return round(float(ages.get_column("value").sum())) if ages.height else None
