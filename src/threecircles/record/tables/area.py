"""Areas, each with the vintage of its code: without it unlike codes would join."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import day, text

KINDS = (
    "oa",
    "lsoa",
    "msoa",
    "ward",
    "lad",
    "utla",
    "region",
    "country",
    "locality",
    "constituency",
    "sub_icb",
    "icb",
    "police_force",
)
TABLE = Table(
    "area",
    "One row per area and vintage.",
    (
        text("code", "Code.", key=True, nullable=False),
        text("vintage", "Vintage of the code, for example lsoa21.", key=True, nullable=False),
        text("kind", "Kind of area.", nullable=False, codes=KINDS),
        text("label", "Name."),
        text("rural_urban", "Rural or urban class, where known."),
        day("valid_from", "In use from."),
        day("valid_to", "In use until."),
    ),
)
