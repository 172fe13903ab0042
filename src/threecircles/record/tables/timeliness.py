"""Clocks: met, missed, not yet due or cannot tell."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import PERSON, day, text, whole

TABLE = Table(
    "timeliness",
    "One row per clock and row on which it runs.",
    (
        text("clock", "The clock, from definitions/processes.", key=True, nullable=False),
        text("row_id", "The row it runs on.", key=True, nullable=False, sensitivity="lineage"),
        PERSON,
        text("process", "The process.", nullable=False),
        day("from_on", "Where it begins.", sensitivity="quasi"),
        day("to_on", "Where it ends; null while unfinished.", sensitivity="quasi"),
        whole("taken", "Time taken, up to the record's last day while unfinished."),
        whole("time_limit", "The limit.", nullable=False),
        text("unit", "Unit of both.", nullable=False, codes=("days", "working_days")),
        text(
            "result",
            "The verdict.",
            nullable=False,
            codes=("met", "missed", "not_yet_due", "cannot_tell"),
        ),
    ),
    child_level=True,
)
