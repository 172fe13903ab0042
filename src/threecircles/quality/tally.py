"""Good and all, row by row, before they are added up: without it each way of splitting scores would count anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

ROW = {"row": pl.Int64, "good": pl.Boolean}
"""Columns of a tally: place in its table, and whether the row is good."""


@dataclass(frozen=True)
class Tally:
    """One figure of one field or table, row by row. rows: as ROW; None where nothing could be tested.

    kinds: of completeness, how many of all rows of the table are of each kind (see `field_kinds`).
    """

    table: str
    column: str
    label: str
    dimension: str
    rows: pl.DataFrame | None
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def k(self) -> int | None:
        """How many are good; None where nothing could be tested."""
        return None if self.rows is None else int(self.rows["good"].sum())

    @property
    def n(self) -> int:
        """How many there are."""
        return 0 if self.rows is None else self.rows.height


@dataclass(frozen=True)
class ChildTally:
    """Children without a finding of one dimension, of those that the rules that ran tested.

    rows: for each table the rows tested, as ROW with the column child; None where no rule of the dimension ran.
    A child is good where all its rows are.
    """

    dimension: str
    rows: Mapping[str, pl.DataFrame] | None

    @property
    def children(self) -> pl.DataFrame:
        """Columns child, good; one line a child."""
        parts = [rows.select("child", "good") for rows in (self.rows or {}).values()]
        empty = pl.DataFrame(schema={"child": pl.String, "good": pl.Boolean})
        return pl.concat([empty, *parts]).group_by("child").agg(pl.col("good").all())
