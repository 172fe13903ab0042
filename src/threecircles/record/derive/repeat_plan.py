"""Plans that come back: whether a child was on a child protection plan before."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

from threecircles.definitions import Definition, load
from threecircles.record.derive.months import within_months


@dataclass(frozen=True, kw_only=True)
class RepeatPlanRule(Definition):
    """How recent an earlier plan must be (definitions/derived/repeat_plan.yaml)."""

    months: int


def repeat_plan_rule() -> RepeatPlanRule:
    """The shipped rule."""
    return load("derived/repeat_plan", RepeatPlanRule)


def repeat_plan(plans: nw.LazyFrame, rule: RepeatPlanRule) -> nw.LazyFrame:
    """Each child protection plan with what came before it, told in three ways.

    plans: row_id, person_id, valid_from, valid_to?, previous_plans? (the return's own count, int).
    Columns: row_id, person_id, valid_from, plans_held (earlier ones in the record), earlier_plan,
    within_months (the one before ended not more than `months` before), by_count (the return counts
    more earlier plans than are held), each true or false; null where the return gives no count.
    """
    order = ["valid_from", "row_id"]
    before = nw.col("_ended")
    counted = plans.with_columns(_one=nw.lit(1)).with_columns(
        plans_held=nw.col("_one").cum_sum().over("person_id", order_by=order).cast(nw.Int64) - 1,
        _ended=nw.col("valid_to").shift(1).over("person_id", order_by=order),
    )
    recent = before.is_null() | within_months(before, nw.col("valid_from"), rule.months)
    return counted.select(
        "row_id",
        "person_id",
        "valid_from",
        "plans_held",
        (nw.col("plans_held") > 0).alias("earlier_plan"),
        ((nw.col("plans_held") > 0) & recent).alias("within_months"),
        (nw.col("previous_plans") > nw.col("plans_held")).alias("by_count"),
    )
