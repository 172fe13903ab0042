"""Progress by week, team and rule: without it nobody could say when the list shrank, and where it did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from threecircles.quality.chain import MEASURES, NOT_KNOWN, RAN, STOCKS, Chain, with_teams
from threecircles.quality.straight_line import Forecast, to_deadline

WEEK = pl.format(
    "{}-W{}", pl.col("day").dt.iso_year(), pl.col("day").dt.week().cast(pl.String).str.zfill(2)
)
"""The ISO week of a day, for example 2026-W19: the first days of January may be of the year before's last."""


@dataclass(frozen=True)
class NotRun:
    """A rule that ran at some checks and not at others: the days it did not, and why, as the last of them says."""

    rule: str
    short: str
    days: tuple[date, ...]
    reason: str


@dataclass(frozen=True)
class Way:
    """What is told of a chain.

    weeks: week, monday, checks, and MEASURES; open, waived and not_re_tested as at the last check of the week.
    teams, rules: over all checks; `first` is what was open at the first, open what is at the last.
    team_weeks, rule_weeks: the same by week, for the tables beside the page. open_by_day: as the forecast takes
    it, of rules that ran at every check; left_out: rules with findings that did not.
    """

    chain: Chain
    weeks: pl.DataFrame
    teams: pl.DataFrame
    rules: pl.DataFrame
    team_weeks: pl.DataFrame
    rule_weeks: pl.DataFrame
    not_run: tuple[NotRun, ...]
    open_by_day: tuple[tuple[date, int], ...]
    left_out: tuple[str, ...]
    forecast: Forecast | None = None


def way_of(chain: Chain, deadline: date | None = None) -> Way:
    """The chain as tables, and the forecast where a deadline is given."""
    calendar = _calendar(chain.days)
    of_team = with_teams(chain)
    shorts = chain.rules.unique("rule", keep="last", maintain_order=True).select("rule", "short")
    rules = _over_all(chain.events, "rule", chain.days).join(shorts, on="rule", how="left").sort("rule")  # fmt: skip
    points, left_out = _steady(chain)
    return Way(
        chain=chain,
        weeks=_by_week(chain.events, calendar, ()),
        teams=_teams_in_order(_over_all(of_team, "team", chain.days)),
        rules=rules.select("rule", "short", "first", *MEASURES),
        team_weeks=_teams_in_order(_by_week(of_team, calendar, ("team",))),
        rule_weeks=_by_week(chain.events, calendar, ("rule",)),
        not_run=_not_run(chain, shorts),
        open_by_day=points,
        left_out=left_out,
        forecast=to_deadline(points, deadline) if deadline else None,
    )


def at_each_check(
    events: pl.DataFrame, days: Sequence[date], measure: str = "open"
) -> tuple[tuple[date, int], ...]:
    """How many findings are open, or have another measure, at each of the days."""
    stood = events.filter(pl.col("measure") == measure).group_by("day").agg(pl.col("n").sum())
    found = dict(stood.iter_rows())
    return tuple((day, int(found.get(day, 0))) for day in days)


def _calendar(days: Sequence[date]) -> pl.DataFrame:
    """The weeks that had a check: week, monday, checks, last (the day of its last check)."""
    told = pl.DataFrame({"day": list(days)}, schema={"day": pl.Date}).with_columns(
        WEEK.alias("week"), pl.col("day").dt.truncate("1w").alias("monday")
    )
    counted = pl.len().cast(pl.Int64).alias("checks")
    return told.group_by("week", "monday").agg(counted, pl.col("day").max().alias("last")).sort("monday")  # fmt: skip


def _sums() -> list[pl.Expr]:
    return [pl.col("n").filter(pl.col("measure") == name).sum().alias(name) for name in MEASURES]


def _by_week(events: pl.DataFrame, calendar: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """One line a week, or a key and week, noughts too: what stands as at its last check, what happened in all of it."""
    last = calendar.select("week", "last")
    dated = events.with_columns(WEEK.alias("week")).join(last, on="week", how="left")
    kept = dated.filter(~pl.col("measure").is_in(STOCKS) | (pl.col("day") == pl.col("last")))
    wide = kept.group_by(*keys, "week").agg(_sums())
    grid = events.select(keys).unique().join(calendar, how="cross") if keys else calendar
    whole = grid.join(wide, on=[*keys, "week"], how="left").with_columns(
        pl.col(name).fill_null(0) for name in MEASURES
    )
    return whole.select(*keys, "week", "monday", "checks", *MEASURES).sort(*keys, "monday")


def _over_all(events: pl.DataFrame, key: str, days: Sequence[date]) -> pl.DataFrame:
    """One line a key: open at the first check, what stands at the last, what happened in between."""
    stood = ~pl.col("measure").is_in(STOCKS) | (pl.col("day") == days[-1])
    first = pl.col("n").filter((pl.col("measure") == "open") & (pl.col("day") == days[0])).sum()
    start = events.group_by(key).agg(first.alias("first"))
    wide = events.filter(stood).group_by(key).agg(_sums())
    return start.join(wide, on=key, how="left").with_columns(
        pl.col(name).fill_null(0) for name in MEASURES
    )


def _teams_in_order(table: pl.DataFrame) -> pl.DataFrame:
    """By name, the team that is not known last; never by how much is open."""
    return table.sort(pl.col("team") == NOT_KNOWN, "team", maintain_order=True)


def _not_run(chain: Chain, shorts: pl.DataFrame) -> tuple[NotRun, ...]:
    """Rules that ran at one check at least and not at all of them, in order of code."""
    names = dict(shorts.iter_rows())
    told = []
    for (rule,), lines in chain.rules.partition_by("rule", as_dict=True).items():
        ran = set(lines.filter(pl.col("state") == RAN)["day"])
        missed = tuple(day for day in chain.days if day not in ran)
        if ran and missed:
            reasons = dict(lines.select("day", "reason").iter_rows())
            why = reasons.get(missed[-1]) or "not among the rules of that check"
            told.append(NotRun(str(rule), names[rule], missed, why))
    return tuple(sorted(told, key=lambda one: one.rule))


def _steady(chain: Chain) -> tuple[tuple[tuple[date, int], ...], tuple[str, ...]]:
    """Findings open by day of the rules that ran at every check, and the rules with findings that did not.

    A rule that comes and goes would bend the line without anybody having mended or broken anything.
    """
    ran = chain.rules.filter(pl.col("state") == RAN).group_by("rule").agg(pl.col("day").n_unique())
    steady = ran.filter(pl.col("day") == len(chain.days))["rule"].to_list()
    kept = chain.events.filter(pl.col("rule").is_in(steady))
    others = chain.events.filter(~pl.col("rule").is_in(steady))["rule"].unique().sort().to_list()
    return at_each_check(kept, chain.days), tuple(others)
