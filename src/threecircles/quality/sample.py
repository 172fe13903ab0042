"""A random look at the records themselves: without it nobody would know whether what is stored is true."""

from __future__ import annotations

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.intervals import wilson
from threecircles.quality.report import Report
from threecircles.quality.scores import TOO_FEW
from threecircles.quality.worklist import UNKNOWN_TEAM, Held, plain_id, plain_ids

FORM = {
    "team": pl.String,
    "child": pl.String,
    "table": pl.String,
    "row": pl.Int64,
    "field": pl.String,
    "column": pl.String,
    "value": pl.String,
    "right": pl.String,
}
"""Columns of the form; `right` is left blank for yes or no."""

YES, NO = ("yes", "y", "1"), ("no", "n", "0")


def draw(
    report: Report,
    table: str,
    n: int = 50,
    seed: int = 1,
    holders: dict[str, Held] | None = None,
    by_team: bool = False,
) -> pl.DataFrame:
    """A form of n random records of a table, each field a line to be compared with the case file.

    by_team: n records of each team, so that small teams are heard too. Columns: FORM.
    Raises UsageError when the return has no such table.
    """
    frame = report.tables.get(table)
    if frame is None:
        raise UsageError(
            f"There is no table {table} in the return.",
            allowed=", ".join(sorted(report.tables)),
        )
    child = report.child_column(table)
    teams = {plain_id(c): held.team for c, held in (holders or {}).items()}
    rows = frame.with_row_index("row").select(
        pl.col("row").cast(pl.Int64),
        child=pl.col(child) if child in frame.columns else pl.lit(None, dtype=pl.String),
        team=plain_ids(child).replace_strict(teams, default=UNKNOWN_TEAM, return_dtype=pl.String)
        if child in frame.columns
        else pl.lit(UNKNOWN_TEAM),
    )
    chosen = (
        pl.concat([_some(part, n, seed) for part in rows.partition_by("team")])
        if by_team and rows.height
        else _some(rows, n, seed)
    )
    from threecircles.quality.layout import layout

    labels = {c: told.label for c, told in layout(report.return_name).table(table).columns.items()}
    columns = [c for c in labels if c in frame.columns and c != child]
    values = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    long = chosen.join(values.select("row", *columns), on="row", how="left").unpivot(
        on=columns, index=["row", "child", "team"], variable_name="column", value_name="value"
    )
    return (
        long.with_columns(
            table=pl.lit(table),
            field=pl.col("column").replace_strict(labels, return_dtype=pl.String),
            right=pl.lit(None, dtype=pl.String),
        )
        .sort("team", "row")
        .select(pl.col(name).cast(kind) for name, kind in FORM.items())
    )


def entered(form: pl.DataFrame) -> pl.DataFrame:
    """Share of fields that are right, from a form filled in. Columns: field, k, n, share, low, high, state.

    A line left blank was not looked at and counts in neither. Raises UsageError for another word.
    """
    word = pl.col("right").cast(pl.String).str.strip_chars().str.to_lowercase()
    filled = form.filter(word.is_not_null() & (word != "")).with_columns(_word=word)
    strange = filled.filter(~pl.col("_word").is_in([*YES, *NO]))
    if strange.height:
        raise UsageError(
            "A word in the column `right` is not known.", found=str(strange["right"][0]),
            allowed="yes, no, or blank where nobody looked",
        )  # fmt: skip
    counted = filled.group_by("field", maintain_order=True).agg(
        pl.col("_word").is_in(list(YES)).sum().cast(pl.Int64).alias("k"),
        pl.len().cast(pl.Int64).alias("n"),
    )
    rows = []
    for field, k, n in counted.iter_rows():
        interval = wilson(k, n)
        state = "scored" if n >= TOO_FEW else "too few to score"
        rows.append((field, k, n, k / n, interval.low, interval.high, state))
    return pl.DataFrame(
        rows, schema=["field", "k", "n", "share", "low", "high", "state"], orient="row"
    )


def _some(rows: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
    return rows.sample(min(n, rows.height), seed=seed, shuffle=True)
