"""The two doors of the room: without them no return could be checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import duckdb
import polars as pl

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.quality.availability import Availability, why_skipped
from threecircles.quality.canonical import canonical, plain_name
from threecircles.quality.database import (
    borrowed,
    database,
    fill,
    fill_macros,
    fill_references,
    fill_views,
    lock,
)
from threecircles.quality.derive import authority_code, derive
from threecircles.quality.execution import Outcome
from threecircles.quality.factors import imply_factors
from threecircles.quality.layout import PREVIOUS, Layout, layout
from threecircles.quality.references import reference_tables
from threecircles.quality.report import Report
from threecircles.quality.rule import Rule
from threecircles.quality.rulebook import (
    in_order,
    load_local,
    return_id,
    rules_in_force,
    year_number,
)
from threecircles.quality.running import Progress, run_rules
from threecircles.quality.shared_sql import View, with_parents
from threecircles.quality.window import window


def check_tables(
    return_name: str,
    year: object,
    tables: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
    reference: Mapping[str, Any] | None = None,
    mode: str = "stated",
    codes: Iterable[str] | None = None,
    *,
    local: Path | None = None,
    progress: Progress | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
    as_read: bool = False,
) -> Report:
    """Check tables of a return against every rule of the year.

    return_name: cin, 903 or cross. year: collection year, 2026 or "2025-26". tables: table name ->
    Polars, Arrow or other frame, or list of records; any subset of tables and columns; last year's
    tables end in _last. metadata: collection_year, or reference_date, or collection_start with
    collection_end; local_authority. reference: postcodes, authorities, providers, links. mode:
    stated (the published rule) or compatible (as the sector's public tool evaluates it). codes:
    only these rules. local: a folder of local rules. progress: called with stage, done, of.
    connection: a database to borrow and leave as it was, for many small checks in a row. as_read:
    every text stands in the return's own form already, as our readers leave it.
    Returns a Report; inputs are never changed.
    A table that the return does not have is left out and noted in the report.
    Raises UsageError for an unknown return, year, mode or code, and for a table that is none.
    """
    known, end_year = return_id(return_name), year_number(year)
    if mode not in ("stated", "compatible"):
        raise UsageError(f"{mode} is not a mode.", allowed="stated, compatible")
    form = layout(known)
    told = dict(metadata or {})
    given, notes = _canonical_tables(form, tables, mode, as_read)
    given = imply_factors(given) if known == "cin" else given
    sent = {name: frozenset(frame.columns) for name, frame in given.items()}
    references = reference_tables(reference)
    authority = authority_code(told.get("local_authority"), given)
    derived, names_derived = derive(known, given, references, authority)
    covers = window(known, end_year, told, derived)
    there = Availability(
        {
            name: frozenset(frame.columns) | names_derived.get(name, frozenset())
            for name, frame in derived.items()
        },
        sent,
        frozenset(references)
        | ({"window"} if covers else set())
        | ({"own_authority"} if authority else set()),
    )
    rules = _chosen(known, end_year, codes, local)
    outcomes = {
        rule.code: Outcome(rule, "skipped", reason)
        for rule in rules
        if (reason := why_skipped(rule, there, mode))
    }
    running = [rule for rule in rules if rule.code not in outcomes]
    shared = with_parents(tuple(dict.fromkeys(v for r in running for v in r.views)), known)
    sql = "\n".join([*(r.sql(mode) + r.compared for r in running), *(v.query for v in shared)])
    parts: tuple[Rule | View, ...] = (*running, *shared)
    needed = columns_needed(parts)
    # One thread each: two rules run at a time, and an engine that looks for more work than that costs a fifth.
    with borrowed(connection) if connection else database(threads=1) as open_one:
        fill(open_one, form, derived, needed, alone=connection is not None)
        fill_references(open_one, references, sql)
        fill_macros(
            open_one, covers, end_year, authority, there.names() | frozenset(references), sql
        )
        fill_views(open_one, shared)
        if connection is None:
            lock(open_one)
        outcomes |= run_rules(open_one, running, mode, progress, alone=connection is not None)
    ordered = {rule.code: outcomes[rule.code] for rule in rules}
    return Report(known, end_year, mode, ordered, derived, sent, covers, notes)


def check(
    reading: Any,
    *,
    return_name: str,
    year: object,
    mode: str = "stated",
    codes: Iterable[str] | None = None,
    local: Path | None = None,
    metadata: Mapping[str, Any] | None = None,
    reference: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check what a reader read: `reading.tables` is a mapping of table name to frame.

    The other arguments are those of check_tables. Row numbers are those of the tables read; `_file`
    and `_at`, where the reader gives them, tell file and line in the stored findings.
    """
    return check_tables(
        return_name, year, reading.tables, metadata, reference, mode, codes,
        local=local, progress=progress, as_read=bool(getattr(reading, "canonical", False)),
    )  # fmt: skip


class Reading(Protocol):
    """Anything that reads tables: a rule, a shared view, a measure."""

    @property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """Table -> columns."""


def columns_needed(parts: Iterable[Reading]) -> dict[str, set[str]]:
    """Table -> all columns that any of the parts reads."""
    found: dict[str, set[str]] = {}
    for part in parts:
        for table, columns in part.needs.items():
            found.setdefault(table, set()).update(columns)
    return found


def _canonical_tables(
    form: Layout, tables: Mapping[str, Any], mode: str, as_read: bool
) -> tuple[dict[str, pl.DataFrame], tuple[str, ...]]:
    """The known tables as text, and a note for each table that the return does not have."""
    names = {plain_name(name): name for name in form.tables}
    found: dict[str, pl.DataFrame] = {}
    notes: list[str] = []
    if not isinstance(tables, Mapping):
        raise UsageError(
            "Tables are handed over by name.",
            found=type(tables).__name__,
            allowed="{'Episodes': table, ...}",
        )
    for given, frame in tables.items():
        if frame is None:
            continue
        base, previous = (
            (given[: -len(PREVIOUS)], PREVIOUS)
            if given.casefold().endswith(PREVIOUS)
            else (given, "")
        )
        name = names.get(plain_name(base))
        if name is None:
            question = did_you_mean(given, form.tables)
            notes.append(
                f"The table {given} belongs to no rule and was not checked. {question}".strip()
            )
            continue
        if name + previous in found:
            raise UsageError(
                f"Two tables are both {name + previous}.", mend="Hand over one, or join them first."
            )
        found[name + previous] = canonical(
            frame, form.table(name), normalise_booleans=mode == "stated", as_read=as_read
        )
    return found, tuple(notes)


def _chosen(
    known: str, year: int, codes: Iterable[str] | None, local: Path | None
) -> tuple[Rule, ...]:
    rules = rules_in_force(known, year) + (load_local(local, known) if local else ())
    if codes is None:
        return rules
    wanted = {codes} if isinstance(codes, str) else {str(code) for code in codes}
    unknown = sorted(wanted - {rule.code for rule in rules})
    if unknown:
        raise UsageError(
            f"Rule {unknown[0]} is not in force for this return and year.",
            mend=did_you_mean(unknown[0], [rule.code for rule in rules]),
        )
    return in_order(rule for rule in rules if rule.code in wanted)
