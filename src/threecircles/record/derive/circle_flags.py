"""Who was in any of the named services in a window: the service circle of the three."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import narwhals as nw

from threecircles.record.derive.stock import any_point


def circle_flags(
    episodes: nw.LazyFrame, processes: Sequence[str], first: date, last: date
) -> nw.LazyFrame:
    """One row per person with any episode of the processes touching the window.

    episodes: person_id, process, valid_from, valid_to?. Columns: person_id, in_service (true),
    first_day (not before the window), last_day (not after it), n_services (distinct processes).
    """
    inside = any_point(episodes.filter(nw.col("process").is_in(list(processes))), first, last)
    starts = nw.when(nw.col("valid_from") < nw.lit(first)).then(nw.lit(first))
    open_ = nw.col("valid_to").is_null() | (nw.col("valid_to") > nw.lit(last))
    return (
        inside.with_columns(
            _from=starts.otherwise(nw.col("valid_from")),
            _to=nw.when(open_).then(nw.lit(last)).otherwise(nw.col("valid_to")),
        )
        .group_by("person_id")
        .agg(
            nw.col("_from").min().alias("first_day"),
            nw.col("_to").max().alias("last_day"),
            nw.col("process").n_unique().cast(nw.Int64).alias("n_services"),
        )
        .with_columns(in_service=nw.lit(True))
    )
