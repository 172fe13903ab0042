"""Which rows of which tables are hidden, all tables judged together; makes no table safe by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from threecircles.core.rounding import round_to
from threecircles.core.tables import Measured, TableSpec
from threecircles.definitions import read_csv
from threecircles.disclosure.attacker import ranges
from threecircles.disclosure.cast import Cast, cast, children_of, hidden_rows
from threecircles.disclosure.linear import TINY, Floats
from threecircles.disclosure.profiles import NEVER_HIDDEN, Profile
from threecircles.disclosure.sums import Bools, Sums
from threecircles.disclosure.suppress import Pattern, Wish, suppress
from threecircles.disclosure.told_before import Before

COUNTS = ("numerator", "denominator", "n", "n_with")
SHOWN_TOO = ("measure", "reason", "symbol")

NOT_EXACT = 1.0
"""The width that hides a count which is not small: two values are possible."""

NOTHING = Before()
"""No release went before."""


@dataclass(frozen=True)
class Judged:
    """A table with its hidden values taken out. suppressed: counts of rows by kind."""

    spec: TableSpec
    frame: pl.DataFrame
    profile: Profile | None
    suppressed: dict[str, int]


def judge(
    tables: Sequence[Measured],
    profile_of: Callable[[TableSpec], Profile],
    before: Before = NOTHING,
) -> tuple[list[Judged], dict[str, str]]:
    """Hide what has to be hidden in tables that are released together.

    before: what earlier releases show, which readers know, and what they hid, which stays hidden. A
    table that cannot be made safe beside the others is left out, so that one does not stop all:
    returns the judged tables, and for each left out its id and the reason in words.
    """
    left_out: dict[str, str] = {}
    covered = [t for t in tables if is_covered(t)]
    while True:
        made = cast(covered, profile_of)
        sums, value, wish, unshown = before.reckoned(made, made.problem())
        pattern = _pattern(made, sums, value, wish, unshown)
        if not pattern.unsafe.size:
            break
        gone = _tables_of(made, pattern, covered)
        left_out |= {t.spec.id: _reason(made, pattern) for t in gone}
        covered = [t for t in covered if t.spec.id not in left_out]
    pattern = replace(pattern, hidden=made.closed(pattern.hidden))
    by_id = {
        t.spec.id: _hide(t, profile_of(t.spec), made, i, pattern) for i, t in enumerate(covered)
    }
    kept = [t for t in tables if t.spec.id not in left_out]
    return [by_id.get(t.spec.id) or _untouched(t) for t in kept], left_out


def _pattern(made: Cast, sums: Sums, value: Floats, wish: Wish, unshown: Bools) -> Pattern:
    """What to hide for the small counts, and then for those that are hidden as their bases.

    The latter are added to a pattern that holds: hiding more never narrows what is hidden already.
    """
    pattern = suppress(sums, value, wish, unshown)
    while not pattern.unsafe.size:
        bare = _bare(made, sums, value, pattern.hidden)
        if not bare.any():
            break
        more = replace(wish, primary=bare, width=np.full(value.size, NOT_EXACT))
        pattern = suppress(sums, value, more, unshown | pattern.hidden)
    return pattern


def _bare(made: Cast, sums: Sums, value: Floats, hidden: Bools) -> Bools:
    """Cells whose rows are hidden only since they are the base of hidden ones, and that follow from what is
    shown: nobody is told of by them, but what is called hidden has to be."""
    closed = made.closed(hidden)
    bare = np.zeros(value.size, bool)
    for deciding in made.deciding:
        for row in set(hidden_rows(deciding, closed)) - set(hidden_rows(deciding, hidden)):
            bare[list(deciding[row])] = True
    # What an earlier release shows cannot be protected any more.
    bare &= closed & ~hidden & (value > 0) & (sums.upper - sums.lower > TINY)
    if bare.any():
        enough = np.full(value.size, NOT_EXACT)
        found = ranges(sums.showing(value, closed), bare, truth=value, enough=enough)
        bare &= ~(found.sure_high - found.sure_low >= NOT_EXACT)
    return bare


def _tables_of(made: Cast, pattern: Pattern, covered: Sequence[Measured]) -> list[Measured]:
    """The tables that hold a cell which cannot be protected, or else all of the same children."""
    unsafe = set(pattern.unsafe.tolist())
    holding = [
        t
        for t, rows in zip(covered, made.deciding, strict=True)
        if any(c in unsafe for row in rows for c in row)
    ]
    keys = list(made.register.number)
    children = {keys[c][0] for c in unsafe}
    return holding or [t for t in covered if children_of(t.spec) in children]


def is_covered(table: Measured) -> bool:
    """True for tables that count people and are not published by somebody else already."""
    spec, frame = table.spec, table.frame
    not_people = {r["population"] for r in read_csv("disclosure_profiles/not_people")}
    if spec.kind in NEVER_HIDDEN or (spec.kind == "quality" and spec.population in not_people):
        return False
    return spec.count in frame.columns and frame[spec.count].null_count() < frame.height


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
    frame = _order_told(frame, table, dimensions)
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


def _order_told(frame: pl.DataFrame, table: Measured, dimensions: list[str]) -> pl.DataFrame:
    """Hidden rows of a table that stands in order of its figures go to the end, in order of their names:
    their places would tell which of them is larger."""
    counts = table.frame[table.spec.count].drop_nulls()
    if not dimensions or counts.n_unique() < 2:
        return frame
    if not (counts.is_sorted() or counts.is_sorted(descending=True)):
        return frame
    gone = pl.col("symbol") == "[c]"
    return pl.concat([frame.filter(~gone), frame.filter(gone).sort(dimensions)])


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


def _reason(made: Cast, pattern: Pattern) -> str:
    keys = list(made.register.number)
    named = [
        f"{keys[c][1]} of {', '.join(f'{a} {b}' for a, b in sorted(keys[c][2])) or 'all'}"
        for c in pattern.unsafe[:3]
    ]
    return (
        f"{pattern.unsafe.size} figures could be worked out from what must stay shown or is out already ({'; '.join(named)}). "
        "Show fewer areas or coarser ages, leave out a total, or round instead of hiding."
    )
