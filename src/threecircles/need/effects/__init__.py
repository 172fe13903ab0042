"""What difference a service makes: plans written before the results, estimates after, words that cannot be chosen."""

from threecircles.need.effects.estimate import estimate
from threecircles.need.effects.plan import Plan, lock, plan_hash, read_plan, refusals
from threecircles.need.effects.result import Result, as_table, as_text
from threecircles.need.effects.table import evaluations_table, read_result

__all__ = [
    "Plan",
    "Result",
    "as_table",
    "as_text",
    "estimate",
    "evaluations_table",
    "lock",
    "plan_hash",
    "read_plan",
    "read_result",
    "refusals",
]
