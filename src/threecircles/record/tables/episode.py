"""Episodes: without them nobody could say who was in which service on a day."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import (
    ATTRIBUTES,
    COMMON,
    PERSON,
    ROW_ID,
    VALID,
    day,
    text,
    whole,
)

TABLE = Table(
    "episode",
    "One row per stretch of time in a process, per person (current belief).",
    (
        ROW_ID,
        PERSON,
        text("process", "What kind of state, from definitions/processes.", nullable=False),
        text("service_id", "The service, where a register names it."),
        text("org_id", "The body in charge.", sensitivity="quasi"),
        VALID[0],
        VALID[1],
        text(
            "end_basis",
            "How the end is known.",
            codes=("stated", "assumed", "unknown"),
        ),
        day(
            "ended_from",
            "Earliest day on which it can have ended, where it has and nobody told the day.",
            sensitivity="quasi",
        ),
        text("status_code", "State within the process."),
        text("outcome_code", "What it led to.", sensitivity="quasi"),
        text("reason_in", "Why it began (common code).", sensitivity="special"),
        text("reason_out", "Why it ended (common code).", sensitivity="special"),
        text("parent_row_id", "The episode it lies in.", sensitivity="lineage"),
        whole("sequence", "The source's own ordinal."),
        whole("age_in", "Age at the start.", unit="whole years", sensitivity="quasi"),
        whole("age_out", "Age at the end.", unit="whole years", sensitivity="quasi"),
        text("lsoa21_in", "Home area on the first day (LSOA 2021).", sensitivity="quasi"),
        ATTRIBUTES,
        *COMMON,
    ),
    child_level=True,
)
