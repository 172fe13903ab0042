"""Referrals that come back: without them a closed door would look like help given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import narwhals as nw

from threecircles.core import dates
from threecircles.definitions import Definition, load
from threecircles.record.derive.months import within_months


@dataclass(frozen=True, kw_only=True)
class ReReferralRule(Definition):
    """How far back an earlier referral counts (definitions/derived/re_referral.yaml)."""

    months: int


def re_referral_rule() -> ReReferralRule:
    """The shipped rule."""
    return load("derived/re_referral", ReReferralRule)


def re_referral(
    referrals: nw.LazyFrame, rule: ReReferralRule, history_from: date | None
) -> nw.LazyFrame:
    """Each referral with the one before it and whether it is a repeat.

    referrals: row_id, person_id, on_date, of every source record of the person, those with no further
    action too. Before means strictly before; `months` calendar months earlier still counts.
    history_from: first day that the source can show; None = it can show everything.
    Columns: row_id, person_id, on_date, previous_on, re_referral (yes, no, unknown: not looked back
    far enough).
    """
    dated = referrals.filter(~nw.col("on_date").is_null()).select("row_id", "person_id", "on_date")
    days = (
        dated.select("person_id", "on_date")
        .unique()
        .with_columns(previous_on=nw.col("on_date").shift(1).over("person_id", order_by="on_date"))
    )
    reached = within_months(nw.col("previous_on"), nw.col("on_date"), rule.months)
    told = nw.lit("no")
    if history_from is not None:
        short = nw.col("on_date") < nw.lit(dates.add_months(history_from, rule.months))
        told = nw.when(short).then(nw.lit("unknown")).otherwise(nw.lit("no"))
    return dated.join(days, on=["person_id", "on_date"], how="left").with_columns(
        re_referral=nw.when(reached.fill_null(False)).then(nw.lit("yes")).otherwise(told)
    )
