"""Corrections: without them a changed row would hide what it said before, and which column changed."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import day, text, words

TABLE = Table(
    "version",
    "One row per later version of a record row: which one it corrects, and in which columns.",
    (
        text("table", "The record's table.", key=True, nullable=False),
        text("row_id", "The row.", key=True, nullable=False, sensitivity="lineage"),
        text("extract_id", "The extract that brought the version.", key=True, nullable=False),
        text("corrects", "The extract of the version before it.", nullable=False),
        words("changed", "The columns that differ.", nullable=False),
        day("known_from", "Day on which the version was known.", nullable=False),
    ),
    child_level=True,
)
