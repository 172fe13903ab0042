"""Periods of care, placements and legal statuses: without them one child's stay would be many episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw

from threecircles.core.expr import days_between
from threecircles.definitions import Definition, load
from threecircles.record.derive.ended import ended
from threecircles.record.derive.spell import ORDER
from threecircles.record.derive.stock import any_point


@dataclass(frozen=True, kw_only=True)
class CareRules(Definition):
    """Which codes begin a spell and which rows stand apart (definitions/derived/care.yaml)."""

    short_breaks: tuple[str, ...]
    care_starts: tuple[str, ...]
    placement_starts: tuple[str, ...]
    carer_starts: tuple[str, ...]
    temporary_placements: tuple[str, ...]


def care_rules() -> CareRules:
    """The shipped rules."""
    return load("derived/care", CareRules)


def care_tables(rows: nw.LazyFrame, care: CareRules) -> dict[str, nw.LazyFrame]:
    """What is told of care, by the table's name; rows as `period_of_care`, with place."""
    return {
        "period_of_care": period_of_care(rows, care),
        "placement_spell": placement_spell(rows, care),
        "carer_spell": carer_spell(rows, care),
        "legal_spell": legal_spell(rows, care),
    }


def episodes_in_period(rows: nw.LazyFrame, care: CareRules) -> nw.LazyFrame:
    """The rows numbered by period of care, short breaks apart.

    rows: row_id, person_id, valid_from (DECOM), valid_to? (DEC), end_basis?, ended_from? (the column may be
    absent), reason_in (RNE), ls (legal status), of the process `placement`. A new period starts where DECOM
    lies after the DEC of the row before (the gap rule); a row before without DEC, or with one that cannot be
    right, makes no break, and the last row of a period whose own end is lost ends it on the first day on
    which that can be.
    Adds short_break, period (from 1), opens (1 on the first row of a period), overlap, closes.
    """
    group = ["person_id", "short_break"]
    before, order = nw.col("_before"), nw.col("_order")
    marked = rows.with_columns(
        short_break=nw.col("ls").is_in(care.short_breaks).fill_null(False), _one=nw.lit(1)
    )
    numbered = (
        marked.with_columns(
            _before=nw.col("valid_to").shift(1).over(*group, order_by=ORDER),
            _order=nw.col("_one").cum_sum().over(*group, order_by=ORDER).cast(nw.Int64),
        )
        .with_columns(
            opens=_one((order == 1) | (nw.col("valid_from") > before)),
            overlap=_one((order > 1) & (before.is_null() | (nw.col("valid_from") < before))),
        )
        .with_columns(period=nw.col("opens").cum_sum().over(*group, order_by=ORDER).cast(nw.Int64))
        .with_columns(_next=nw.col("period").shift(-1).over(*group, order_by=ORDER).fill_null(-1))
        .with_columns(closes=_one(nw.col("_next") != nw.col("period")))
        .drop("_one", "_before", "_order", "_next")
    )
    return ended(numbered)


def period_of_care(rows: nw.LazyFrame, care: CareRules) -> nw.LazyFrame:
    """One row per unbroken period in care; rows as `episodes_in_period`, with reason_out (REC).

    RNE S is the source's own claim of a start: it is counted, it does not decide. The period ends as
    its last row does.
    Columns: person_id, short_break, period, valid_from, valid_to, reason_in, reason_out,
    first_row_id, last_row_id, n_rows, n_overlaps, n_rne_starts, starts_disagree.
    """
    numbered = episodes_in_period(rows, care)
    opens, closes = nw.col("opens") == 1, nw.col("closes") == 1
    claimed = _one(nw.col("reason_in").is_in(care.care_starts).fill_null(False))
    return (
        numbered.with_columns(
            _from=nw.when(opens).then(nw.col("valid_from")),
            _to=nw.when(closes).then(nw.col("valid_to")),
            _first=nw.when(opens).then(nw.col("row_id")),
            _last=nw.when(closes).then(nw.col("row_id")),
            _in=nw.when(opens).then(nw.col("reason_in")),
            _out=nw.when(closes).then(nw.col("reason_out")),
            _claimed=claimed,
            _unlike=_one((claimed == 1) != opens),
        )
        .group_by("person_id", "short_break", "period")
        .agg(
            nw.col("_from").max().alias("valid_from"),
            nw.col("_to").max().alias("valid_to"),
            nw.col("_in").max().alias("reason_in"),
            nw.col("_out").max().alias("reason_out"),
            nw.col("_first").max().alias("first_row_id"),
            nw.col("_last").max().alias("last_row_id"),
            nw.len().cast(nw.Int64).alias("n_rows"),
            nw.col("overlap").sum().cast(nw.Int64).alias("n_overlaps"),
            nw.col("_claimed").sum().cast(nw.Int64).alias("n_rne_starts"),
            nw.col("_unlike").max().alias("_unlike"),
        )
        .with_columns(starts_disagree=nw.col("_unlike") == 1)
        .drop("_unlike")
    )


