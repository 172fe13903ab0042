"""Households over time: without them a family's children could not be seen together."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import day, text, whole

TABLE = Table(
    "household",
    "One row per household and stretch of time.",
    (
        text("household_id", "The household.", key=True, nullable=False, sensitivity="pseudonym"),
        day("valid_from", "First day.", key=True, nullable=False, sensitivity="quasi"),
        day("valid_to", "First day on which it holds no longer.", sensitivity="quasi"),
        text("lsoa21", "Area (LSOA 2021).", sensitivity="quasi"),
        whole("n_children", "Children in it.", sensitivity="quasi"),
        text("size_band", "Band of size.", sensitivity="quasi"),
    ),
    child_level=True,
)
