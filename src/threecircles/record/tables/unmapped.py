"""Codes we do not know: without this list they would be dropped or called "other"."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import text, whole, words

TABLE = Table(
    "unmapped",
    "One row per code that is in no list of its year; its rows are kept as `unmapped`.",
    (
        text("source_id", "The source.", key=True, nullable=False),
        text("table", "The source's table.", key=True, nullable=False),
        text("column", "Its column.", key=True, nullable=False),
        text("raw", "The code as received.", key=True, nullable=False),
        text("codes", "The list it was looked up in.", key=True, nullable=False),
        whole("n_rows", "Rows that hold it.", nullable=False, unit="rows"),
        whole("n_children", "Children concerned.", nullable=False, unit="children"),
        whole("first_row", "First row that holds it.", nullable=False),
        words("years", "Collection years in which it was met.", nullable=False),
        text("nearest", "The known code most like it."),
    ),
)
