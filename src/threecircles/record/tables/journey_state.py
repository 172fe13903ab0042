"""Journeys: runs of days in one highest state."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, VALID, text, whole, words

TABLE = Table(
    "journey_state",
    "One row per person and run of days in the same highest state.",
    (
        text("person_id", "The person.", key=True, sensitivity="pseudonym"),
        whole("n", "Ordinal of the run, from 1.", key=True, nullable=False),
        text(
            "state", "Highest state, from definitions/journeys; none between two.", nullable=False
        ),
        *VALID,
        whole("days", "Length, to the record's last day while open.", nullable=False, unit="days"),
        words("all_states", "States held in the run, highest first.", nullable=False),
        text("entered_by", "Episode that begins the run.", sensitivity="lineage"),
        text(
            "censored",
            "Which end is not seen.",
            nullable=False,
            codes=("left", "right", "both", "none"),
        ),
        HISTORY,
    ),
    child_level=True,
)
