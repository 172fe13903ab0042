"""Child protection plans and whether each repeats an earlier one, told in three ways."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, PERSON, ROW_ID, day, whole, yes

TABLE = Table(
    "repeat_plan",
    "One row per child protection plan.",
    (
        ROW_ID,
        PERSON,
        day("valid_from", "First day of the plan.", nullable=False, sensitivity="quasi"),
        whole("plans_held", "Earlier plans in the record.", nullable=False),
        yes("earlier_plan", "There is an earlier plan in the record."),
        yes("within_months", "The plan before ended within the definition's months."),
        yes("by_count", "The return counts more earlier plans than the record holds."),
        HISTORY,
    ),
    child_level=True,
)
