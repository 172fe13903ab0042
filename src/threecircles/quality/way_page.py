"""Progress as one page that opens anywhere: without it a manager would have to read a terminal."""

from __future__ import annotations

from datetime import date
from math import ceil
from pathlib import Path

import polars as pl
from markupsafe import Markup

from threecircles.core.workspace import write_bytes
from threecircles.quality.chain import Chain, with_teams
from threecircles.quality.outputs_html import environment
from threecircles.quality.outputs_tables import write_csv
from threecircles.quality.straight_line import line_through
from threecircles.quality.way import Way, at_each_check
from threecircles.quality.way_chart import Ahead, open_chart
from threecircles.quality.way_words import (
    HEADINGS,
    NOTICE,
    OF_WORKER,
    lead_of,
    notes_of,
    shown_of,
    tables_of,
    title_of,
)
from threecircles.quality.worklist_filters import Wanted

PAGE = "progress.html"


def way_html(way: Way, wanted: Wanted, deadline: date | None = None) -> str:
    """One self-contained page: headline, forecast, charts, tables by week, team and rule. No script, no outside file."""
    return environment().get_template("progress.html.j2").render(
        title=title_of(way, wanted),
        lead=lead_of(way),
        notice=NOTICE,
        of_worker=OF_WORKER if wanted.worker else "",
        forecast=way.forecast,
        dashed=_drawn(way),
        stems="not_re_tested" in way.chain.events["measure"],
        charts=_charts(way, deadline),
        team_charts=_team_charts(way.chain, way.teams["team"].to_list()),
        notes=notes_of(way),
        weeks=way.weeks.to_dicts(),
        teams=way.teams.to_dicts(),
        rules=way.rules.to_dicts(),
        not_run=way.not_run,
        headings=HEADINGS,
        week_columns=shown_of(way.weeks),
        team_columns=shown_of(way.teams),
        rule_columns=shown_of(way.rules),
        files=[f"{name}.csv" for name in tables_of(way)],
    )  # fmt: skip


def write_way(way: Way, wanted: Wanted, folder: Path, deadline: date | None = None) -> list[Path]:
    """Write the page and the tables by week, team and rule into a folder that its owner only can read."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    page = folder / PAGE
    write_bytes(page, way_html(way, wanted, deadline).encode())
    return [
        page,
        *(write_csv(table, folder / f"{name}.csv") for name, table in tables_of(way).items()),
    ]


def _drawn(way: Way) -> bool:
    return way.forecast is not None and way.forecast.expected is not None


def _charts(way: Way, deadline: date | None) -> Markup:
    """All findings; beside them those that the straight line goes through, where they are not all."""
    whole = at_each_check(way.chain.events, way.chain.days)
    untested = at_each_check(way.chain.events, way.chain.days, "not_re_tested")
    line = line_through(way.open_by_day) if _drawn(way) else None
    ahead = Ahead(deadline, line) if deadline else None
    most = max(n + u for (_, n), (_, u) in zip(whole, untested, strict=True))
    if line and deadline:
        most = max(most, ceil(line.at(deadline)), ceil(line.at(line.first)))
    if not way.left_out or line is None:
        return open_chart("All findings", whole, most, ahead, untested)
    steady = open_chart("Rules that ran at every check", way.open_by_day, most, ahead)
    return open_chart("All findings", whole, most, None, untested) + steady


def _team_charts(chain: Chain, teams: list[str]) -> Markup:
    """A chart a team, in order of name and on one scale; none where there is but one team."""
    if len(teams) < 2:
        return Markup("")
    events = with_teams(chain)
    parts = {team: events.filter(pl.col("team") == team) for team in teams}
    drawn = {
        team: [at_each_check(part, chain.days, name) for name in ("open", "not_re_tested")]
        for team, part in parts.items()
    }
    most = max(n + u for one, two in drawn.values() for (_, n), (_, u) in zip(one, two, strict=True))  # fmt: skip
    return Markup("").join(open_chart(team, one, most, None, two) for team, (one, two) in drawn.items())  # fmt: skip
