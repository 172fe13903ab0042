"""Figures of areas: population and deprivation, with the reason where there is none."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import number, text, whole

TABLE = Table(
    "area_value",
    "One row per area, measure, age and sex.",
    (
        text("code", "Area.", key=True, nullable=False),
        text("vintage", "Vintage of its code.", key=True, nullable=False),
        text("measure_id", "What is measured.", key=True, nullable=False),
        text("period", "Period or date.", key=True, nullable=False),
        whole("age", "Age, -1 for all.", key=True, nullable=False),
        text("sex", "Sex, All for both.", key=True, nullable=False),
        number("value", "The figure."),
        text("reason", "Why it is absent."),
    ),
)
