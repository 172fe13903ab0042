"""What cannot be fitted is refused by column and row: without it a fault in the data would end as a strange coefficient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.multilevel.design import Floats

DEPENDENT = 1e-7
"""A column that keeps less than this of its length beside the terms before it is made of them."""


def check_names(table: pl.DataFrame, names: Sequence[str]) -> None:
    """Raise UsageError for a column that is not there, or one that is asked for as two things."""
    if table.is_empty():
        raise UsageError("The table has no rows.")
    for name in names:
        if name not in table.columns:
            raise UsageError(
                f"There is no column {name}.",
                allowed=", ".join(table.columns),
                mend=did_you_mean(name, table.columns),
            )


def check_terms(outcome: str, trials: str | None, terms: Sequence[str]) -> None:
    """Raise UsageError when a term stands twice or the outcome explains itself."""
    twice = sorted({t for t in terms if terms.count(t) > 1})
    if twice:
        raise UsageError(f"{', '.join(twice)} is named as a term twice.", mend="Name it once.")
    if outcome in terms:
        raise UsageError(f"{outcome} is the outcome, so it cannot be a term.")
    if trials is not None and trials in terms:
        raise UsageError(f"{trials} is the number of trials, so it cannot be a term.")


def as_number(table: pl.DataFrame, name: str) -> pl.Series:
    """The column as finite numbers. Raises UsageError naming rows that are missing or no number."""
    column = table[name]
    made = column.cast(pl.Float64, strict=False)
    refuse(column.is_null() | _is_nan(column), f"{name} is missing")
    wrong = made.is_null()
    if wrong.any():
        examples = column.filter(wrong).cast(pl.Utf8).unique(maintain_order=True).to_list()
        found = ", ".join(map(str, examples[:5]))
        refuse(wrong, f"{name} is not a number", found=found, allowed="numbers such as 12 or 0.5")
    refuse(made.is_infinite(), f"{name} is not finite")
    return made


def as_text(table: pl.DataFrame, name: str) -> pl.Series:
    """The column as labels; whole numbers lose their decimals, so 1.0 and 1 are one label."""
    column = table[name]
    refuse(column.is_null() | _is_nan(column), f"{name} is missing")
    if column.dtype.is_float() and bool((column == column.round(0)).all()):
        column = column.cast(pl.Int64)
    return column.cast(pl.Utf8)


def _is_nan(column: pl.Series) -> pl.Series:
    return (
        column.is_nan()
        if column.dtype.is_float()
        else pl.repeat(False, len(column), dtype=pl.Boolean, eager=True)
    )


def refuse(faulty: pl.Series, words: str, found: str = "", allowed: str = "") -> None:
    """Raise UsageError with the numbers of the rows that are faulty; the first below the headings is 1."""
    rows = faulty.fill_null(True).arg_true().to_list()
    if not rows:
        return
    shown = ", ".join(f"{r + 1:,}" for r in rows[:10]) + (" ..." if len(rows) > 10 else "")
    raise UsageError(
        f"{words} in {len(rows):,} {'row' if len(rows) == 1 else 'rows'}.",
        where=f"{'row' if len(rows) == 1 else 'rows'} {shown}",
        found=found,
        allowed=allowed,
        mend="Correct or complete these rows, or leave them out of the file; none is dropped silently.",
    )


def check_nested(nested: pl.DataFrame, area: str, authority: str) -> None:
    """Raise UsageError when an area lies in two authorities. nested: columns g.0, g.1, a row a pair."""
    twice = _twice(nested, "g.0")
    if twice:
        turned = not _twice(nested, "g.1")
        raise UsageError(
            f"Values of {area} lie in two or more of {authority}.",
            found=", ".join(map(str, twice[:10])) + (" ..." if len(twice) > 10 else ""),
            allowed="groups from small to large, each small one inside one large one",
            mend=f"Name {authority} before {area}."
            if turned
            else f"If numbers of {area} begin anew in each {authority}, put both into one column; "
            "if one was moved, choose one.",
        )


def _twice(nested: pl.DataFrame, group: str) -> list[str]:
    return nested.group_by(group).len().filter(pl.col("len") > 1).sort(group)[group].to_list()


def check_columns(names: Sequence[str], gram: Floats, spreads: Floats) -> None:
    """Raise UsageError for a column without spread, or one made of those before it.

    gram: X'X of the centred and scaled columns, the intercept first. spreads: range of each column.
    """
    for name, spread in zip(names[1:], spreads[1:], strict=True):
        if spread == 0:
            raise UsageError(
                f"{name} is the same in every row, so it explains nothing.", mend="Leave it out."
            )
    size = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    correlation = gram / np.outer(size, size)
    for i in range(1, len(names)):
        before = correlation[:i, :i]
        left = correlation[i, i] - correlation[i, :i] @ np.linalg.solve(before, correlation[:i, i])
        if left < DEPENDENT**1.5:
            raise UsageError(
                f"{names[i]} can be made from the terms before it.",
                mend="Leave it out, or one of them.",
            )
