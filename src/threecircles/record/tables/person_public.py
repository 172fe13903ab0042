"""The view of a person that any granted read may see."""

from threecircles.record.schema import Table
from threecircles.record.tables import person
from threecircles.record.tables.columns import text

TABLE = Table(
    "person_public",
    "One row per person: nothing else without a purpose.",
    (
        person.TABLE.column("person_id"),
        person.TABLE.column("birth_month"),
        person.TABLE.column("sex"),
        text("lsoa21", "Home area (LSOA 2021).", sensitivity="quasi"),
        person.TABLE.column("ethnic_group"),
        text("link_band", "Band of the weakest link."),
    ),
    child_level=True,
)
