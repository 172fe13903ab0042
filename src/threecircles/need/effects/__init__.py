"""What difference a service makes: plans written before the results, estimates after, words that cannot be chosen."""

from threecircles.need.effects.estimate import estimate
from threecircles.need.effects.plan import Plan, lock, plan_hash, read_plan, refusals
from threecircles.need.effects.result import Result, as_table, as_text

__all__ = [
    "Plan",
    "Result",
    "as_table",
    "as_text",
    "estimate",
    "lock",
    "plan_hash",
    "read_plan",
    "refusals",
]
