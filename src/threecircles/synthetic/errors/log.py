"""The register of every mistake made: without it a planted error could not be told from a fault of ours."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

Tables = dict[str, pl.DataFrame]
ROW = "*row*"
"""Column name of an entry that added a whole row."""
SCHEMA = {
    "error_id": pl.String, "source": pl.String, "file": pl.String, "table": pl.String, "row": pl.Int64,
    "row_key": pl.String, "column": pl.String, "kind": pl.String, "true_value": pl.String,
    "written_value": pl.String, "rule_ids_expected": pl.String, "person_id": pl.String,
}  # fmt: skip


@dataclass
class Log:
    """Changes made to tables, in the order made. `file` is the delivery."""

    entries: list[pl.DataFrame] = field(default_factory=list)

    def note(
        self,
        source: str,
        file: str,
        table: str,
        rows: np.ndarray,
        keys: pl.Series,
        column: str,
        kind: str,
        true: pl.Series,
        written: pl.Series,
        persons: np.ndarray,
        rules: str | np.ndarray = "",
    ) -> None:
        """Write down one kind of change to one column. rules: ids separated by spaces."""
        n = len(rows)
        if n == 0:
            return
        self.entries.append(pl.DataFrame({
            "source": [source] * n, "file": [file] * n, "table": [table] * n, "row": np.asarray(rows, dtype="int64"),
            "row_key": keys.cast(pl.String), "column": [column] * n, "kind": [kind] * n,
            "true_value": true.cast(pl.String), "written_value": written.cast(pl.String),
            "rule_ids_expected": [rules] * n if isinstance(rules, str) else rules, "person_id": persons,
        }))  # fmt: skip

    def frame(self) -> pl.DataFrame:
        """All entries with their numbers."""
        if not self.entries:
            return pl.DataFrame(schema=SCHEMA)
        made = pl.concat(self.entries, how="vertical_relaxed").with_row_index("at")
        number = pl.format("E{}", pl.col("at").cast(pl.String).str.zfill(7))
        return made.with_columns(error_id=number).select(list(SCHEMA))


def edit(frame: pl.DataFrame, column: str, rows: np.ndarray, values: pl.Series) -> pl.DataFrame:
    """The frame with other values in some rows of a column."""
    if len(rows) == 0:
        return frame
    series = frame[column].clone()
    return frame.with_columns(
        series.scatter(rows.tolist(), values.cast(series.dtype)).alias(column)
    )


def restore(tables: Tables, errors: pl.DataFrame) -> Tables:
    """Tables as they were before the errors: changes are taken back from the last to the first.

    tables: the tables of one delivery as written, every column as text. errors: its entries.
    """
    made = dict(tables)
    for name in tables:
        frame = made[name]
        own = errors.filter(pl.col("table") == name).reverse()
        cells = own.filter(pl.col("column") != ROW)
        for column in cells["column"].unique(maintain_order=True):
            # The first change of a cell holds its true value; walking back it comes last and wins.
            back = cells.filter(pl.col("column") == column).unique(
                "row", keep="last", maintain_order=True
            )
            frame = edit(frame, column, back["row"].to_numpy(), back["true_value"])
        added = own.filter(pl.col("column") == ROW)["row"].to_list()
        keep = ~pl.Series(range(frame.height)).is_in(added)
        made[name] = frame.filter(keep)
    return made