def placement_spell(rows: nw.LazyFrame, care: CareRules) -> nw.LazyFrame:
    """One row per placement: begins at RNE S, P, T, B or U; a change of legal status goes on.

    rows: as period_of_care, with place. Columns: person_id, short_break, period, spell, valid_from,
    valid_to, place (of its first row), temporary, first_row_id, last_row_id, n_rows.
    """
    begun = _within_period(rows, care, nw.col("reason_in").is_in(care.placement_starts), ["place"])
    return begun.with_columns(temporary=nw.col("place").is_in(care.temporary_placements))


def carer_spell(rows: nw.LazyFrame, care: CareRules) -> nw.LazyFrame:
    """One row per carer: begins at RNE S, P or B; T, U and L stay with the same carer.

    Columns: person_id, short_break, period, spell, valid_from, valid_to, first_row_id, last_row_id, n_rows.
    """
    return _within_period(rows, care, nw.col("reason_in").is_in(care.carer_starts), [])


def legal_spell(rows: nw.LazyFrame, care: CareRules) -> nw.LazyFrame:
    """One row per unchanged legal status inside a period of care.

    Columns: person_id, short_break, period, spell, valid_from, valid_to, ls, first_row_id,
    last_row_id, n_rows.
    """
    group = ["person_id", "short_break", "period"]
    numbered = episodes_in_period(rows, care).with_columns(
        _was=nw.col("ls").shift(1).over(*group, order_by=ORDER)
    )
    changed = (nw.col("ls") != nw.col("_was")).fill_null(True)
    return _spells(numbered.with_columns(_new=_one(changed | (nw.col("opens") == 1))), ["ls"])


def days_in_care(periods: nw.LazyFrame, first: date, last: date) -> nw.LazyFrame:
    """Days in care from `first` to `last`, start day in, end day out, short breaks left out.

    periods: as period_of_care. An open period runs to the end of `last`. Columns: person_id, days.
    """
    after = nw.lit(last) if last == date.max else nw.lit(date.fromordinal(last.toordinal() + 1))
    start = (
        nw.when(nw.col("valid_from") < nw.lit(first))
        .then(nw.lit(first))
        .otherwise(nw.col("valid_from"))
    )
    end = (
        nw.when(nw.col("valid_to").is_null() | (nw.col("valid_to") > after))
        .then(after)
        .otherwise(nw.col("valid_to"))
    )
    return (
        any_point(periods.filter(~nw.col("short_break")), first, last)
        .with_columns(days=days_between(start, end))
        .group_by("person_id")
        .agg(nw.col("days").sum().cast(nw.Int64))
    )


def _within_period(
    rows: nw.LazyFrame, care: CareRules, begins: nw.Expr, keep: Sequence[str]
) -> nw.LazyFrame:
    numbered = episodes_in_period(rows, care)
    begun = begins.fill_null(False) | (nw.col("opens") == 1)
    return _spells(numbered.with_columns(_new=_one(begun)), keep)


def _spells(numbered: nw.LazyFrame, keep: Sequence[str]) -> nw.LazyFrame:
    group = ["person_id", "short_break", "period"]
    opens, closes = nw.col("_new") == 1, nw.col("_last") == 1
    return (
        numbered.with_columns(
            spell=nw.col("_new").cum_sum().over(*group, order_by=ORDER).cast(nw.Int64)
        )
        .with_columns(_next=nw.col("spell").shift(-1).over(*group, order_by=ORDER).fill_null(-1))
        .with_columns(_last=_one(nw.col("_next") != nw.col("spell")))
        .with_columns(
            _to=nw.when(closes).then(nw.col("valid_to")),
            _first_row=nw.when(opens).then(nw.col("row_id")),
            _last_row=nw.when(closes).then(nw.col("row_id")),
            **{f"_{name}": nw.when(opens).then(nw.col(name)) for name in keep},
        )
        .group_by(*group, "spell")
        .agg(
            nw.col("valid_from").min(),
            nw.col("_to").max().alias("valid_to"),
            *(nw.col(f"_{name}").max().alias(name) for name in keep),
            nw.col("_first_row").max().alias("first_row_id"),
            nw.col("_last_row").max().alias("last_row_id"),
            nw.len().cast(nw.Int64).alias("n_rows"),
        )
    )


def _one(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))
