"""From the first contact to the first help: waits, hand-offs, double assessments, services at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from threecircles.core.expr import day_number
from threecircles.definitions import Definition, load

ORDER = ["valid_from", "row_id"]


@dataclass(frozen=True, kw_only=True)
class ContactPathRule(Definition):
    """What counts as contact and as assessment (definitions/derived/contact_path.yaml).

    contacts: processes whose events are contacts. assessments: processes that are assessments.
    duplicate_days: days within which a second body's assessment counts as a duplicate.
    """

    contacts: tuple[str, ...]
    assessments: tuple[str, ...]
    duplicate_days: int


def contact_path_rule() -> ContactPathRule:
    """The shipped rule."""
    return load("derived/contact_path", ContactPathRule)


def contact_path(
    episodes: nw.LazyFrame, events: nw.LazyFrame, helps: Sequence[str], rule: ContactPathRule
) -> nw.LazyFrame:
    """One row per person with a contact or any help.

    episodes: row_id, person_id, process, body (who was in charge), valid_from, valid_to. events:
    person_id, process, on_date. helps: processes that are help, parts of others left out.
    Columns: person_id, first_contact_on, first_help_on, help_process, days (contact to help; null
    where help came first or never), hand_offs, duplicate_assessments, most_at_once.
    """
    contacts = (
        events.filter(nw.col("process").is_in(list(rule.contacts)))
        .group_by("person_id")
        .agg(nw.col("on_date").min().alias("first_contact_on"))
    )
    given = episodes.filter(nw.col("process").is_in(list(helps)))
    first, moved = _first_help(given), _hand_offs(given)
    doubled, at_once = _duplicates(episodes, rule), _at_once(given)
    persons = nw.concat([contacts.select("person_id"), first.select("person_id")]).unique()
    joined = persons
    for part in (contacts, first, moved, doubled, at_once):
        joined = joined.join(part, on="person_id", how="left")
    waited = day_number(nw.col("first_help_on")) - day_number(nw.col("first_contact_on"))
    return joined.select(
        "person_id",
        "first_contact_on",
        "first_help_on",
        "help_process",
        nw.when(waited >= 0).then(waited).alias("days"),
        nw.col("hand_offs").fill_null(0).cast(nw.Int64),
        nw.col("duplicate_assessments").fill_null(0).cast(nw.Int64),
        nw.col("most_at_once").fill_null(0).cast(nw.Int64),
    )


def _first_help(given: nw.LazyFrame) -> nw.LazyFrame:
    ranked = given.with_columns(_one=nw.lit(1)).with_columns(
        _order=nw.col("_one").cum_sum().over("person_id", order_by=ORDER)
    )
    return ranked.filter(nw.col("_order") == 1).select(
        "person_id", first_help_on="valid_from", help_process="process"
    )


def _hand_offs(given: nw.LazyFrame) -> nw.LazyFrame:
    before = given.with_columns(_was=nw.col("body").shift(1).over("person_id", order_by=ORDER))
    changed = (nw.col("_was") != nw.col("body")).fill_null(False)
    return (
        before.with_columns(_moved=_one(changed))
        .group_by("person_id")
        .agg(nw.col("_moved").sum().alias("hand_offs"))
    )


def _duplicates(episodes: nw.LazyFrame, rule: ContactPathRule) -> nw.LazyFrame:
    mine = episodes.filter(nw.col("process").is_in(list(rule.assessments)))
    before = mine.with_columns(
        _was=nw.col("body").shift(1).over("person_id", order_by=ORDER),
        _then=nw.col("valid_from").shift(1).over("person_id", order_by=ORDER),
    )
    near = day_number(nw.col("valid_from")) - day_number(nw.col("_then")) <= rule.duplicate_days
    doubled = ((nw.col("_was") != nw.col("body")) & near).fill_null(False)
    return (
        before.with_columns(_twice=_one(doubled))
        .group_by("person_id")
        .agg(nw.col("_twice").sum().alias("duplicate_assessments"))
    )


def _at_once(given: nw.LazyFrame) -> nw.LazyFrame:
    begins = given.select("person_id", _day=nw.col("valid_from"), _step=nw.lit(1))
    ends = given.filter(~nw.col("valid_to").is_null()).select(
        "person_id", _day=nw.col("valid_to"), _step=nw.lit(-1)
    )
    moves = nw.concat([begins, ends]).group_by("person_id", "_day").agg(nw.col("_step").sum())
    return (
        moves.with_columns(
            _open=nw.col("_step").cum_sum().over("person_id", order_by="_day").cast(nw.Int64)
        )
        .group_by("person_id")
        .agg(nw.col("_open").max().alias("most_at_once"))
    )


def _one(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))
