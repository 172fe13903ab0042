"""Later sightings of a row: without them nobody could rewind to what was known on an earlier day."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import day, text

TABLE = Table(
    "sighting",
    "One row each time a later extract repeated a row unchanged.",
    (
        text("table", "The record's table.", key=True, nullable=False),
        text("row_id", "The row.", key=True, nullable=False, sensitivity="lineage"),
        text("extract_id", "The extract that brought the version.", key=True, nullable=False),
        text("seen_in", "The extract that repeated it.", key=True, nullable=False),
        day("seen_on", "Day on which that was received.", nullable=False),
    ),
    child_level=True,
)
