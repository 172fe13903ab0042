"""Where people lived and when, as areas only."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import COMMON, PERSON, ROW_ID, VALID, text, yes

KINDS = ("home", "placement", "temporary", "hospital", "custody", "no_fixed_abode", "unknown")
TABLE = Table(
    "residence",
    "One row per stay at one place; no postcode, no property number.",
    (
        ROW_ID,
        PERSON,
        *VALID,
        text("kind", "Kind of place.", nullable=False, codes=KINDS, sensitivity="quasi"),
        text("lsoa21", "Area (LSOA 2021).", sensitivity="quasi"),
        text("lsoa11", "Area (LSOA 2011).", sensitivity="quasi"),
        text("la_code", "Authority.", sensitivity="quasi"),
        text("household_id", "The household.", sensitivity="pseudonym"),
        yes("overlaps", "Overlaps another stay of the same kind."),
        *COMMON,
    ),
    child_level=True,
)
