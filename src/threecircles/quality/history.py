"""What became of each finding between two runs: without it nobody could prove that the list shrinks."""

from __future__ import annotations

from datetime import date

import polars as pl

from threecircles.quality.report import Report
from threecircles.quality.stored import findings_table, natural_key, rules_table
from threecircles.quality.straight_line import line_through

STATES = ("new", "still open", "changed", "mended", "record gone", "not re-tested")
"""What a finding can be in the second of two runs."""

_KEPT = ("finding_id", "rule", "table", "child", "column", "value", "message", "record")


def history(before: pl.DataFrame, after: Report) -> pl.DataFrame:
    """One line per finding of either run, with its state: history_of, after being a check just made."""
    return history_of(before, findings_table(after), rules_table(after), records(after))


def history_of(
    before: pl.DataFrame, now: pl.DataFrame, rules: pl.DataFrame, there: pl.DataFrame
) -> pl.DataFrame:
    """One line per finding of either run, with its state.

    before, now: the stored findings of the earlier and the later run of the same return and year.
    rules: the later run's stored table of rules. there: the later run's records (table, record). A finding
    is known by rule, child, the record's natural key and the column, never by its row. A rule that was
    skipped or failed in the later run leaves its findings `not re-tested`: they are never called mended.
    Where the record is no longer there it is `record gone`.
    Columns: finding_id, state, rule, table, child, column, value_before, value_after, message,
    reason (why it was not re-tested).
    """
    kind = rules.select("return", "year").unique()
    old = before.join(kind, on=["return", "year"], how="semi").select(_KEPT)
    joined = old.join(now.select(_KEPT), on="finding_id", how="full", suffix="_now", coalesce=True)
    told = joined.with_columns(
        pl.coalesce(name, f"{name}_now").alias(f"_{name}")
        for name in ("rule", "table", "child", "column")
    ).join(
        there.select(pl.col("table").alias("_table"), "record", pl.lit(True).alias("_there")),
        on=["_table", "record"],
        how="left",
    )
    ran = rules.filter(pl.col("state") == "ran")["rule"].to_list()
    reasons = dict(rules.filter(pl.col("state") != "ran").select("rule", "reason").iter_rows())
    return told.select(
        "finding_id",
        _state(ran).alias("state"),
        pl.col("_rule").alias("rule"),
        pl.col("_table").alias("table"),
        pl.col("_child").alias("child"),
        pl.col("_column").alias("column"),
        pl.col("value").alias("value_before"),
        pl.col("value_now").alias("value_after"),
        pl.coalesce("message_now", "message").alias("message"),
        pl.col("_rule")
        .replace_strict(reasons, default=None, return_dtype=pl.String)
        .alias("reason"),
    ).sort("state", "rule", "finding_id")


def history_between(before: pl.DataFrame, after: Report) -> dict[str, int]:
    """How many findings are in each state between a stored run and a check just made."""
    return counts(history(before, after))


def counts(told: pl.DataFrame) -> dict[str, int]:
    """How many findings are in each state, every state named."""
    found = dict(told.group_by("state").len().iter_rows())
    return {state: int(found.get(state, 0)) for state in STATES}


def forecast(open_by_day: list[tuple[date, int]], deadline: date) -> float | None:
    """Findings open at the deadline if the list goes on shrinking as it did: a straight line.

    open_by_day: (day of a run, findings open), at least two days. Never below nought; None when the
    days do not tell. Source: ordinary least squares.
    """
    line = line_through(open_by_day)
    return None if line is None else float(line.at(deadline))


def _state(ran: list[str]) -> pl.Expr:
    again = pl.col("rule_now").is_not_null()
    return (
        pl.when(pl.col("rule").is_null())
        .then(pl.lit("new"))
        .when(~pl.col("_rule").is_in(ran))
        .then(pl.lit("not re-tested"))
        .when(again & pl.col("value").ne_missing(pl.col("value_now")))
        .then(pl.lit("changed"))
        .when(again)
        .then(pl.lit("still open"))
        .when(pl.col("_table").is_not_null() & pl.col("_there").is_null())
        .then(pl.lit("record gone"))
        .otherwise(pl.lit("mended"))
    )


def records(report: Report) -> pl.DataFrame:
    """Every record that was checked by table and natural key. Columns: table, record."""
    parts = [
        pl.DataFrame({"record": natural_key(report.return_name, name, frame).unique()}).select(
            pl.lit(name).alias("table"), "record"
        )
        for name, frame in report.tables.items()
    ]
    return pl.concat([pl.DataFrame(schema={"table": pl.String, "record": pl.String}), *parts])
