"""Paths from contact to help."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import day, text, whole

TABLE = Table(
    "contact_path",
    "One row per person with a contact or any help.",
    (
        text("person_id", "The person.", key=True, sensitivity="pseudonym"),
        day("first_contact_on", "First contact.", sensitivity="quasi"),
        day("first_help_on", "First help.", sensitivity="quasi"),
        text("help_process", "What it was."),
        whole(
            "days", "Days from contact to help; null where help came first or never.", unit="days"
        ),
        whole("hand_offs", "Changes of the body in charge.", nullable=False),
        whole(
            "duplicate_assessments",
            "Assessments by another body within the definition's days.",
            nullable=False,
        ),
        whole("most_at_once", "Most services open on one day.", nullable=False),
    ),
    child_level=True,
)
