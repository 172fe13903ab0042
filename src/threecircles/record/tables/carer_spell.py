"""One row per unbroken time with one carer."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, VALID, text, whole, yes

TABLE = Table(
    "carer_spell",
    "One row per unbroken time with one carer.",
    (
        text("person_id", "The child.", key=True, sensitivity="pseudonym"),
        yes("short_break", "A series of short breaks.", key=True, nullable=False),
        whole("period", "The period of care.", key=True, nullable=False),
        whole("spell", "Ordinal within it, from 1.", key=True, nullable=False),
        *VALID,
        text("first_row_id", "Its first row.", sensitivity="lineage"),
        text("last_row_id", "Its last row.", sensitivity="lineage"),
        whole("n_rows", "Rows in it.", nullable=False),
        HISTORY,
    ),
    child_level=True,
)
