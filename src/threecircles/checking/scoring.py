"""Scores of the files of a check, whole or by group: without it only the returns with rules could be split."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from threecircles.checking.files import RETURNS, Checked
from threecircles.checking.measuring import Frames, Measures, measure, tables_by_source
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.quality.fields import fields_of, source_tallies
from threecircles.quality.fit_words import percent
from threecircles.quality.group_scores import group_scores, of_one, report_scores
from threecircles.quality.groups import UNKNOWN, Grouping, by_column, by_team, by_worker, kinds_of
from threecircles.quality.scores import SCORES
from threecircles.quality.window import window_to
from threecircles.quality.worklist import Held

KINDS = ("team", "provider", "school")
"""What scores may be listed by; workers are never listed beside each other."""


def scores_of(checked: Checked) -> pl.DataFrame:
    """Scores of every field and table of the files, each dimension apart. Columns: SCORES."""
    return _measured(checked).scores.select(*SCORES)


def kinds_of_fields(checked: Checked) -> pl.DataFrame:
    """How many rows of each field are present, refused, not obtained ... Columns: quality.field_kinds.TABLE."""
    return _measured(checked).kinds


def _measured(checked: Checked) -> Measures:
    return measure(checked.reports, tables_by_source(checked), _year(checked))


def scores_by(
    checked: Checked, kind: str, holders: Mapping[str, Held] | None = None
) -> pl.DataFrame:
    """Scores of each team, provider or school, in order of name; those of none are a row of their own.

    Raises UsageError for another kind, for teams without a file that tells them, and where no file tells the kind.
    """
    check_kind(kind, "", holders)
    return _by(checked, kind, holders)


def check_kind(kind: str, worker: str, holders: Mapping[str, Held] | None) -> None:
    """Raise UsageError for what scores are not split by, before files are read; both empty: by field."""
    if kind and worker:
        raise UsageError("Scores are either of one worker or listed by a group, not both.")
    if kind and kind not in KINDS:
        mend = did_you_mean(kind, KINDS) if kind != "worker" else "Name one worker: --worker ID."
        raise UsageError(f"Scores are not listed by {kind}.", allowed=", ".join(KINDS), mend=mend)
    if kind == "team" and holders is None:
        raise UsageError(
            "Nothing says which team holds which child.",
            mend="Give a file with the columns child and team: --teams FILE.",
        )


def scores_of_worker(
    checked: Checked, worker: str, holders: Mapping[str, Held] | None = None
) -> pl.DataFrame:
    """Scores of the records of one worker, for them and their manager. Raises UsageError when nobody has the name."""
    return of_one(_by(checked, "worker", holders), "worker", worker)


def _by(checked: Checked, kind: str, holders: Mapping[str, Held] | None) -> pl.DataFrame:
    reports = {r.return_name: r for r in checked.reports}
    parts = []
    for name, tables in tables_by_source(checked).items():
        grouping = _grouping(kind, name, tables, holders)
        report = reports.get(RETURNS.get(name, ""))
        if grouping is None:
            continue
        if report is not None and RETURNS[name] in ("cin", "903"):
            parts.append(report_scores(report, grouping))
        elif fields_of(name) and kind in ("provider", "school"):
            parts.append(_of_source(name, tables, _year(checked), grouping))
    if not any(part.height for part in parts):
        raise UsageError(
            f"No file given tells the {kind} of a record.",
            mend="Give --teams FILE, with columns child, team and worker."
            if kind in ("team", "worker")
            else "Give the return that names it along with the others.",
        )
    return pl.concat(parts).sort(pl.col(kind) == UNKNOWN[kind], kind, "return", "dimension")


def _grouping(
    kind: str, name: str, tables: Frames, holders: Mapping[str, Held] | None
) -> Grouping | None:
    if kind == "team":
        return by_team(holders or {})
    if kind == "worker":
        found = by_worker(holders, name, tables)
        return found if found.of_child else None
    return by_column(kind, name, tables) if kind in kinds_of(name) else None


def _of_source(name: str, tables: Frames, year: int, grouping: Grouping) -> pl.DataFrame:
    return group_scores(
        name, year, source_tallies(name, tables, year, window_to(date(year, 3, 31))), grouping
    )


def _year(checked: Checked) -> int:
    told = [r.year for r in checked.reports] or [checked.reading.year or date.today().year]
    return max(told)


def scored_text(row: Mapping[str, object]) -> str:
    """One line of scores in words: k of n, share and interval, or why there is none."""
    if row["state"] != "scored":
        return str(row["state"]) + (f" ({row['k']} of {row['n']})" if row["n"] else "")
    share, low, high = (percent(float(str(row[name]))) for name in ("share", "low", "high"))
    return f"{row['k']:,} of {row['n']:,}, {share} ({low} to {high})"
