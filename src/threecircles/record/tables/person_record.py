"""Which source record is which person: the pointer that a merge or split rewrites."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import PERSON, number, text

TABLE = Table(
    "person_record",
    "One row per source record.",
    (
        text(
            "source_record_id",
            "Opaque id of the record.",
            key=True,
            nullable=False,
            sensitivity="lineage",
        ),
        text("source_id", "The source.", nullable=False),
        PERSON,
        text("band", "Band of the link.", sensitivity="lineage"),
        number("p", "Probability of the link.", sensitivity="lineage"),
    ),
    child_level=True,
)
