"""Factors: without them risk, protection and characteristics would be mixed with services."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import COMMON, PERSON, ROW_ID, day, text

TABLE = Table(
    "factor",
    "One row per risk factor, protective factor or characteristic stated of a person on a day (current belief).",
    (
        ROW_ID,
        PERSON,
        text("factor_id", "The factor (common code).", nullable=False, sensitivity="special"),
        text(
            "kind",
            "What kind of factor.",
            nullable=False,
            codes=("risk", "protective", "characteristic"),
        ),
        text("of", "Whom it is about.", nullable=False, codes=("child", "parent", "household")),
        text("present", "Whether it is there.", nullable=False, codes=("yes", "no", "unknown")),
        text(
            "basis",
            "How it is known.",
            nullable=False,
            codes=("assessed", "recorded", "self_report"),
        ),
        day("on_date", "The day of the statement.", sensitivity="quasi"),
        day("valid_to", "Day on which it ends, where stated.", sensitivity="quasi"),
        text("episode_row_id", "The episode in which it was stated.", sensitivity="lineage"),
        *COMMON,
    ),
    child_level=True,
)
