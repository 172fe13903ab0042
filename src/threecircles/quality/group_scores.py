"""How good the records of each team, provider or school are: without it none could see its own share of the work.

A worker's figures go to that worker and their manager alone: they are given for one worker who is named, and
there is no way here to list workers beside each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.quality.groups import Grouping, by_team
from threecircles.quality.report import Report
from threecircles.quality.scores import SCORES, Count, child_tally, scored, tallies
from threecircles.quality.tally import ChildTally, Tally
from threecircles.quality.worklist import Held

OF_GROUP = {
    name: SCORES[name]
    for name in ("return", "year", "dimension", "k", "n", "share", "low", "high", "state")
}
"""Columns of the scores of groups, after the column named as the kind of group."""


def team_scores(
    report: Report, findings: pl.DataFrame, holders: Mapping[str, Held]
) -> pl.DataFrame:
    """Scores of each team. findings: the stored table; what is waived does not count. holders: child -> team."""
    return report_scores(report, by_team(holders), findings)


def report_scores(
    report: Report, grouping: Grouping, findings: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One line per group and dimension of a return's scores: group_scores of its tallies."""
    dimensions = sorted({r.dimension for r in report.rules} - {"completeness", "validity", "uniqueness"})  # fmt: skip
    of_children = [child_tally(report, dimension, findings) for dimension in dimensions]
    children = {
        name: frame[child].cast(pl.String)
        for name, frame in report.tables.items()
        if (child := report.child_column(name)) and child in frame.columns
    }
    return group_scores(
        report.return_name, report.year, tallies(report, findings), grouping, of_children, children
    )


def group_scores(
    name: str,
    year: int,
    rows: Sequence[Tally],
    grouping: Grouping,
    of_children: Sequence[ChildTally] = (),
    children: Mapping[str, pl.Series] | None = None,
) -> pl.DataFrame:
    """One line per group and dimension, in order of group, with k of n and its interval.

    completeness, validity and uniqueness add up rows; the others count children without a finding. Rows and
    children of no group are a row of their own, never spread. A dimension that nothing tested is not tested.
    children: table -> the child of each row, for groups of children. Columns: the kind of group, then OF_GROUP.
    """
    told = [
        (tally.dimension, part)
        for tally in rows
        if tally.rows is not None
        and (part := _labelled(tally.table, tally.rows, grouping, children)) is not None
    ]
    told += [
        (tally.dimension, part) for tally in of_children if (part := _of_children(tally, grouping)) is not None
    ]  # fmt: skip
    schema = {"dimension": pl.String, "group": pl.String, "good": pl.Boolean}
    parts = [part.select(pl.lit(d).alias("dimension"), "group", "good") for d, part in told]
    whole = pl.concat([pl.DataFrame(schema=schema), *parts])
    sums = {
        (d, g): (k, n)
        for d, g, k, n in whole.group_by("dimension", "group")
        .agg(pl.col("good").sum().cast(pl.Int64), pl.len().cast(pl.Int64))
        .iter_rows()
    }
    groups = {*(grouping.of_child or {}).values(), *(g for _, g in sums)}
    dimensions = dict.fromkeys([*(t.dimension for t in rows), *(t.dimension for t in of_children)])
    lines = [
        {grouping.kind: group, "return": name, "year": year}
        | scored(Count("", "", "", dimension, *sums.get((dimension, group), (None, 0))))
        for dimension in sorted(dimensions)
        for group in sorted(groups, key=lambda g: (g == grouping.unknown, g))
    ]
    columns = {grouping.kind: pl.String} | OF_GROUP
    return pl.DataFrame([{c: line[c] for c in columns} for line in lines], schema=columns)


def of_one(table: pl.DataFrame, kind: str, name: str) -> pl.DataFrame:
    """The lines of one group. Raises UsageError when there is none of the name; no list of workers is shown."""
    found = table.filter(pl.col(kind) == name)
    if found.is_empty():
        near = did_you_mean(name, table[kind].unique().to_list())
        raise UsageError(f"No {kind} of this name holds a record here.", found=name, mend=near)
    return found


def _labelled(
    table: str,
    rows: pl.DataFrame,
    grouping: Grouping,
    children: Mapping[str, pl.Series] | None,
) -> pl.DataFrame | None:
    whose = (children or {}).get(table)
    group = grouping.label(table, rows, None if whose is None else whose.gather(rows["row"]))
    return None if group is None else rows.with_columns(group)


def _of_children(tally: ChildTally, grouping: Grouping) -> pl.DataFrame | None:
    """Columns group, good, one line a group and child; a child in two groups counts in each for its own rows."""
    parts = []
    for table, rows in (tally.rows or {}).items():
        group = grouping.label(table, rows, rows["child"])
        if group is not None:
            parts.append(rows.with_columns(group).select("group", "child", "good"))
    if not parts:
        return None
    return pl.concat(parts).group_by("group", "child").agg(pl.col("good").all())
