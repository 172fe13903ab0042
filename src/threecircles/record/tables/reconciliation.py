"""The return beside the record: without it nobody could say why the census counts otherwise."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import text, whole

TABLE = Table(
    "reconciliation",
    "One row per headline count of a return: what the return says, what the record says, and why they differ.",
    (
        text("extract_id", "The extract.", key=True, nullable=False),
        text("figure", "The headline count.", key=True, nullable=False),
        text("label", "In words.", nullable=False),
        whole("source_count", "Counted from the source's own tables.", nullable=False),
        whole("record_count", "Counted from the record.", nullable=False),
        whole("explained", "Difference accounted for by lists.", nullable=False),
        whole("unexplained", "What is left; any but nought is an error.", nullable=False),
        text("because", "The reasons with their counts, in words.", nullable=False),
    ),
)
