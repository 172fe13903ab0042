"""How much was done: without it a unit cost would have no denominator."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, PERIOD, number, text, whole

UNITS = ("episode", "event", "child_day", "child_week", "place_hour", "attendance")
TABLE = Table(
    "activity",
    "One row per process, unit, period and group.",
    (
        text("activity_id", "Hash of its group.", key=True, nullable=False),
        *PERIOD,
        text("process", "The process.", nullable=False),
        text("unit", "What is counted.", nullable=False, codes=UNITS),
        number("quantity", "How much, in that unit."),
        whole("children", "Children concerned; null for headcounts.", unit="children"),
        text("la_code", "Authority."),
        text("area_code", "Area."),
        text("vintage", "Vintage of the area's code."),
        text("age_band", "Age band."),
        text("provider", "Provider."),
        text(
            "basis",
            "Counted here, or returned as a total.",
            nullable=False,
            codes=("derived", "returned"),
        ),
        HISTORY,
    ),
)
