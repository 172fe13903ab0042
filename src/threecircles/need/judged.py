"""Who has high need by a definition, and of whom blanks leave it in doubt: an interval must know both."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.need.blanks import settled
from threecircles.need.high_need import Cut, HighNeed, classify


def judged(table: pl.DataFrame, need: HighNeed, cuts: Mapping[str, Cut]) -> pl.DataFrame:
    """The pupils asked with their need, scores of incomplete scales drawn; sorted by response_id.

    table: as `respondents`, with service. Adds what `classify` adds, and doubt: True where a second,
    independent draw of the blanks gives another need. Two draws differ as often as twice the variance of one,
    so the doubtful are what an interval needs of them (Rubin, Multiple Imputation, 1987, ch. 3: the
    variance between draws).
    """
    scales = [c.scale for c in need.criteria]
    first, second = (
        collect(
            classify(nw.from_native(settled(table, scales, seed=k).lazy()), need, dict(cuts))
        ).sort("response_id")
        for k in (1, 2)
    )
    return first.with_columns(doubt=first["need"] != second["need"])
