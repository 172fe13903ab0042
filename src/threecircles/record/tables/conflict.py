"""Where sources disagree about a person: without it a choice would look like a fact."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import PERSON, text, words

TABLE = Table(
    "conflict",
    "One row per person and attribute on which sources disagree.",
    (
        text("person_id", PERSON.description, key=True, nullable=False, sensitivity="pseudonym"),
        text(
            "attribute",
            "What they disagree about.",
            key=True,
            nullable=False,
            codes=("sex", "ethnic_group", "death_month"),
        ),
        words("values", "What they say.", nullable=False, sensitivity="special"),
        words("sources", "Who says so, in the same order.", nullable=False),
        text("chosen", "The value chosen.", sensitivity="special"),
        text(
            "rule", "The rule of definitions/record/precedence.yaml that chose it.", nullable=False
        ),
    ),
    child_level=True,
)
