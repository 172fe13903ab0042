"""The rows behind each difference between a return and the record."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import PERSON, text, whole

TABLE = Table(
    "reconciliation_line",
    "One row per source row or record row that one side of a headline count has and the other has not.",
    (
        text("extract_id", "The extract.", nullable=False),
        text("figure", "The headline count.", nullable=False),
        text("side", "Which side has it.", nullable=False, codes=("source", "record")),
        text("source_table", "The source's table."),
        whole("source_row", "Row in that table, from 0."),
        PERSON,
        text("reason", "Why, in words; empty where nothing explains it."),
    ),
    child_level=True,
)
