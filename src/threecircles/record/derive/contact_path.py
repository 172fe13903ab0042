"""From the first contact to the first help: waits, hand-offs, double assessments, services at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from threecircles.core.expr import days_between
from threecircles.definitions import Definition, load

ORDER = ["valid_from", "row_id"]

SHAPE: dict[str, type[nw.Date] | type[nw.String] | type[nw.Int64]] = {
    "first_contact_on": nw.Date, "first_help_on": nw.Date, "help_process": nw.String, "hand_offs": nw.Int64,
    "duplicate_assessments": nw.Int64, "most_at_once": nw.Int64,
}  # fmt: skip
"""What the parts of a path tell, each some of it."""


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
    # Few columns from the start: each later step of a query is planned over all that it carries.
    slim = episodes.select("row_id", "person_id", "process", "body", "valid_from", "valid_to")
    given = slim.filter(nw.col("process").is_in(list(helps)))
    parts = (
        _laid(contacts, "first_contact_on"),
        _laid(_helped(given), "first_help_on", "help_process", "hand_offs"),
        _laid(_duplicates(slim, rule), "duplicate_assessments"),
        _laid(_at_once(given), "most_at_once"),
    )
    # One line of each kind laid under the other and drawn together: a join would reckon a kind anew.
    whole = nw.concat(parts).group_by("person_id")
    drawn = whole.agg(*(nw.col(name).max() for name in SHAPE))
    contact, helped = nw.col("first_contact_on"), nw.col("first_help_on")
    waited = days_between(contact, helped)
    return drawn.filter(~contact.is_null() | ~helped.is_null()).select(
        "person_id",
        "first_contact_on",
        "first_help_on",
        "help_process",
        nw.when(waited >= 0).then(waited).alias("days"),
        nw.col("hand_offs").fill_null(0),
        nw.col("duplicate_assessments").fill_null(0),
        nw.col("most_at_once").fill_null(0),
    )


def _laid(part: nw.LazyFrame, *told: str) -> nw.LazyFrame:
    """The part in the shape of all of them; all but what it tells is null."""
    return part.select(
        "person_id",
        *(
            (nw.col(name) if name in told else nw.lit(None)).cast(kind).alias(name)
            for name, kind in SHAPE.items()
        ),
    )


def _helped(given: nw.LazyFrame) -> nw.LazyFrame:
    """First help and changes of the body in charge, in one look at each person's help in order."""
    before = given.with_columns(
        _before=nw.col("row_id").shift(1).over("person_id", order_by=ORDER),
        _was=nw.col("body").shift(1).over("person_id", order_by=ORDER),
    )
    moved = (nw.col("_was") != nw.col("body")).fill_null(False)
    return (
        before.with_columns(
            _first=nw.when(nw.col("_before").is_null()).then(nw.col("process")), _moved=_one(moved)
        )
        .group_by("person_id")
        .agg(
            nw.col("valid_from").min().alias("first_help_on"),
            nw.col("_first").max().alias("help_process"),
            nw.col("_moved").sum().alias("hand_offs"),
        )
    )


def _duplicates(episodes: nw.LazyFrame, rule: ContactPathRule) -> nw.LazyFrame:
    mine = episodes.filter(nw.col("process").is_in(list(rule.assessments)))
    before = mine.with_columns(
        _was=nw.col("body").shift(1).over("person_id", order_by=ORDER),
        _then=nw.col("valid_from").shift(1).over("person_id", order_by=ORDER),
    )
    near = days_between(nw.col("_then"), nw.col("valid_from")) <= rule.duplicate_days
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
        moves.with_columns(_open=nw.col("_step").cum_sum().over("person_id", order_by="_day"))
        .group_by("person_id")
        .agg(nw.col("_open").max().alias("most_at_once"))
    )


def _one(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))
