"""How areas hang together; a best fit says so."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import number, text

TABLE = Table(
    "area_link",
    "One row per pair of areas.",
    (
        text("from_code", "Smaller or older area.", key=True, nullable=False),
        text("from_vintage", "Its vintage.", key=True, nullable=False),
        text("to_code", "Larger or newer area.", key=True, nullable=False),
        text("to_vintage", "Its vintage.", key=True, nullable=False),
        text(
            "relation",
            "How they hang together.",
            nullable=False,
            codes=("part_of", "best_fit", "became"),
        ),
        number("weight", "Share of the first that lies in the second.", nullable=False),
    ),
)
