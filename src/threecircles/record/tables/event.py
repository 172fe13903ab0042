"""Events: without them referrals, reviews and exclusions would have no day."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import ATTRIBUTES, COMMON, PERSON, ROW_ID, day, text, whole

TABLE = Table(
    "event",
    "One row per thing that happened on a day, per person (current belief).",
    (
        ROW_ID,
        PERSON,
        text("process", "The process it belongs to, from definitions/processes.", nullable=False),
        text("event", "What happened.", nullable=False),
        day("on_date", "The day.", sensitivity="quasi"),
        day("due_on", "The day it was due.", sensitivity="quasi"),
        text("result_code", "What came of it.", sensitivity="quasi"),
        text("org_id", "The body concerned.", sensitivity="quasi"),
        text("episode_row_id", "The episode it belongs to.", sensitivity="lineage"),
        whole("age_at", "Age on the day.", unit="whole years", sensitivity="quasi"),
        ATTRIBUTES,
        *COMMON,
    ),
    child_level=True,
)
