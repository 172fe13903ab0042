"""From the first sign to the first help: how long children waited, told without scoring any child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import narwhals as nw

from threecircles.core.expr import days_between
from threecircles.definitions import Definition, load

ORDER = ["sign_on", "sign_id", "help_on", "row_id"]


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
    shown = [s for s in rule.signs if s.kind == "event"]
    scored = [s for s in rule.signs if s.kind in ("below", "at_least")]
    # Processes and measures are asked for first: most rows are no sign, and a reader skips them by these.
    seen = events.filter(nw.col("process").is_in([s.process for s in shown]))
    told = measures.filter(nw.col("measure_id").is_in([s.measure for s in scored]))
    found = [
        _named(seen, {s.id: _shown(s) for s in shown}),
        _named(told, {s.id: _past(s) for s in scored}),
        *(_often_away(measures, s.id, rule) for s in rule.signs if s.kind == "absence"),
    ]
    return nw.concat(found)


def _named(rows: nw.LazyFrame, makes: Mapping[str, nw.Expr]) -> nw.LazyFrame:
    """The rows that make a sign, by the sign's name; the last one named where a row makes two."""
    sign: nw.Expr = nw.lit(None, dtype=nw.String)
    for name, condition in makes.items():
        sign = nw.when(condition).then(nw.lit(name)).otherwise(sign)
    named = rows.select("person_id", sign_id=sign, sign_on=nw.col("on_date"))
    return named.filter(~nw.col("sign_id").is_null())


def _shown(sign: Sign) -> nw.Expr:
    """True for an event that is the sign."""
    mine = nw.col("process") == sign.process
    if sign.event:
        mine = mine & (nw.col("event") == sign.event)
    if sign.results:
        mine = mine & nw.col("result_code").is_in(list(sign.results)).fill_null(False)
    return mine


def _past(sign: Sign) -> nw.Expr:
    """True for a value of the measure under its cut, or at it and over."""
    mine = (nw.col("measure_id") == sign.measure) & (nw.col("item_or_scale") == sign.item)
    value = nw.col("value")
    return mine & (value < sign.cut if sign.kind == "below" else value >= sign.cut)


def _often_away(measures: nw.LazyFrame, name: str, rule: FirstSignRule) -> nw.LazyFrame:
    """Terms of which more than the rule's share was missed for a reason that counts."""
    item, value = nw.col("item_or_scale"), nw.col("value")
    sessions = measures.filter(nw.col("measure_id") == "attendance").select(
        "person_id",
        "on_date",
        _missed=nw.when(item.is_in(list(rule.absence_reasons))).then(value).otherwise(nw.lit(0.0)),
        _possible=nw.when(item == "sessions_possible").then(value).otherwise(nw.lit(0.0)),
    )
    terms = sessions.group_by("person_id", "on_date").agg(
        nw.col("_missed").sum(), nw.col("_possible").sum()
    )
    missed, possible = nw.col("_missed"), nw.col("_possible")
    often = terms.filter((missed > possible * rule.absence_share) & (possible > 0))
    return often.select("person_id", sign_id=nw.lit(name), sign_on=nw.col("on_date"))


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
    begun = helps.select("row_id", "person_id", help_process="process", help_on="valid_from")
    # Each person's first sign and first help stand in the first row of all that join the two: one order, not two.
    beside = signs.join(begun, on="person_id", how="left").with_columns(
        _before=nw.col("sign_on").shift(1).over("person_id", order_by=ORDER)
    )
    first = beside.filter(nw.col("_before").is_null())
    sign, help_on = nw.col("sign_on"), nw.col("help_on")
    before = (help_on < sign).fill_null(False)
    until = nw.when(help_on.is_null()).then(nw.lit(last + timedelta(days=1))).otherwise(help_on)
    unseen = nw.lit("no")
    if history_from is not None:
        # A sign seen on the first day that could show one may not have been the first.
        unseen = nw.when(sign <= nw.lit(history_from)).then(nw.lit("unknown")).otherwise(unseen)
    return first.select(
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
