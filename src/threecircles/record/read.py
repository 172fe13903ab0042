"""The only door to child-level rows above this floor: no grant, no row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Literal

import narwhals as nw

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.safety import Grant, Sensitive
from threecircles.definitions import Definition, load
from threecircles.record.derive.as_known import known_on
from threecircles.record.pointers import repointed
from threecircles.record.tables import table as declared
from threecircles.record.tables import tables

Links = Literal["point", "careful", "generous", "draw"]


@dataclass(frozen=True, kw_only=True)
class Attributes(Definition):
    """Which columns an attribute covers (definitions/record/attributes.yaml).

    never: columns that do not leave at all. attributes: attribute -> columns, written column or
    table.column.
    """

    never: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class StatingRows:
    """Rows of a table that state a fact of the class immigration."""

    table: str
    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImmigrationRows(Definition):
    """The class immigration, as this door needs it (definitions/purposes/immigration.yaml)."""

    attribute: str
    rows: tuple[StatingRows, ...]
    fields: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Look:
    """One try at the door, for the audit log: told before rows are returned or refused."""

    table: str
    purpose: str
    actor: str
    attributes: tuple[str, ...]
    permitted: bool
    reason: str = ""


def read(
    table: str,
    attributes: Iterable[str] = (),
    population: nw.LazyFrame | None = None,
    *,
    grant: Grant | None,
    frames: Callable[[str], nw.LazyFrame | None],
    links: Links = "point",
    draw: int = 1,
    audit: Callable[[Look], None] = lambda look: None,
) -> Sensitive[nw.LazyFrame]:
    """Rows of a table of the record for a purpose, as a Sensitive table.

    table: name without `record.`. attributes: what is asked for beyond the table's open columns; each
    must be named by the grant. population: person_id of those wanted, None = everybody.
    frames: gives a table by name (for example Runner.table). links: point and generous take every
    link, careful those of .95 and over, draw takes links by their probability (draw = 1 to 20).
    audit: told of every try before anything else happens.
    Raises NotPermitted without a grant, with an expired one, or for an attribute outside it; people
    who objected are left out.
    """
    wanted = tuple(sorted(set(attributes)))
    purpose, actor = (grant.purpose, grant.actor) if isinstance(grant, Grant) else ("", "")
    try:
        _check(table, wanted, grant)
    except NotPermitted as refusal:
        audit(Look(table, purpose, actor, wanted, permitted=False, reason=refusal.what))
        raise
    assert grant is not None
    audit(Look(table, purpose, actor, wanted, permitted=True))
    rows = _rows(table, grant, frames)
    if links in ("careful", "draw"):
        pointers = frames("record.person_record")
        if pointers is not None:
            rows = repointed(rows, pointers, links, draw)
    if population is not None:
        rows = rows.join(population.select("person_id").unique(), on="person_id", how="semi")
    shown = door(f"record.{table}", rows, _narrowed(grant, wanted))
    return Sensitive(shown, {"table": f"record.{table}", "purpose": grant.purpose, "links": links})


def door(table: str, frame: Any, grant: Grant) -> Any:
    """A child-level table as a grant may see it: without those who objected, and without other columns.

    table: name with `record.` or `identity.`. frame: a Narwhals LazyFrame. Tables that tell of no
    single person pass as they are.
    """
    if not isinstance(grant, Grant):
        raise NotPermitted(
            "Child-level rows open only with a grant.",
            mend="Ask disclosure for one: check_may_read(purpose=...).",
        )
    grant.check()
    name = table.partition(".")[2].removesuffix("_history")
    if name not in tables() or not declared(name).child_level:
        return frame
    columns = frame.collect_schema().names()
    for column in ("person_id", "other_person_id"):
        if column in columns and grant.excluded:
            gone = nw.col(column).is_in(sorted(grant.excluded)).fill_null(False)
            frame = frame.filter(~gone)
    frame = _without_immigration(name, frame, columns, grant)
    if "restricted" in columns and not _allows(grant, "restricted"):
        frame = frame.filter(~nw.col("restricted").fill_null(False))
    hidden = hidden_columns(name, grant)
    return frame.select(*(c for c in columns if c not in hidden))


def _without_immigration(name: str, frame: Any, columns: list[str], grant: Grant) -> Any:
    """Rows about immigration leave only where the grant itself names them: `*` is not enough."""
    rule = load("purposes/immigration", ImmigrationRows)
    if rule.attribute in grant.attributes:
        return frame
    for rows in rule.rows:
        if rows.table == name and rows.column in columns:
            frame = frame.filter(~nw.col(rows.column).is_in(list(rows.values)).fill_null(False))
    return frame


def hidden_columns(name: str, grant: Grant) -> frozenset[str]:
    """Columns of a table that the grant does not cover."""
    rule = _attributes()
    hidden = set(rule.never)
    for attribute, columns in rule.attributes.items():
        if _allows(grant, attribute):
            continue
        for column in columns:
            owner, _, short = column.rpartition(".")
            if owner in ("", name):
                hidden.add(short)
    return frozenset(hidden)


def _check(table: str, attributes: tuple[str, ...], grant: Grant | None) -> None:
    if not isinstance(grant, Grant):
        raise NotPermitted(
            "Child-level rows open only with a grant.",
            mend="Ask disclosure for one: check_may_read(purpose=...).",
        )
    grant.check(frozenset(attributes))
    declared(table)


def _rows(table: str, grant: Grant, frames: Callable[[str], nw.LazyFrame | None]) -> nw.LazyFrame:
    rows = frames(f"record.{table}")
    if rows is None:
        raise UsageError(
            f"The record of this place has no table {table}.",
            mend="Run `threecircles run` for the place first.",
        )
    if grant.as_known and "known_from" in declared(table).names:
        history = frames(f"record.{table}_history")
        both = rows if history is None else nw.concat([rows, history])
        return known_on(both, date.fromisoformat(grant.as_known))
    return rows


def _narrowed(grant: Grant, wanted: tuple[str, ...]) -> Grant:
    """The grant with only the attributes asked for: less is shown than could be."""
    return replace(grant, attributes=frozenset(wanted))


def _allows(grant: Grant, attribute: str) -> bool:
    return "*" in grant.attributes or attribute in grant.attributes


@cache
def _attributes() -> Attributes:
    return load("record/attributes", Attributes)


def frames_of(found: Mapping[str, nw.LazyFrame]) -> Callable[[str], nw.LazyFrame | None]:
    """A giver of frames over a dictionary, for tests and small tools."""
    return found.get
