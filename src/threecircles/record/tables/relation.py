"""Who belongs to whom, stated or inferred, never shown as each other."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import COMMON, PERSON, ROW_ID, VALID, text

TABLE = Table(
    "relation",
    "One row per pair of related persons; never across an adoption.",
    (
        ROW_ID,
        PERSON,
        text("other_person_id", "The other person.", sensitivity="pseudonym"),
        text(
            "kind",
            "What they are to each other.",
            nullable=False,
            codes=("sibling", "multiple_birth", "parent", "carer", "same_household"),
        ),
        text("detail", "More of it.", codes=("mother", "father", "step", "full", "half")),
        text("basis", "How it is known.", nullable=False, codes=("stated", "inferred")),
        *VALID,
        *COMMON,
    ),
    child_level=True,
)
