"""From the first sign to the first help: how long children waited, told without scoring any child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import narwhals as nw

from threecircles.core.expr import days_between
from threecircles.definitions import Definition, load


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One sign: the source that shows it, and what makes it.

    kind: event (of `process`, with one of `results` where they are named), absence (share of a term's
    sessions), below (a measure's value under its cut) or at_least (at its cut or over it).
    """

    id: str
    source: str
    kind: Literal["event", "absence", "below", "at_least"]
    label: str
    cut_source: str
    process: str = ""
    event: str = ""
    results: tuple[str, ...] = ()
    measure: str = ""
    item: str = ""
    cut: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FirstSignRule(Definition):
    """Signs, and which helps are statutory (definitions/derived/first_sign.yaml)."""

    statutory: tuple[str, ...]
    absence_share: float
    absence_reasons: tuple[str, ...]
    signs: tuple[Sign, ...]


def first_sign_rule() -> FirstSignRule:
    """The shipped rule."""
    return load("derived/first_sign", FirstSignRule)


def cuts() -> dict[tuple[str, str], float]:
    """The cuts under which a measure is a sign: (measure, item) -> cut."""
    return {(s.measure, s.item): s.cut for s in first_sign_rule().signs if s.kind == "below"}


def below_cut(
    measures: nw.LazyFrame, measure: str, item: str, known: Mapping[tuple[str, str], float]
) -> nw.LazyFrame:
    """Persons with a value under the cut, first day first. Columns: person_id, sign_on.

    measures: person_id, measure_id, item_or_scale, value, on_date. known: as `cuts`. Raises KeyError for
    a measure without a cut.
    """
    mine = (nw.col("measure_id") == measure) & (nw.col("item_or_scale") == item)
    low = measures.filter(mine & (nw.col("value") < known[(measure, item)]))
    return low.group_by("person_id").agg(nw.col("on_date").min().alias("sign_on"))


def signs(events: nw.LazyFrame, measures: nw.LazyFrame, rule: FirstSignRule) -> nw.LazyFrame:
    """Every sign of every person. Columns: person_id, sign_id, sign_on.

    events: person_id, process, event, result_code, on_date. measures: person_id, measure_id, item_or_scale, value, on_date
    (attendance by term: sessions_possible and sessions missed by reason).
    """
    sign: nw.Expr = nw.lit(None, dtype=nw.String)
    for one in rule.signs:
        if one.kind == "event":
            mine = nw.col("process") == one.process
            if one.event:
                mine = mine & (nw.col("event") == one.event)
            if one.results:
                mine = mine & nw.col("result_code").is_in(list(one.results)).fill_null(False)
            sign = nw.when(mine).then(nw.lit(one.id)).otherwise(sign)
    told = (
        events.with_columns(sign_id=sign)
        .filter(~nw.col("sign_id").is_null())
        .select("person_id", "sign_id", sign_on=nw.col("on_date"))
    )
    told = nw.concat([told, _scored(measures, rule)])
    absences = [s for s in rule.signs if s.kind == "absence"]
    if not absences:
        return told
    missed = nw.col("item_or_scale").is_in(list(rule.absence_reasons))
    possible = nw.col("item_or_scale") == "sessions_possible"
    terms = (
        measures.filter(nw.col("measure_id") == "attendance")
        .with_columns(
            _missed=nw.when(missed).then(nw.col("value")).otherwise(nw.lit(0.0)),
            _possible=nw.when(possible).then(nw.col("value")).otherwise(nw.lit(0.0)),
        )
        .group_by("person_id", "on_date")
        .agg(nw.col("_missed").sum(), nw.col("_possible").sum())
    )
    often = terms.filter(nw.col("_missed") > nw.col("_possible") * rule.absence_share)
    known = often.filter(nw.col("_possible") > 0).select(
        "person_id", sign_id=nw.lit(absences[0].id), sign_on=nw.col("on_date")
    )
    return nw.concat([told, known])


def _scored(measures: nw.LazyFrame, rule: FirstSignRule) -> nw.LazyFrame:
    """Signs that a value under or over its cut makes."""
    sign: nw.Expr = nw.lit(None, dtype=nw.String)
    for one in rule.signs:
        if one.kind in ("below", "at_least"):
            mine = (nw.col("measure_id") == one.measure) & (nw.col("item_or_scale") == one.item)
            value = nw.col("value")
            past = value < one.cut if one.kind == "below" else value >= one.cut
            sign = nw.when(mine & past).then(nw.lit(one.id)).otherwise(sign)
    return (
        measures.with_columns(sign_id=sign)
        .filter(~nw.col("sign_id").is_null())
        .select("person_id", "sign_id", sign_on=nw.col("on_date"))
    )


def first_sign(
    signs: nw.LazyFrame,
    helps: nw.LazyFrame,
    rule: FirstSignRule,
    last: date,
    history_from: date | None,
) -> nw.LazyFrame:
    """One row per person with a sign: the first one, and the first help beside it.

    signs: person_id, sign_id, sign_on. helps: row_id, person_id, process, valid_from. last: day up to
    which the record tells. history_from: first day on which a sign could have been seen.
    Columns: person_id, sign_id, sign_on, sign_observable_from, help_process, help_on, days (to help, or
    to the end of `last`), censored (no help yet), prior_help (yes, no, unknown), first_help_statutory.
    """
    ranked = signs.with_columns(_one=nw.lit(1)).with_columns(
        _order=nw.col("_one").cum_sum().over("person_id", order_by=["sign_on", "sign_id"])
    )
    first = ranked.filter(nw.col("_order") == 1).select("person_id", "sign_id", "sign_on")
    order = helps.with_columns(_one=nw.lit(1)).with_columns(
        _order=nw.col("_one").cum_sum().over("person_id", order_by=["valid_from", "row_id"])
    )
    helped = order.filter(nw.col("_order") == 1).select(
        "person_id", help_process="process", help_on="valid_from"
    )
    sign, help_on = nw.col("sign_on"), nw.col("help_on")
    before = (help_on < sign).fill_null(False)
    until = nw.when(help_on.is_null()).then(nw.lit(last + timedelta(days=1))).otherwise(help_on)
    unseen = nw.lit("no")
    if history_from is not None:
        # A sign seen on the first day that could show one may not have been the first.
        unseen = nw.when(sign <= nw.lit(history_from)).then(nw.lit("unknown")).otherwise(unseen)
    return first.join(helped, on="person_id", how="left").select(
        "person_id",
        "sign_id",
        "sign_on",
        nw.lit(history_from, dtype=nw.Date).alias("sign_observable_from"),
        "help_process",
        "help_on",
        nw.when(~before).then(days_between(sign, until)).alias("days"),
        help_on.is_null().alias("censored"),
        nw.when(before).then(nw.lit("yes")).otherwise(unseen).alias("prior_help"),
        nw.col("help_process").is_in(list(rule.statutory)).alias("first_help_statutory"),
    )
