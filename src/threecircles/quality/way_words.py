"""Progress in words, tables and JSON: without it the screen and the page would tell it each in its own way."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from threecircles.quality.rulebook import year_label
from threecircles.quality.summary import RETURN_LABELS
from threecircles.quality.way import Way, at_each_check
from threecircles.quality.worklist_filters import Wanted

SCHEMA_VERSION = 1
NOTICE = "Counts of findings, for use inside the authority: they are not made safe to publish."
OF_WORKER = "These are one worker's figures: for that worker and their manager only."
HEADINGS = {
    "first": "Open at first",
    "open": "Open",
    "waived": "Waived",
    "new": "New",
    "mended": "Mended",
    "record_gone": "Record gone",
    "not_re_tested": "Not re-tested",
}
MOST_RULES = 20
"""Rules on the screen; the page and the tables hold all."""


def title_of(way: Way, wanted: Wanted) -> str:
    """What the progress is of."""
    chain = way.chain
    of = [f"{what} {word}" for what, word in (("team", wanted.team), ("worker", wanted.worker)) if word]  # fmt: skip
    name = RETURN_LABELS.get(chain.return_name, chain.return_name)
    return ", ".join([f"Progress of {name}, {year_label(chain.year)}", *of])


def lead_of(way: Way) -> str:
    """The first sentence: how many checks, and what became of the findings."""
    days = way.chain.days
    last = way.weeks.row(-1, named=True)
    flows = [int(way.weeks[name].sum()) for name in ("new", "mended", "record_gone")]
    start = at_each_check(way.chain.events, days[:1])[0][1]
    untested = f", {last['not_re_tested']:,} not re-tested" if last["not_re_tested"] else ""
    return (
        f"{len(days)} checks from {days[0]:%d/%m/%Y} to {days[-1]:%d/%m/%Y}. Findings open: {start:,} at the first, "
        f"{last['open']:,} at the last{untested}. In between: {flows[0]:,} new, {flows[1]:,} mended, {flows[2]:,} gone "
        "with their record."
    )


def notes_of(way: Way) -> list[str]:
    """How the figures are to be read."""
    said = [
        f"The count begins with the check of {way.chain.days[0]:%d/%m/%Y}, where nothing is new or mended yet. "
        "What is open, waived or not re-tested is as at the last check of the week; weeks without a check have no line.",
        "Each child counts in the team it was last known to be in.",
    ]
    if way.not_run:
        rules = "1 rule" if len(way.not_run) == 1 else f"{len(way.not_run):,} rules"
        said.append(
            f"{rules} did not run at every check. What such a rule had found is not re-tested there and never called "
            "mended; where a rule runs for the first time, what it finds counts as new."
        )
    if way.forecast and way.left_out:
        rules = "1 rule" if len(way.left_out) == 1 else f"{len(way.left_out):,} rules"
        said.append(
            f"The straight line goes through the findings of the rules that ran at every check; {rules} with findings did not."
        )
    return said


def screen_of(way: Way, wanted: Wanted) -> str:
    """The first screen."""
    lines = [title_of(way, wanted), lead_of(way)]
    if wanted.worker:
        lines.append(OF_WORKER)
    weeks = way.weeks.with_columns(
        pl.format("{} ({})", "week", pl.col("monday").dt.strftime("%d/%m/%Y"))
    )
    lines += ["", *_block("Week (its Monday)", weeks, "week")]
    if way.teams.height:
        lines += ["", *_block("Team, all checks", way.teams, "team")]
    if way.rules.height:
        lines += ["", *_block("Rule, all checks", way.rules.head(MOST_RULES), "rule")]
    if way.rules.height > MOST_RULES:
        lines.append(f"and {way.rules.height - MOST_RULES:,} rules more: --out DIR writes all")
    lines += ["", *notes_of(way)]
    for one in way.not_run[:MOST_RULES]:
        days = ", ".join(f"{day:%d/%m/%Y}" for day in one.days)
        lines.append(f"  {one.rule} did not run on {days}: {one.reason}")
    if len(way.not_run) > MOST_RULES:
        lines.append(f"  and {len(way.not_run) - MOST_RULES:,} more")
    if way.forecast:
        lines += ["", way.forecast.sentence]
    return "\n".join(lines)


def json_of(way: Way, wanted: Wanted) -> str:
    """The same for machines; rules_not_run are those that ran at some checks only."""
    told: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOTICE,
        "return": way.chain.return_name,
        "year": way.chain.year,
        "team": wanted.team or None,
        "worker": wanted.worker or None,
        "checks": list(way.chain.days),
        "weeks": way.weeks.to_dicts(),
        "teams": way.teams.to_dicts(),
        "rules": way.rules.to_dicts(),
        "team_weeks": way.team_weeks.to_dicts(),
        "rule_weeks": way.rule_weeks.to_dicts(),
        "rules_not_run": [vars(one) for one in way.not_run],
        "forecast": _forecast(way),
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=date.isoformat)


def tables_of(way: Way) -> dict[str, pl.DataFrame]:
    """File name -> table, as they lie beside the page."""
    return {
        "progress_by_week": way.weeks,
        "progress_by_team": way.team_weeks,
        "progress_by_rule": way.rule_weeks,
    }


def _forecast(way: Way) -> dict[str, Any] | None:
    if way.forecast is None:
        return None
    points = [{"day": day, "open": n} for day, n in way.open_by_day]
    return vars(way.forecast) | {"open_by_day": points, "rules_left_out": list(way.left_out)}


def shown_of(table: pl.DataFrame) -> list[str]:
    """Columns of figures; that of waived findings only where there are any."""
    return [name for name in HEADINGS if name in table.columns and (name != "waived" or table[name].sum())]  # fmt: skip


def _block(head: str, table: pl.DataFrame, key: str) -> list[str]:
    """A table as text, every column as wide as its heading."""
    shown = shown_of(table)
    wide = max(len(head), *(len(word) for word in table[key].to_list()))
    lines = ["  ".join([head.ljust(wide), *(HEADINGS[name].rjust(8) for name in shown)])]
    for row in table.iter_rows(named=True):
        figures = (f"{row[name]:,}".rjust(max(8, len(HEADINGS[name]))) for name in shown)
        lines.append("  ".join([row[key].ljust(wide), *figures]))
    return lines
