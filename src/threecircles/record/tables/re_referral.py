"""Referrals and whether each repeats an earlier one."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, PERSON, ROW_ID, day, text

TABLE = Table(
    "re_referral",
    "One row per referral.",
    (
        ROW_ID,
        PERSON,
        day("on_date", "Day of the referral.", nullable=False, sensitivity="quasi"),
        day("previous_on", "Latest referral on an earlier day.", sensitivity="quasi"),
        text(
            "re_referral", "Whether it repeats one.", nullable=False, codes=("yes", "no", "unknown")
        ),
        HISTORY,
    ),
    child_level=True,
)
