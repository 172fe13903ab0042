"""Symbols of published tables: without this a `c` would turn into nought and lose its reason."""

from __future__ import annotations

import polars as pl

REASONS = {
    "c": "confidential",
    "[c]": "confidential",
    "*": "confidential",
    "x": "not_available",
    "[x]": "not_available",
    ":": "not_available",
    "..": "not_available",
    "-": "not_available",
    "u": "not_available",
    "z": "not_applicable",
    "[z]": "not_applicable",
    ".": "not_applicable",
    "low": "low",
    "[low]": "low",
    "k": "low",
    "": "missing",
    "n/a": "not_applicable",
}
"""Published symbols and what they mean (DfE, MHCLG, Analysis Function; data README, trap 2)."""


def parse_published(text: str | None) -> tuple[float | None, str | None]:
    """Value and reason of one published cell; exactly one of the two is None.

    Thousands commas, spaces, a percent sign and a pound sign are taken off. A `[note 4]` gives the
    reason `note 4`; any other text gives `unreadable`. Nothing becomes nought.
    """
    cell = "" if text is None else text.strip()
    reason = REASONS.get(cell.lower())
    if reason:
        return None, reason
    if cell.startswith("[") and cell.endswith("]"):
        return None, cell[1:-1]
    try:
        return float(cell.replace(",", "").replace("%", "").replace("£", "").strip()), None
    except ValueError:
        return None, "unreadable"


def published_columns(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The table with `value` (float64?) and `reason` (text?) parsed from a text column."""
    distinct = table.get_column(column).cast(pl.Utf8).unique().to_list()
    parsed = [parse_published(text) for text in distinct]
    lookup = pl.DataFrame(
        {"_text": distinct, "value": [p[0] for p in parsed], "reason": [p[1] for p in parsed]},
        schema={"_text": pl.Utf8, "value": pl.Float64, "reason": pl.Utf8},
    )
    joined = table.with_columns(_text=pl.col(column).cast(pl.Utf8)).join(
        lookup, on="_text", how="left", nulls_equal=True, maintain_order="left"
    )
    return joined.drop("_text")
