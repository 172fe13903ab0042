"""Small files a person gives with a return: without them a finding would belong to no team."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality.worklist import Held
from threecircles.sources.published_files import read_text_frame

CHILD = ("child", "childid", "lachildid", "child id")
TEAM, WORKER = ("team",), ("worker", "social worker")


def load_holders(path: Path) -> dict[str, Held]:
    """Child id -> who holds the record, from a file with columns child, team and, if known, worker.

    Raises UsageError when the columns child and team are not there.
    """
    frame = read_text_frame(path)
    child, team, worker = (_column(frame, words) for words in (CHILD, TEAM, WORKER))
    if child is None or team is None:
        raise UsageError(
            "The file of teams lacks a column.", where=path.name,
            found=", ".join(frame.columns[:8]), allowed="child, team, worker",
        )  # fmt: skip
    columns = [
        pl.col(child).cast(pl.String).str.strip_chars(),
        pl.col(team).cast(pl.String).fill_null(""),
        (pl.col(worker).cast(pl.String) if worker else pl.lit("")).fill_null("").alias("_worker"),
    ]
    return {c: Held(t, w) for c, t, w in frame.select(columns).drop_nulls(child).iter_rows() if t}


def _column(frame: pl.DataFrame, words: tuple[str, ...]) -> str | None:
    plain = {c.strip().casefold().replace("_", " "): c for c in frame.columns}
    return next((plain[w] for w in words if w in plain), None)
