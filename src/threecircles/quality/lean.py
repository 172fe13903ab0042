"""Texts that recur are held as numbers: without it the findings of a large return would not fit in four gigabytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import polars as pl

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def one_of(texts: Iterable[str | None]) -> pl.Enum:
    """The type of a column that holds one of these texts: a byte or two a row where a text takes sixteen."""
    return pl.Enum(list(dict.fromkeys(text for text in texts if text is not None)))


def plain(frame: Frame) -> Frame:
    """The frame as it is written and handed on: every text as text, every whole number in 64 bits.

    A lazy frame stays lazy, so that a writer turns numbers back into texts piece by piece.
    """
    return frame.select(
        pl.col(name).cast(_plain_kind(kind)) for name, kind in frame.collect_schema().items()
    )


def _plain_kind(kind: pl.DataType) -> pl.DataType:
    if isinstance(kind, pl.Enum | pl.Null):
        return pl.String()
    if isinstance(kind, pl.List):
        return pl.List(_plain_kind(kind.inner))  # type: ignore[arg-type]
    return pl.Int64() if kind == pl.Int16 else kind
