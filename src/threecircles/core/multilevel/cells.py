"""Children with equal covariates in one area, counted: the one pass that a nation's data base must do itself."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw


def collapse(
    children: nw.LazyFrame, *, outcome: str, keys: Sequence[str], trials: str | None = None
) -> nw.LazyFrame:
    """Cells of a child table, on DuckDB, Polars or Spark: keys, y (events) and n (children).

    outcome: 0/1, or events when `trials` names a column. keys: every term and group of the fit.
    The likelihood of a binomial fit to the cells is that of the children but for its constant.
    """
    size = nw.col(trials) if trials else nw.lit(1)
    return (
        children.with_columns(_y=nw.col(outcome).cast(nw.Int64), _n=size.cast(nw.Int64))
        .group_by(*keys)
        .agg(y=nw.col("_y").sum(), n=nw.col("_n").sum())
    )
