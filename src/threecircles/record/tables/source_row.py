"""One line for every row kept by sources: without it a row could vanish between the file and the record."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import text, whole, words

TABLE = Table(
    "source_row",
    "What became of each row of each extract: mapped, left out by a rule, or refused with its reason.",
    (
        text("extract_id", "The extract.", key=True, nullable=False),
        text("source_table", "The source's table.", key=True, nullable=False),
        whole("source_row", "Row in that table, from 0.", key=True, nullable=False),
        text("source_file", "The file received."),
        text(
            "outcome", "What became of it.", nullable=False, codes=("mapped", "by_rule", "refused")
        ),
        text("reason", "Why, in plain words, where it was not mapped."),
        words("row_ids", "The record rows it made.", sensitivity="lineage"),
    ),
    child_level=True,
)
