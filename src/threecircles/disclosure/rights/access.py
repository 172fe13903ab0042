"""A person's own copy: every row about them in plain words, who looked, and where it went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import polars as pl

from threecircles.core.workspace import Workspace
from threecircles.definitions import Definition, load
from threecircles.disclosure import audit, desk, preferences
from threecircles.disclosure.purposes import purposes
from threecircles.disclosure.rights.held import payload_rows, source_rows, table
from threecircles.sources.declared import source

HELD_BACK = "held back until a person has settled it"


@dataclass(frozen=True, kw_only=True)
class OthersField:
    """A column (pattern) that may tell of somebody else, and of whom."""

    column: str
    whom: str


@dataclass(frozen=True, kw_only=True)
class ThirdParties(Definition):
    """Columns that a person must look at before they are shown."""

    fields: tuple[OthersField, ...]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One row about the person: where from, what it is, and its fields as (label, value)."""

    source: str
    label: str
    delivery: str
    table: str
    row: int
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ToSettle:
    """A value that may tell of somebody else; a person decides whether it is shown."""

    delivery: str
    table: str
    row: int
    field: str
    whom: str


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Somebody's look, from the audit log. what: a person's record, or tables for a purpose."""

    at: str
    who: str
    what: str
    purpose: str
    decision: str


@dataclass(frozen=True, kw_only=True)
class Access:
    """Everything held about one person. links: how sure it is that each source means them."""

    person: str
    made: str
    rows: tuple[Told, ...]
    derived: tuple[tuple[str, int], ...]
    links: tuple[tuple[str, str, str], ...]
    looks: tuple[Looked, ...]
    releases: tuple[tuple[str, str, bool], ...]
    preferences: tuple[tuple[str, str, str], ...]
    purposes: tuple[tuple[str, str, str], ...]
    to_settle: tuple[ToSettle, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data, as it is handed over (UK GDPR art. 20 asks for a common form)."""
        return asdict(self)


def access(workspace: Workspace, person: str, settled: frozenset[str] = frozenset()) -> Access:
    """What is held about a person. The caller has asked `asking.may`; the identity key is needed.

    settled: fields (`delivery/table/row/field`) that a person has looked at and lets be shown.
    """
    rows, waiting = [], []
    rule = load("rights/third_parties", ThirdParties).fields
    for found in source_rows(workspace, person):
        declared = source(found.source)
        named = {t.name: {c.name: c.label or c.name for c in t.columns} for t in declared.tables}
        labels = named.get(found.table, {})
        for row in found.rows.iter_rows(named=True):
            number, fields = int(row["_row"]), []
            for column, value in row.items():
                if column.startswith("_") or "__" in column or value in (None, ""):
                    continue
                whom = next((f.whom for f in rule if fnmatchcase(column, f.column)), "")
                shown = str(value)
                place = f"{found.delivery}/{found.table}/{number}/{column}"
                if whom and place not in settled:
                    waiting.append(
                        ToSettle(
                            delivery=found.delivery,
                            table=found.table,
                            row=number,
                            field=column,
                            whom=whom,
                        )
                    )
                    shown = HELD_BACK
                fields.append((labels.get(column, column), shown))
            rows.append(Told(source=found.source, label=declared.label, delivery=found.delivery,
                             table=found.table, row=number, fields=tuple(fields)))  # fmt: skip
    return Access(
        person=person, made=datetime.now(UTC).date().isoformat(), rows=tuple(rows), to_settle=tuple(waiting),
        derived=tuple((name, frame.height) for name, frame in payload_rows(workspace, person)),
        links=_links(workspace, person), looks=looks(workspace, person), releases=_releases(workspace, person),
        preferences=tuple((p.purpose, p.kind, p.from_day.isoformat()) for p in preferences.preferences(workspace.path, person)),
        purposes=tuple((p.label, p.source, p.retention) for p in purposes().values()),
    )  # fmt: skip


def looks(workspace: Workspace, person: str) -> tuple[Looked, ...]:
    """Who looked at this person's record, and which readings of whole tables they were part of."""
    found = []
    for line in audit.lines(workspace.path):
        resource = str(line["resource"])
        own = f"person:{person}" in resource.split(",") or resource.endswith(f"person:{person}")
        read = resource.startswith("table:") and line["decision"] == "allow"
        if own or read:
            out = person in preferences.excluded(workspace.path, str(line["purpose"]))
            if own or not out:
                what = "your record" if own else "tables of everybody, without names"
                found.append(
                    Looked(
                        at=line["at"],
                        who=line["actor"],
                        what=what,
                        purpose=line["purpose"],
                        decision=line["decision"],
                    )
                )
    return tuple(found)


def _links(workspace: Workspace, person: str) -> tuple[tuple[str, str, str], ...]:
    pointers = table(workspace, "identity.person_record")
    if pointers is None:
        return ()
    own = pointers.filter(pl.col("person_id") == person)
    told = own.select("delivery", "source_id", "band", "p").unique().sort("delivery")
    return tuple((source(s).label, d, _sureness(band, p)) for d, s, band, p in told.iter_rows())


def _sureness(band: str, p: float | None) -> str:
    words = {
        "linked": "we are sure it is you",
        "doubtful": "it may be you",
        "unlinked": "not joined to anything else",
    }
    said = words.get(band, band)
    return said if p is None else f"{said} ({p:.0%})"


def _releases(workspace: Workspace, person: str) -> tuple[tuple[str, str, bool], ...]:
    """Each release that went out: its title, when, and whether this person was among those counted."""
    counted = any(name.startswith("record.") for name, _ in payload_rows(workspace, person))
    found = []
    for release in desk.releases(workspace):
        out = [at for action, _, at, *_ in release.steps if action == "publish"]
        if out:
            left_out = person in preferences.excluded(workspace.path, release.purpose)
            found.append((release.title, out[0][:10], counted and not left_out))
    return tuple(found)
