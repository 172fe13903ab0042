"""From the first contact to the first help: waits, hand-offs, double assessments, services at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from threecircles.core.expr import days_between
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

    episodes: row_id, person_id, process, body (who was in charge, never empty), valid_from,
    valid_to. events: person_id, process, on_date. helps: processes that are help, parts of others
    left out. Columns: person_id, first_contact_on, first_help_on, help_process, days (contact to
    help; null where help came first or never), hand_offs, duplicate_assessments, most_at_once.
    """
    given = episodes.filter(nw.col("process").is_in(list(helps)))
    parts = (_contacted(events, rule), _helped(given), _duplicates(episodes, rule), _at_once(given))
    # Lines of each part laid under the other and drawn together: a join would reckon a part anew.
    whole = nw.concat(parts, how="diagonal").group_by("person_id")
    dates, counts = (
        ("first_contact_on", "first_help_on", "help_process"),
        ("hand_offs", "duplicate_assessments", "most_at_once"),
    )
    drawn = whole.agg(*(nw.col(name).max() for name in (*dates, *counts)))
    contact, helped = nw.col("first_contact_on"), nw.col("first_help_on")
    waited = days_between(contact, helped)
    return drawn.filter(~contact.is_null() | ~helped.is_null()).select(
        "person_id",
        *dates,
        nw.when(waited >= 0).then(waited).alias("days"),
        *(nw.col(name).cast(nw.Int64).fill_null(0) for name in counts),
    )


def _contacted(events: nw.LazyFrame, rule: ContactPathRule) -> nw.LazyFrame:
    contacts = events.filter(nw.col("process").is_in(list(rule.contacts)))
    return contacts.group_by("person_id").agg(first_contact_on=nw.col("on_date").min())


def _helped(given: nw.LazyFrame) -> nw.LazyFrame:
    """First help and changes of the body in charge, in one look at each person's help in order."""
    before = given.with_columns(_was=nw.col("body").shift(1).over("person_id", order_by=ORDER))
    first = nw.when(nw.col("_was").is_null()).then(nw.col("process"))
    moved = nw.when(nw.col("_was") != nw.col("body")).then(nw.lit(1)).otherwise(nw.lit(0))
    return before.group_by("person_id").agg(
        first_help_on=nw.col("valid_from").min(), help_process=first.max(), hand_offs=moved.sum()
    )


def _duplicates(episodes: nw.LazyFrame, rule: ContactPathRule) -> nw.LazyFrame:
    mine = episodes.filter(nw.col("process").is_in(list(rule.assessments)))
    before = mine.with_columns(
        _was=nw.col("body").shift(1).over("person_id", order_by=ORDER),
        _then=nw.col("valid_from").shift(1).over("person_id", order_by=ORDER),
    )
    near = days_between(nw.col("_then"), nw.col("valid_from")) <= rule.duplicate_days
    doubled = nw.when((nw.col("_was") != nw.col("body")) & near).then(nw.lit(1))
    twice = doubled.otherwise(nw.lit(0)).sum()
    return before.group_by("person_id").agg(duplicate_assessments=twice)


def _at_once(given: nw.LazyFrame) -> nw.LazyFrame:
    begins = given.select("person_id", _day=nw.col("valid_from"), _step=nw.lit(1))
    ends = given.filter(~nw.col("valid_to").is_null()).select(
        "person_id", _day=nw.col("valid_to"), _step=nw.lit(-1)
    )
    # What ends on a day goes before what begins on it: the count is never above the day's own.
    running = nw.col("_step").cum_sum().over("person_id", order_by=["_day", "_step"])
    moves = nw.concat([begins, ends]).with_columns(_open=running)
    return moves.group_by("person_id").agg(most_at_once=nw.col("_open").max())
