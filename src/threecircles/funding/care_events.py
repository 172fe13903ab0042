"""Which processes a child's episodes set off: without it the record's codes would have no price."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from threecircles.definitions import Definition, load


@dataclass(frozen=True, kw_only=True)
class SetsOff:
    """codes: which set it off; not_codes: all but these. months: how often, where dates are absent."""

    process: str
    codes: list[str] = field(default_factory=list)
    not_codes: list[str] = field(default_factory=list)
    months: int = 0


@dataclass(frozen=True, kw_only=True)
class CareCosting(Definition):
    """Which codes of an episode of care set off which process (definitions/cost_rules/care.yaml)."""

    entry: SetsOff
    move: SetsOff
    leave: SetsOff
    plan: SetsOff
    review: SetsOff
    order: SetsOff
    leaver: SetsOff
    maintain: SetsOff
    respite: list[str]
    placement_types: dict[str, list[str]]


def care_costing() -> CareCosting:
    """The shipped rules."""
    return load("cost_rules/care", CareCosting)


def placements(episodes: pl.DataFrame, rules: CareCosting) -> pl.DataFrame:
    """Episodes of care as placements to be priced.

    episodes: person_id, event_id, place, ls, valid_from, valid_to?. Short breaks are placements of the
    type "respite"; a code of no known type keeps itself as its type, and so ends up uncosted and counted.
    """
    kinds = {code: kind for kind, codes in rules.placement_types.items() for code in codes}
    kind = pl.col("place").replace(kinds)
    respite = pl.col("ls").is_in(rules.respite).fill_null(False)
    return episodes.with_columns(
        placement_type=pl.when(respite).then(pl.lit("respite")).otherwise(kind)
    )


def care_events(episodes: pl.DataFrame, others: pl.DataFrame, rules: CareCosting) -> pl.DataFrame:
    """Dated processes of each child: person_id, event_id, component, on_date.

    episodes: as for `placements`, and reason_in (RNE), reason_out? (REC). others: person_id, event_id,
    kind ("review", "plan", "leaver"), on_date. A child without any plan date is planned for every six
    months in care from the day of entry (a definition). Short breaks set nothing off.
    """
    care = episodes.filter(~pl.col("ls").is_in(rules.respite).fill_null(False)).sort(
        "person_id", "valid_from"
    )
    order = pl.col("ls").is_in(rules.order.codes) & (
        pl.col("ls") != pl.col("ls").shift(1).over("person_id")
    ).fill_null(True)
    parts = [
        _dated(
            care.filter(pl.col("reason_in").is_in(rules.entry.codes)), "valid_from", rules.entry
        ),
        _dated(care.filter(pl.col("reason_in").is_in(rules.move.codes)), "valid_from", rules.move),
        _dated(care.filter(order), "valid_from", rules.order),
        _dated(_left(care, rules), "valid_to", rules.leave),
        _planned(care, others, rules),
    ]
    for kind, rule in (("review", rules.review), ("plan", rules.plan), ("leaver", rules.leaver)):
        parts.append(_dated(others.filter(pl.col("kind") == kind), "on_date", rule))
    return pl.concat(parts).sort("person_id", "on_date", "component")


def _left(care: pl.DataFrame, rules: CareCosting) -> pl.DataFrame:
    ended = pl.col("valid_to").is_not_null() & pl.col("reason_out").is_not_null()
    return care.filter(ended & ~pl.col("reason_out").is_in(rules.leave.not_codes))


def _dated(rows: pl.DataFrame, day: str, rule: SetsOff) -> pl.DataFrame:
    return rows.select(
        "person_id",
        pl.col("event_id").cast(pl.Utf8),
        pl.lit(rule.process).alias("component"),
        pl.col(day).cast(pl.Date).alias("on_date"),
    )


def _planned(care: pl.DataFrame, others: pl.DataFrame, rules: CareCosting) -> pl.DataFrame:
    """Plans taken as read: every so many months from each entry to its end, for children without plan dates."""
    known = others.filter(pl.col("kind") == "plan")["person_id"].unique()
    rows = care.filter(~pl.col("person_id").is_in(known.implode()))
    entered = pl.col("reason_in").is_in(rules.entry.codes).fill_null(False)
    stays = (
        rows.with_columns(_stay=entered.cum_sum().over("person_id"))
        .group_by("person_id", "_stay", maintain_order=True)
        .agg(
            pl.col("event_id").first(),
            _in=pl.col("valid_from").min(),
            _out=pl.when(pl.col("valid_to").null_count() > 0)
            .then(None)
            .otherwise(pl.col("valid_to").max()),
        )
    )
    # Beyond a childhood there is no care: the list of dates has an end.
    steps = pl.int_ranges(0, 18 * 12 // rules.plan.months)
    dates = (
        stays.with_columns(_n=steps)
        .explode("_n")
        .with_columns(
            on_date=pl.col("_in").dt.offset_by(pl.format("{}mo", pl.col("_n") * rules.plan.months))
        )
    )
    inside = pl.col("_out").is_null() | (pl.col("on_date") < pl.col("_out"))
    return _dated(dates.filter(inside), "on_date", rules.plan)
