"""Periods of care: from coming into care to leaving it."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, VALID, text, whole, yes

TABLE = Table(
    "period_of_care",
    "One row per unbroken period in care; short breaks apart.",
    (
        text("person_id", "The child.", key=True, sensitivity="pseudonym"),
        yes("short_break", "A series of short breaks.", key=True, nullable=False),
        whole("period", "Ordinal, from 1.", key=True, nullable=False),
        *VALID,
        text("reason_in", "RNE of its first row.", sensitivity="quasi"),
        text("reason_out", "REC of its last row.", sensitivity="quasi"),
        text("first_row_id", "Its first row.", sensitivity="lineage"),
        text("last_row_id", "Its last row.", sensitivity="lineage"),
        whole("n_rows", "Rows in it.", nullable=False),
        whole(
            "n_overlaps", "Rows that overlap the one before or follow an open one.", nullable=False
        ),
        whole("n_rne_starts", "Rows that claim a start (RNE S).", nullable=False),
        yes("starts_disagree", "The gap rule and RNE S disagree.", nullable=False),
        HISTORY,
    ),
    child_level=True,
)
