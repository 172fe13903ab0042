"""A child's own relations, stated and inferred: without the difference a guess would pass for knowledge.

Inferred ones come from the run's households. Stated ones are given by a case system, in one sealed
file on the identity side, with the day they ended and whether an order stands against them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, did_you_mean
from threecircles.core.workspace import Workspace
from threecircles.identity.place.sealed_lines import read_lines, write_lines
from threecircles.identity.place.signpost_tables import Found, Tables, named_persons
from threecircles.identity.request import read_text
from threecircles.identity.signposting import Relation

ROLES = {
    "sibling": "a sibling",
    "multiple_birth": "a sibling",
    "parent": "a parent",
    "carer": "a carer",
}
"""Kinds of relation that a card may speak of, and how it calls the relative."""
_NAME = "identity-relations"
_FAR = 10_000


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What a case system says: `other` is of this kind to `record` (both SOURCE|KEY), since a day.

    ended: the day it ended, or "". order: true when a court order stands against contact.
    """

    record: str
    other: str
    kind: str
    since: str
    ended: str = ""
    order: bool = False


def take_in(file: Path, workspace: Workspace) -> int:
    """Replace the stated relations by those of a CSV: record, other, kind, since, ended, order.

    Returns how many. Raises ThreeCirclesError with the row for an unknown kind or a day that is none.
    """
    table = read_text(file)
    for column in ("record", "other", "kind", "since"):
        if column not in table.columns:
            raise ThreeCirclesError(
                f"There is no column {column}.", where=file.name, allowed="record, other, kind, since, ended, order",
                mend=did_you_mean(column, table.columns),
            )  # fmt: skip
    told = []
    for number, row in enumerate(table.iter_rows(named=True), 1):
        if not row["record"] or not row["other"]:
            continue
        given = Stated(
            record=row["record"], other=row["other"], kind=(row["kind"] or "").strip().lower(), since=row["since"] or "",
            ended=row.get("ended") or "", order=(row.get("order") or "").strip().lower() in ("1", "yes", "y", "true"),
        )  # fmt: skip
        _check(given, f"{file.name}, row {number:,}")
        told.append(asdict(given))
    write_lines(workspace, _NAME, told)
    return len(told)


def stated(workspace: Workspace, tables: Tables) -> list[Relation]:
    """Stated relations between the persons of the last run; both directions of sibling and birth."""
    lines = [Stated(**line) for line in read_lines(workspace, _NAME)]
    person = named_persons(tables, [r for line in lines for r in (line.record, line.other)])
    made = []
    for line in lines:
        one, other = person.get(line.record), person.get(line.other)
        if one and other and one != other and line.kind in ROLES:
            both = line.kind in ("sibling", "multiple_birth")
            for a, b in ((one, other), (other, one)) if both else ((one, other),):
                made.append(Relation(
                    person=a, other=b, role=ROLES[line.kind], basis="stated",
                    since=date.fromisoformat(line.since), ended=bool(line.ended) or line.order,
                ))  # fmt: skip
    return made


def relations(tables: Tables, found: Found, said: list[Relation]) -> list[Relation]:
    """The child's own relations, never those of its relatives; what is stated stands above what is inferred.

    An inferred relative counts only while both live in one household now, of at most twelve children.
    """
    table, who = tables["identity.relation"], found.person or ""
    own = {r.other: r for r in said if r.person == who}
    if table is None:
        return list(own.values())
    homes = _homes(tables["identity.residence"])
    sizes = _sizes(tables["identity.household"])
    for row in table.filter(pl.col("person_id") == who).iter_rows(named=True):
        other = row["other_person_id"]
        if row["kind"] not in ROLES or other in own:
            continue
        home = homes.get(who)
        own[other] = Relation(
            person=who, other=other, role=ROLES[row["kind"]], basis=row["basis"], since=row["valid_from"],
            ended=row["valid_to"] is not None, household=sizes.get(home or "", _FAR),
            current=home is not None and homes.get(other) == home,
        )  # fmt: skip
    return list(own.values())


def _homes(residences: pl.DataFrame | None) -> dict[str, str]:
    """person -> household of the home that still holds."""
    if residences is None:
        return {}
    now = residences.filter(
        (pl.col("kind") == "home")
        & pl.col("valid_to").is_null()
        & pl.col("household_id").is_not_null()
    )
    return dict(now.select("person_id", "household_id").iter_rows())


def _sizes(households: pl.DataFrame | None) -> dict[str, int]:
    if households is None:
        return {}
    return dict(households.select("household_id", "n_children").iter_rows())


def _check(given: Stated, where: str) -> None:
    if given.kind not in ROLES:
        raise ThreeCirclesError(
            "There is no such kind of relation.", where=f"{where}, column kind", found=given.kind,
            allowed=", ".join(ROLES),
        )  # fmt: skip
    for column, value in (("since", given.since), ("ended", given.ended)):
        try:
            if value or column == "since":
                date.fromisoformat(value)
        except ValueError as wrong:
            raise ThreeCirclesError(
                "This is no day.", where=f"{where}, column {column}", allowed="yyyy-mm-dd"
            ) from wrong
