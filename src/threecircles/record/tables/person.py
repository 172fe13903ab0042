"""Persons: without this table no episode would have an age, a sex or a place."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import day, number, text, yes

SEX = ("F", "M", "U")
TABLE = Table(
    "person",
    "One row per person; no name, birth date, address or identifier.",
    (
        text(
            "person_id",
            "As identity issues it.",
            key=True,
            nullable=False,
            sensitivity="pseudonym",
        ),
        day("birth_month", "First day of the month of birth.", sensitivity="quasi"),
        text("sex", "Sex as the best source says.", codes=SEX, sensitivity="quasi"),
        text("ethnic_group", "18 groups, REFU or NOBT.", sensitivity="special"),
        day("death_month", "First day of the month of death.", sensitivity="special"),
        yes("unborn", "Known only by an expected date of birth.", sensitivity="quasi"),
        yes("restricted", "Kept from all but named purposes.", sensitivity="special"),
        text("link_band", "Band of the weakest link.", sensitivity="lineage"),
        number("link_p", "Probability of the weakest link.", sensitivity="lineage"),
        day("first_seen", "First extract that knew the person."),
        day("last_seen", "Latest extract that knew the person."),
    ),
    child_level=True,
)
