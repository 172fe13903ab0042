"""A rule's sentence with the values found: without it a worklist would say a code and no more."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from threecircles.quality.layout import layout, row_column
from threecircles.quality.rule import PLACEHOLDER, Rule

BLANK = "(blank)"


def message(
    rule: Rule, broken: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> tuple[list[pl.Series], pl.Expr]:
    """The rule's message for each combination, its {values} filled from the rows found.

    Returns the values, as columns of a frame, and what makes the message of that frame.
    """
    values: list[pl.Series] = []
    pieces: list[pl.Expr] = []
    position = 0
    for match in PLACEHOLDER.finditer(rule.message):
        found, said = _values(rule, match[1], broken, tables, f"v{len(values)}")
        before, after = rule.message[position : match.start()], rule.message[match.end() :]
        in_brackets = before.endswith("(") and after.startswith(")")
        pieces += [pl.lit(before), said.fill_null(BLANK.strip("()") if in_brackets else BLANK)]
        values.append(found)
        position = match.end()
    if not values:
        return values, pl.lit(rule.message)
    return values, pl.concat_str([*pieces, pl.lit(rule.message[position:])])


def at_rows(frame: pl.DataFrame, column: str, rows: pl.Series) -> pl.Series:
    """A column's text at each row; blank where the row is blank or beyond the table.

    Two published rules report the rows of one table under another, which may be shorter.
    """
    last = rows.max()
    if isinstance(last, int) and last >= frame.height:
        rows = rows.set(rows >= frame.height, None)
    # Not by [rows], which fails where every row is blank.
    found = frame[column].gather(rows)
    return found if found.dtype == pl.String else found.cast(pl.String)


def _values(
    rule: Rule, name: str, broken: pl.DataFrame, tables: Mapping[str, pl.DataFrame], alias: str
) -> tuple[pl.Series, pl.Expr]:
    """Values of a placeholder and how they are said: of the query, or of the first reported table that has it.

    `{Section47.DateOfInitialCPC}` names the table; `{later.CPPstartDate}` names the role.
    """
    if name in broken.columns:
        return broken[name].cast(pl.String).alias(alias), pl.col(alias)
    owner, _, column = name.rpartition(".")
    for reported in rule.reports:
        frame = tables.get(reported.table)
        fits = not owner or owner in (reported.table, reported.role)
        row = row_column(reported.table, reported.role)
        if fits and frame is not None and column in frame.columns and row in broken.columns:
            form = layout(rule.return_).table(reported.table).date_form
            return at_rows(frame, column, broken[row]).alias(alias), _as_said(alias, form)
    return pl.Series(alias, [None] * broken.height, dtype=pl.String), pl.col(alias)


def _as_said(name: str, date_form: str) -> pl.Expr:
    """Dates the way people write them, day first; every other text as it is."""
    if date_form != "yyyy-mm-dd":
        return pl.col(name)
    return pl.col(name).str.replace(r"^(\d{4})-(\d{2})-(\d{2})(T.*)?$", "$3/$2/$1")
