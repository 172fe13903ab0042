"""Which rows of which tables are hidden, all tables judged together; makes no table safe by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.errors import NotPermitted
from threecircles.core.rounding import round_to
from threecircles.core.tables import Measured, TableSpec
from threecircles.definitions import read_csv
from threecircles.disclosure.cast import Cast, cast, hidden_rows
from threecircles.disclosure.profiles import NEVER_HIDDEN, Profile
from threecircles.disclosure.suppress import Pattern, suppress

COUNTS = ("numerator", "denominator", "n", "n_with")
SHOWN_TOO = ("measure", "reason", "symbol")


@dataclass(frozen=True)
class Judged:
    """A table with its hidden values taken out. suppressed: counts of rows by kind."""

    spec: TableSpec
    frame: pl.DataFrame
    profile: Profile | None
    suppressed: dict[str, int]


def judge(tables: Sequence[Measured], profile_of: Callable[[TableSpec], Profile]) -> list[Judged]:
    """Hide what has to be hidden in tables that are released together.

    Raises NotPermitted when some cell cannot be protected, naming table and ways out.
    """
    covered = [t for t in tables if is_covered(t)]
    made = cast(covered, profile_of)
    sums, value, wish, unshown = made.problem()
    pattern = suppress(sums, value, wish, unshown)
    if pattern.unsafe.size:
        raise _refusal(made, pattern)
    by_id = {
        t.spec.id: _hide(t, profile_of(t.spec), made, i, pattern) for i, t in enumerate(covered)
    }
    return [by_id.get(t.spec.id) or _untouched(t) for t in tables]


def is_covered(table: Measured) -> bool:
    """True for tables that count children and are not published by somebody else already."""
    counts = (
        table.spec.count in table.frame.columns
        and table.frame[table.spec.count].null_count() < table.frame.height
    )
    return table.spec.kind not in NEVER_HIDDEN and counts


def _hide(table: Measured, profile: Profile, made: Cast, number: int, pattern: Pattern) -> Judged:
    deciding = made.deciding[number]
    hidden = hidden_rows(deciding, pattern.hidden)
    primary = np.array(made.register.primary)
    first = sum(1 for i in hidden if any(primary[c] for c in deciding[i]))
    frame = with_symbols(table.frame)
    dimensions = [d.column for d in table.spec.dimensions]
    figures = [c for c in frame.columns if c not in (*dimensions, *SHOWN_TOO)]
    is_hidden = pl.Series(np.isin(np.arange(frame.height), hidden))
    frame = frame.with_columns(
        [pl.when(is_hidden).then(None).otherwise(pl.col(c)).alias(c) for c in figures]
        + [pl.when(is_hidden).then(pl.lit("[c]")).otherwise(pl.col("symbol")).alias("symbol")]
    )
    frame, low = _low_base(frame, table.spec, profile)
    frame = _rounded(frame, table.spec, profile)
    told = {
        "cells": frame.height,
        "hidden": len(hidden),
        "primary": first,
        "secondary": len(hidden) - first,
        "low_base": low,
    }
    return Judged(table.spec, frame, profile, told)


def with_symbols(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `symbol`: why a value is missing, as far as its reason tells."""
    symbols = {r["reason"]: r["symbol"] for r in read_csv("disclosure_profiles/symbols")}
    reason = (
        pl.col("reason").replace_strict(symbols, default="[x]")
        if "reason" in frame.columns
        else pl.lit("[x]")
    )
    empty = pl.col("value").is_null() if "value" in frame.columns else pl.lit(False)
    if "reason" in frame.columns:
        empty &= pl.col("reason").is_not_null()
    return frame.with_columns(symbol=pl.when(empty).then(reason).otherwise(pl.lit("")))


def _low_base(frame: pl.DataFrame, spec: TableSpec, profile: Profile) -> tuple[pl.DataFrame, int]:
    """Percentages, rates and means on too few children give way to [low]; the counts stay."""
    if spec.kind not in ("share", "mean") or "n" not in frame.columns:
        return frame, 0
    low = (
        (pl.col("n") < profile.percent_base) & pl.col("n").is_not_null() & (pl.col("symbol") == "")
    )
    count = int(frame.select(low.sum()).item())
    hidden = [c for c in ("value", "low", "high") if c in frame.columns]
    return frame.with_columns(
        [pl.when(low).then(None).otherwise(pl.col(c)).alias(c) for c in hidden]
        + [pl.when(low).then(pl.lit("[low]")).otherwise(pl.col("symbol")).alias("symbol")]
    ), count


def _rounded(frame: pl.DataFrame, spec: TableSpec, profile: Profile) -> pl.DataFrame:
    """Counts to the profile's base, where it rounds every level; shares follow the rounded counts."""
    base = profile.round_base
    if base is None or "all" not in profile.round_levels:
        return frame
    counts = [
        c for c in (*COUNTS, *(("value",) if spec.kind == "count" else ())) if c in frame.columns
    ]
    rounded = frame.with_columns(
        pl.col(c)
        .map_elements(lambda x: round_to(x, base), return_dtype=pl.Float64)
        .cast(frame.schema[c])
        for c in counts
    )
    if spec.kind in ("share", "rate") and {"numerator", "denominator"} <= set(frame.columns):
        before, after = (
            frame["numerator"] / frame["denominator"],
            rounded["numerator"] / rounded["denominator"],
        )
        scaled = (
            pl.when(before > 0).then(pl.col("value") * after / before).otherwise(pl.col("value"))
        )
        rounded = rounded.with_columns(
            value=scaled, low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64)
        )
    return rounded


def _untouched(table: Measured) -> Judged:
    told = {"cells": table.frame.height, "hidden": 0, "primary": 0, "secondary": 0, "low_base": 0}
    return Judged(table.spec, with_symbols(table.frame), None, told)


def _refusal(made: Cast, pattern: Pattern) -> NotPermitted:
    keys = list(made.register.number)
    named = [
        f"{keys[c][1]} of {', '.join(f'{a} {b}' for a, b in sorted(keys[c][2])) or 'all'}"
        for c in pattern.unsafe[:5]
    ]
    return NotPermitted(
        "These tables cannot be made safe together.",
        found=f"{pattern.unsafe.size} figures could be worked out from what must stay shown: {'; '.join(named)}",
        mend="Show fewer areas or coarser ages, leave out a total, or round instead of hiding.",
    )
