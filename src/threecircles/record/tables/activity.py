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
        text("org_id", "The venue, where heads were counted at one."),
        text("session_id", "The session, where heads were counted at one."),
        text(
            "counted",
            "How heads were counted.",
            codes=("counted", "register", "estimated"),
        ),
        text("detail", "What exactly, where the return's own unit is finer."),
        text(
            "address_basis",
            "Whose address a returned area is.",
            codes=("home_on_entry", "home_on_day", "placement"),
        ),
        text("reason", "Why there is no quantity.", codes=("suppressed",)),
        text("source_id", "The source, of what was returned."),
        text("extract_id", "The extract, of what was returned."),
        whole("source_row", "Row in the source's table, from 0."),
        text(
            "basis",
            "Counted here, or returned as a total.",
            nullable=False,
            codes=("derived", "returned"),
        ),
        HISTORY,
    ),
)
