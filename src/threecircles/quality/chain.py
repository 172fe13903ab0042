"""All stored checks of one return in a row: without it progress would be a step, and never a way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality.history import history_of
from threecircles.quality.runs import FOLDER, Run, check_comparable, open_run
from threecircles.quality.worklist import UNKNOWN_TEAM
from threecircles.quality.worklist_filters import Wanted, of_holder

STOCKS = ("open", "waived", "not_re_tested")
"""How many there are at a check: found and not waived, found and waived, not looked at again and so as last known."""

FLOWS = {"new": "new", "mended": "mended", "record gone": "record_gone"}
"""What became of findings since the check before; at the first check nothing is."""

MEASURES = ("open", "waived", "new", "mended", "record_gone", "not_re_tested")
EVENTS = {
    "day": pl.Date,
    "rule": pl.String,
    "child": pl.String,
    "measure": pl.String,
    "n": pl.Int64,
}
NOT_KNOWN = "team not known"
RAN = "ran"


@dataclass(frozen=True)
class Chain:
    """Checks of one return and year, the oldest first.

    events: n findings of a rule and child with a measure at a check (columns EVENTS). holders: child, team,
    worker, as the last check that knows them says, so that a child counts in one team all the way.
    rules: day, rule, short, state, reason of every rule at every check.
    """

    return_name: str
    year: int
    days: tuple[date, ...]
    events: pl.DataFrame
    holders: pl.DataFrame
    rules: pl.DataFrame


def open_in_order(folders: Sequence[Path]) -> Iterator[Run]:
    """The stored checks in these folders, in order of their days whatever the order of the folders; one at a time.

    Raises UsageError when a check is named twice, two are of one day, or one cannot be read or compared.
    """
    check_apart(folders)
    days = [(_day_of(folder), folder) for folder in folders]
    for (day, one), (then, two) in zip(ordered := sorted(days), ordered[1:], strict=False):
        if day == then:
            raise UsageError(
                "Two of these checks are of one day: which came first cannot be told.",
                where=f"{one} and {two}", found=f"{day:%d/%m/%Y}", mend="Name one check of each day, the later one.",
            )  # fmt: skip
    for _, folder in ordered:
        run = open_run(folder)
        check_comparable(run.folder.parent)
        yield run


def check_apart(folders: Sequence[Path]) -> None:
    """Raise UsageError unless two or more checks are named, each once."""
    places = [_inner(folder).resolve() for folder in folders]
    if len(places) < 2:
        raise UsageError("Progress needs two or more checks.", mend="Name the folders of two or more checks of one return.")  # fmt: skip
    for place, folder in zip(places, folders, strict=True):
        if places.count(place) > 1:
            raise UsageError("This check is named twice.", where=str(folder), mend="Name each check once.")  # fmt: skip


def chain_of(runs: Iterable[Run]) -> Chain:
    """What became of every finding from check to check. runs: in order of day, no two of one day.

    A finding of a rule that did not run at a check is carried as it was last known, until the rule runs again:
    then it is still open, mended, or gone with its record, at that check. Hence for each rule open + waived + not
    re-tested is what it was at the check before, and new, less mended, less record gone.
    Raises UsageError when the checks are of different returns or years.
    """
    days: list[date] = []
    kinds: list[tuple[str, int]] = []
    events, holders, rules = [pl.DataFrame(schema=EVENTS)], [], []
    carried: pl.DataFrame | None = None
    for run in runs:
        days.append(run.day)
        kinds += run.rules.select("return", "year").unique().rows()
        if len(set(kinds)) != 1:
            said = sorted({f"{name} {year}" for name, year in kinds})
            raise UsageError("These checks are of different returns or years.", found=", ".join(said), mend="Name checks of one return and year.")  # fmt: skip
        ran = run.rules.filter(pl.col("state") == RAN)["rule"].to_list()
        parts = {
            "open": run.findings.filter(pl.col("waived_by").is_null()),
            "waived": run.findings.filter(pl.col("waived_by").is_not_null()),
        }
        if carried is not None:
            told = history_of(carried, run.findings, run.rules, run.records)
            parts |= {name: told.filter(pl.col("state") == state) for state, name in FLOWS.items()}
            kept = carried.filter(~pl.col("rule").is_in(ran))
            parts["not_re_tested"] = kept
            carried = pl.concat([run.findings, kept])
        else:
            carried = run.findings
        events += [_counted(part, run.day, name) for name, part in parts.items()]
        holders.append(run.worklist.select("child", "team", "worker"))
        rules.append(run.rules.select(pl.lit(run.day).alias("day"), "rule", "short", "state", "reason"))  # fmt: skip
    return Chain(
        return_name=kinds[0][0],
        year=kinds[0][1],
        days=tuple(days),
        events=pl.concat(events),
        holders=_last_known(holders),
        rules=pl.concat(rules),
    )


def part_of(chain: Chain, wanted: Wanted) -> Chain:
    """The chain of one team's or worker's children. Raises UsageError for one that these checks do not know."""
    if not (wanted.team or wanted.worker):
        return chain
    return replace(chain, events=of_holder(chain.events, [chain.holders], wanted))


def with_teams(chain: Chain) -> pl.DataFrame:
    """The events with column team; what has no child, or a child of no team, has the team that is not known."""
    teams = chain.holders.select("child", "team")
    team = pl.col("team").fill_null(NOT_KNOWN).replace({UNKNOWN_TEAM: NOT_KNOWN, "": NOT_KNOWN})
    return chain.events.join(teams, on="child", how="left").with_columns(team)


def _counted(part: pl.DataFrame, day: date, measure: str) -> pl.DataFrame:
    return part.group_by("rule", "child").agg(pl.len().cast(pl.Int64).alias("n")).select(
        pl.lit(day).alias("day"), "rule", "child", pl.lit(measure).alias("measure"), "n"
    )  # fmt: skip


def _last_known(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Who holds each child at the last check that says so; one line a child."""
    whole = pl.concat(part.with_columns(_at=pl.lit(at)) for at, part in enumerate(parts))
    known = pl.col("team").is_in([UNKNOWN_TEAM, ""]).not_()
    return (
        whole.drop_nulls("child")
        .with_columns(_known=known)
        .sort("_known", "_at", "team", "worker")
        .unique("child", keep="last", maintain_order=True)
        .select("child", "team", "worker")
        .sort("child")
    )


def _inner(folder: Path) -> Path:
    return folder if folder.name == FOLDER else folder / FOLDER


def _day_of(folder: Path) -> date:
    """The day of a stored check without opening its tables; open_run says what is wrong where it cannot be read."""
    try:
        told = json.loads((_inner(folder) / "run.json").read_text(encoding="utf-8"))
        return date.fromisoformat(told["day"])
    except (OSError, ValueError, KeyError, TypeError):
        return open_run(folder).day
