"""Mapping expressions as columns of a frame: the one place where the little language meets an engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from threecircles.record.mapping.codes import UNMAPPED, lookup
from threecircles.record.mapping.expression import (
    Blank,
    Both,
    Code,
    Column,
    Compare,
    Condition,
    Constant,
    DaysAfter,
    Either,
    Ends,
    Expression,
    FirstOf,
    Not,
    Org,
    When,
    WindowEnd,
    Within,
)
from threecircles.record.schema import Kind


@dataclass(frozen=True)
class Setting:
    """What an expression is read in: the frame's columns, their declared types, and the period told."""

    held: Collection[str]
    types: Mapping[str, str]
    first: date
    last: date


def value(  # noqa: PLR0911 - one branch a verb
    part: Expression, wanted: Kind, setting: Setting, unit: str = ""
) -> pl.Expr:
    """The expression as a column of the wanted kind; a column the file lacks is null.

    unit: unit of the field; money in pounds becomes whole pence where the field holds pence.
    """
    if isinstance(part, Column):
        return _column(part.name, wanted, setting, unit)
    if isinstance(part, Constant):
        return pl.lit(part.value).cast(_POLARS[wanted])
    if isinstance(part, Code):
        table = lookup(part.codes, setting.first, setting.last)
        raw = text(part.column, setting)
        found = raw.replace_strict(table, default=pl.lit(UNMAPPED), return_dtype=pl.String)
        return pl.when(raw.is_not_null()).then(found)
    if isinstance(part, FirstOf):
        return pl.coalesce(
            value(part.first, wanted, setting, unit), value(part.second, wanted, setting, unit)
        )
    if isinstance(part, When):
        chosen = pl.when(condition(part.condition, setting)).then(
            value(part.then, wanted, setting, unit)
        )
        return chosen.otherwise(
            None if part.otherwise is None else value(part.otherwise, wanted, setting, unit)
        )
    if isinstance(part, DaysAfter):
        return day(part.column, setting) + timedelta(days=part.days)
    if isinstance(part, WindowEnd):
        return pl.lit(setting.last)
    assert isinstance(part, Org)
    return pl.lit(f"{part.scheme}:") + text(part.column, setting)


def origin(part: Expression, setting: Setting) -> pl.Expr:
    """Name of the source's date column that an expression takes its day from; null for the period's end."""
    if isinstance(part, Column):
        return pl.when(day(part.name, setting).is_not_null()).then(pl.lit(part.name))
    if isinstance(part, DaysAfter) and part.days == 0:
        return pl.lit(part.column)
    if isinstance(part, FirstOf):
        return pl.coalesce(origin(part.first, setting), origin(part.second, setting))
    if isinstance(part, When):
        chosen = pl.when(condition(part.condition, setting)).then(origin(part.then, setting))
        return chosen.otherwise(None if part.otherwise is None else origin(part.otherwise, setting))
    return pl.lit(None, dtype=pl.String)


def condition(part: Condition, setting: Setting) -> pl.Expr:  # noqa: PLR0911 - one branch a verb
    """The condition as a column: true, false, or null where it cannot be told."""
    if isinstance(part, Blank):
        return text(part.column, setting).is_null()
    if isinstance(part, Not):
        return ~condition(part.of, setting)
    if isinstance(part, Both):
        return condition(part.one, setting) & condition(part.two, setting)
    if isinstance(part, Either):
        return condition(part.one, setting) | condition(part.two, setting)
    if isinstance(part, Within):
        return text(part.column, setting).is_in(list(part.values))
    if isinstance(part, Ends):
        return text(part.column, setting).str.ends_with(part.value)
    assert isinstance(part, Compare)
    return _compare(part, setting)


def text(name: str, setting: Setting) -> pl.Expr:
    """A column as it was received, blanks as null."""
    if name not in setting.held:
        return pl.lit(None, dtype=pl.String)
    cell = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(cell != "").then(cell)


def day(name: str, setting: Setting) -> pl.Expr:
    """A column's date, as `sources` typed it."""
    typed = f"{name}__date"
    return pl.col(typed) if typed in setting.held else pl.lit(None, dtype=pl.Date)


_POLARS: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "date": pl.Date(),
    "int": pl.Int64(),
    "float": pl.Float64(),
}


def _column(name: str, wanted: Kind, setting: Setting, unit: str) -> pl.Expr:
    if wanted == "date":
        return day(name, setting)
    if wanted == "text":
        return text(name, setting)
    number = _number(name, setting)
    if wanted == "float":
        return number
    if unit == "pence" and setting.types.get(name) == "money":
        number = number * 100
    # Away from zero at the half: Polars' own rounding goes to the even number.
    away = pl.when(number < 0).then(-0.5).otherwise(0.5)
    return (number + away).cast(pl.Int64, strict=False)


def _number(name: str, setting: Setting) -> pl.Expr:
    typed = f"{name}__int"
    if typed in setting.held:
        return pl.col(typed).cast(pl.Float64)
    return text(name, setting).str.replace_all(",", "").cast(pl.Float64, strict=False)


def _compare(part: Compare, setting: Setting) -> pl.Expr:
    kind = setting.types.get(part.column, "text")
    if kind in ("date", "datetime"):
        left: pl.Expr = day(part.column, setting)
        right: pl.Expr = pl.lit(date.fromisoformat(part.value))
    elif kind in ("int", "decimal", "money"):
        left, right = _number(part.column, setting), pl.lit(float(part.value))
    else:
        left, right = text(part.column, setting), pl.lit(part.value)
    compared = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return compared[part.sign]
