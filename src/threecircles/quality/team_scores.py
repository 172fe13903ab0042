"""How good the records of each team are: without it a team could not see its own share of the work shrink."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from threecircles.quality.report import Report
from threecircles.quality.scores import SCORES, Count, children_of, scored
from threecircles.quality.worklist import UNKNOWN_TEAM, Held, plain_id

TEAM_SCORES = {"team": pl.String} | {
    name: SCORES[name]
    for name in ("return", "year", "dimension", "k", "n", "share", "low", "high", "state")
}
"""Columns of the scores by team: k children of n of the team have no finding of the dimension."""


def team_scores(
    report: Report, findings: pl.DataFrame, holders: Mapping[str, Held]
) -> pl.DataFrame:
    """One line per team and dimension of quality: children without a finding, of those that the rules tested.

    findings: the stored table, waivers applied; what is waived does not count. holders: child -> team; children
    without one are a row of their own, never spread. A dimension of which no rule ran is not tested. Workers are
    not scored here: their figures go to them and their managers alone. Columns: TEAM_SCORES.
    """
    open_ones = findings.filter(pl.col("waived_by").is_null())
    team_of = {plain_id(child): held.team for child, held in holders.items()}
    rows = []
    for dimension in sorted({rule.dimension for rule in report.rules}):
        ran = [
            o.rule
            for o in report.outcomes.values()
            if o.state == "ran" and o.rule.dimension == dimension
        ]
        codes = [rule.code for rule in ran]
        told = open_ones.filter(pl.col("rule").cast(pl.String).is_in(codes))
        broken = {plain_id(c) for c in told["child"].drop_nulls().cast(pl.String).unique()}
        tables = {reported.table for rule in ran for reported in rule.reports}
        tested = {plain_id(c) for table in tables for c in children_of(report, table)}
        for team in _in_order({*team_of.values(), *(team_of.get(c, UNKNOWN_TEAM) for c in tested)}):
            own = {c for c in tested if team_of.get(c, UNKNOWN_TEAM) == team}
            k = len(own - broken) if ran else None
            count = Count("", "", team, dimension, k, len(own))
            rows.append({"team": team, "return": report.return_name, "year": report.year} | scored(count))  # fmt: skip
    lines = [{name: row[name] for name in TEAM_SCORES} for row in rows]
    return pl.DataFrame(lines, schema=TEAM_SCORES)


def _in_order(teams: set[str]) -> list[str]:
    return sorted(teams, key=lambda team: (team == UNKNOWN_TEAM, team))
