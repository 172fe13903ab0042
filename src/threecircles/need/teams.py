"""A recording team's own work, counted: without it those who write everything down would get nothing back.

Counts only: no row says which child or who worked with it. The web shows one team at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import polars as pl

from threecircles.core import manifest
from threecircles.core.dates import add_months
from threecircles.core.engines import collect
from threecircles.core.workspace import Workspace
from threecircles.definitions import Definition, load_folder
from threecircles.need.services.stock import service_processes
from threecircles.record.derive.stock import status_on

TABLE, STEP = "need.team_work", "need.teams"
DUE_SOON_DAYS, NEXT_DAYS, QUARTERS = 5, 90, 4
CLOCK_STATES = (
    "met",
    "done late",
    "due within 5 working days",
    "due later",
    "overdue",
    "cannot tell",
)
EPISODES = {
    "person_id": pl.String,
    "process": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
CLOCKS = {"person_id": pl.String, "process": pl.String, "from_on": pl.Date, "to_on": pl.Date,
          "taken": pl.Int64, "time_limit": pl.Int64, "result": pl.String}  # fmt: skip
REFERRALS = {"person_id": pl.String, "on_date": pl.Date, "re_referral": pl.String}
_SCHEMA = {
    "team": pl.String,
    "part": pl.String,
    "item": pl.String,
    "state": pl.String,
    "n": pl.Int64,
}


@dataclass(frozen=True, kw_only=True)
class RecordingTeam(Definition):
    """A team that records (definitions/teams/<id>.yaml).

    sources: where it writes. returns: codes of the returns checked by rules. processes: its open work. clocks: processes whose clocks it keeps.
    comes_back: whether repeated referrals are its concern.
    """

    sources: list[str]
    processes: list[str]
    returns: list[str] = field(default_factory=list)
    clocks: list[str] = field(default_factory=list)
    comes_back: bool = False


def recording_teams() -> dict[str, RecordingTeam]:
    """All teams by id, in the order of their ids."""
    return {t.id: t for t in load_folder("teams", RecordingTeam)}


def team_work(
    teams: Sequence[RecordingTeam],
    episodes: nw.LazyFrame | None,
    clocks: nw.LazyFrame | None,
    referrals: nw.LazyFrame | None,
    last: date,
) -> pl.DataFrame:
    """Counts of children by team. Columns: team, part, item, state, n.

    part: open (item = process), past (item = last day of a quarter), clock (item = process, state as
    CLOCK_STATES), next (item = process that ended in the year, state = process that began within 90 days,
    blank = none recorded), again (state yes, no, unknown). n: distinct children.
    episodes: person_id, process, valid_from, valid_to. clocks: person_id, process, to_on, taken,
    time_limit, from_on, result. referrals: person_id, on_date, re_referral. last: day of the count.
    A table that the place does not have is counted as no row, and its part is not there.
    """
    held, timed, again = (
        _held(frame, schema)
        for frame, schema in ((episodes, EPISODES), (clocks, CLOCKS), (referrals, REFERRALS))
    )
    rows = [r for team in teams for r in _one(team, held, timed, again, last)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _held(frame: nw.LazyFrame | None, schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema) if frame is None else collect(frame.select(*schema))


def _one(
    team: RecordingTeam, held: pl.DataFrame, timed: pl.DataFrame, again: pl.DataFrame, last: date
) -> list[tuple[str, str, str, str, int]]:
    mine = held.filter(pl.col("process").is_in(team.processes))
    rows = [(team.id, "open", p, "", n) for p, n in _counted(_open(mine, last), "process")]
    # Before its first record nothing is known of a team: that is not nought.
    known = [d for d in (add_months(last, -3 * k) for k in range(QUARTERS)) if _since(mine, d)]
    for day in known:
        rows.append(
            (team.id, "past", day.isoformat(), "", _open(mine, day)["person_id"].n_unique())
        )
    year = last - timedelta(days=365)
    kept = timed.filter(
        pl.col("process").is_in(team.clocks)
        & (pl.col("to_on").is_null() | (pl.col("to_on") > year)) & (pl.col("from_on") <= last)
    ).with_columns(state=_state())  # fmt: skip
    rows += [
        (team.id, "clock", p, s, n)
        for p, s, n in kept.group_by("process", "state").agg(pl.col("person_id").n_unique())
        .sort("process", "state").iter_rows()
    ]  # fmt: skip
    ended = mine.filter(pl.col("valid_to").is_between(year, last))
    rows += [(team.id, "next", *r) for r in _followed(ended, held).iter_rows()]
    if team.comes_back:
        recent = again.filter(pl.col("on_date").is_between(year, last))
        rows += [(team.id, "again", "", s, n) for s, n in _counted(recent, "re_referral")]
    return rows


def _since(rows: pl.DataFrame, day: date) -> bool:
    return rows.filter(pl.col("valid_from") <= day).height > 0


def _open(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    return collect(status_on(nw.from_native(rows.lazy()), day))


def _counted(rows: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    made = rows.group_by(column).agg(pl.col("person_id").n_unique()).sort(column)
    return [(str(k), int(n)) for k, n in made.iter_rows()]


def _state() -> pl.Expr:
    """The word for a clock: what is done late is not overdue, and five working days stand apart from the rest."""
    left = pl.col("time_limit") - pl.col("taken")
    done = pl.col("to_on").is_not_null()
    return (
        pl.when(pl.col("result") == "met").then(pl.lit(CLOCK_STATES[0]))
        .when((pl.col("result") == "missed") & done).then(pl.lit(CLOCK_STATES[1]))
        .when((pl.col("result") == "not_yet_due") & (left <= DUE_SOON_DAYS)).then(pl.lit(CLOCK_STATES[2]))
        .when(pl.col("result") == "not_yet_due").then(pl.lit(CLOCK_STATES[3]))
        .when(pl.col("result") == "missed").then(pl.lit(CLOCK_STATES[4]))
        .otherwise(pl.lit(CLOCK_STATES[5]))
    )  # fmt: skip


def _followed(ended: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """process that ended, service that began next within 90 days ("" = none recorded), children."""
    services = service_processes(held["process"].unique().to_list())
    after = held.filter(pl.col("process").is_in(services)).select(
        "person_id", next="process", begun="valid_from"
    )
    pairs = ended.select("person_id", "process", "valid_to").join(after, on="person_id", how="left")
    began = pl.col("begun").is_between(
        pl.col("valid_to"), pl.col("valid_to") + pl.duration(days=NEXT_DAYS)
    )
    other = pl.col("next") != pl.col("process")
    first = (
        pairs.with_columns(next=pl.when(began & other).then(pl.col("next")), begun=pl.when(began & other).then(pl.col("begun")))
        .sort("begun", "next", nulls_last=True)
        .group_by("person_id", "process").agg(pl.col("next").first().fill_null(""))
    )  # fmt: skip
    return first.group_by("process", "next").agg(pl.len().cast(pl.Int64)).sort("process", "next")


def read_team(workspace: Workspace, team: str) -> pl.DataFrame:
    """The counts of one team from the newest run, and of no other; empty where nothing was counted."""
    entry = manifest.latest(workspace.manifest).get(STEP)
    if entry is None:
        return pl.DataFrame(schema=_SCHEMA)
    folder = workspace.steps("payload") / STEP / entry.key[:16]
    path = next(folder.rglob(f"{TABLE}.parquet"), None)
    rows = pl.DataFrame(schema=_SCHEMA) if path is None else pl.read_parquet(path)
    return rows.filter(pl.col("team") == team)
