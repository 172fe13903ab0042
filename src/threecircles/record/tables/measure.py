"""Measures: without them scores, attendance and answers would have no scale, respondent or reason for a gap."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import (
    COMMON,
    PERSON,
    ROW_ID,
    day,
    number,
    text,
    whole,
    yes,
)

MISSING = (
    "not_asked",
    "refused",
    "not_obtained",
    "not_applicable",
    "not_yet_due",
    "unreadable",
    "suppressed",
)
TABLE = Table(
    "measure",
    "One row per value measured, of a person or of an anonymous response (current belief).",
    (
        ROW_ID,
        PERSON,
        text("response_id", "An anonymous response, where no person is known."),
        text("measure_id", "What was measured, from definitions/measures.", nullable=False),
        text("item_or_scale", "Item or scale within it.", nullable=False),
        number("value", "The value.", sensitivity="special"),
        text("value_code", "The value as a code.", sensitivity="special"),
        text("scale_form", "Form of a score.", codes=("raw", "metric", "T", "z")),
        text("unit", "Unit of the value."),
        day("on_date", "Day of measurement.", sensitivity="quasi"),
        day("period_start", "First day of the period measured."),
        day("period_end", "Last day of the period measured."),
        text(
            "respondent",
            "Who answered.",
            codes=("self", "parent", "carer", "teacher", "worker", "recorded"),
        ),
        text("missing_reason", "Why there is no value.", codes=MISSING),
        text("study_id", "The survey study."),
        text("wave", "Its wave."),
        text("stratum", "Sampling stratum."),
        text("psu", "Primary sampling unit (the school)."),
        number("weight", "Survey weight."),
        number("fpc", "Units in the stratum, for the finite-population correction."),
        yes("flagged", "The response failed a quality check."),
        text(
            "occasion",
            "Occasion of a service form.",
            codes=("before", "during", "after", "follow_up"),
        ),
        text("provision_row_id", "The provision a form is about.", sensitivity="lineage"),
        text("lost_reason", "Why a form did not come back."),
        whole("age_at", "Age on the day.", unit="whole years", sensitivity="quasi"),
        *COMMON,
    ),
    child_level=True,
)
