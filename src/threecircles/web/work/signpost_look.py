"""One look at one child: without one place for it the page and the command might keep different rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import NotPermitted
from threecircles.core.workspace import Workspace, open_workspace
from threecircles.disclosure import agreements, audit
from threecircles.disclosure.policy import Person
from threecircles.disclosure.purposes import purposes
from threecircles.disclosure.rights.held import stored
from threecircles.identity import signposting
from threecircles.identity.place import cases, consents, family, signpost_tables

PURPOSES = {"direct_care": "Helping this child", "safeguarding": "Keeping this child safe"}
FIELDS = ("number", "first_name", "surname", "date_of_birth", "postcode", "school")
FAMILY = "family_context"
"""The purpose under which workers may know who works with the family; it needs an agreement naming it."""
SEARCH = "search:page"
"""What the audit log calls the form itself; it is no look at anybody."""
_RELATIVE = "relative"
"""Ends the audit line of a relative whose services were shown; it is no search of its own."""
_LEAST_REASON = 10


Ask = Callable[[str, str, str, Mapping[str, Any], Mapping[str, Any] | None], object]
"""Asks the policies (action, purpose, resource, about, detail) and writes the audit line; raises NotPermitted."""


@dataclass(frozen=True)
class Look:
    """The answer to one question: a card, or why it was not asked at all."""

    card: signposting.Card | None
    problem: str = ""


def look(folder: Path, actor: Person, asked: Mapping[str, str], ask: Ask) -> Look:
    """The card of the one child asked for; an empty one for everybody who may not be found.

    asked: FIELDS, `purpose` (of PURPOSES), `reason` (an emergency, in words) and `family` (any text:
    the family is asked for as well). ask: asks the policies in the name of the actor.
    """
    refusal = signposting.searchable({k: asked.get(k, "") for k in FIELDS})
    refusal = refusal or _too_often(folder, actor.id)
    if not refusal and asked.get("purpose") not in PURPOSES:
        refusal = "Choose what you ask for."
    if refusal:
        return Look(None, refusal)
    workspace = open_workspace(folder, "identity")
    return Look(_card(folder, workspace, actor, asked, ask))


def _card(
    folder: Path, workspace: Workspace, actor: Person, asked: Mapping[str, str], ask: Ask
) -> signposting.Card:
    """Every look does the same work, whoever is asked for; only the policies decide what comes of it."""
    day, told = datetime.now(UTC).date(), tables(workspace)
    found = signpost_tables.find(told, {k: asked.get(k, "") for k in FIELDS})
    team = cases.open_to(workspace, actor.teams, found.records, day)
    relatives = family.relations(told, found, family.stated(workspace, told))
    known = signpost_tables.involvements(told, found, [r.other for r in relatives])
    made = signposting.card(
        found.person, consents.with_consent(workspace, told, known, day), day,
        hidden=found.hidden_persons, relations=relatives, family_allowed=bool(asked.get("family")) and family_agreed(folder, day),
        adult_services=_adult_services(folder, day),
    )  # fmt: skip
    reason = asked.get("reason", "").strip()
    emergency = len(reason) >= _LEAST_REASON
    action = "break_glass" if emergency else "signpost"
    purpose = "safeguarding" if emergency else asked["purpose"]
    about = {"team": team, "restricted": found.hidden}
    try:
        ask(action, purpose, found.person or "unknown", about, None)
    except NotPermitted:
        return signposting.Card(())
    if emergency:
        _alert(workspace, actor, reason)
    for relative in sorted({r.person for r in made.family}):
        ask(action, purpose, f"{relative},{_RELATIVE}", {"team": team}, {"under": FAMILY})
    return made


def _alert(workspace: Workspace, actor: Person, reason: str) -> None:
    now = datetime.now(UTC)
    cases.alert(workspace, cases.Alert(
        at=now.isoformat(timespec="minutes"), by=actor.id, reason=reason[:500],
        review_by=signposting.review_by(now.date()).isoformat(),
    ))  # fmt: skip


def family_agreed(folder: Path, day: date) -> bool:
    """Whether the purpose exists and an agreement in force names it."""
    return FAMILY in purposes() and bool(agreements.covering(folder, FAMILY, day))


def _adult_services(folder: Path, day: date) -> frozenset[str]:
    """Services for adults that an agreement in force for the family names among its sources."""
    named = signposting.rules().adult_services
    return frozenset(s for s in named if agreements.covering(folder, FAMILY, day, s))


def tables(workspace: Workspace) -> dict[str, pl.DataFrame | None]:
    """The tables a card is made from, None for one that no run has written."""
    paths = {t.name: (t.path, t.side) for t in stored(workspace) if t.name in signpost_tables.READ}
    return {
        name: _table(workspace, *paths[name]) if name in paths else None
        for name in signpost_tables.READ
    }


@lru_cache(maxsize=len(signpost_tables.READ))
def _table(workspace: Workspace, path: Path, side: str) -> pl.DataFrame:
    return workspace.read_table(path, side)


def _too_often(folder: Path, actor: str) -> str:
    looks = [
        datetime.fromisoformat(str(line["at"]))
        for line in audit.lines(folder)
        if line["actor"] == actor and line["action"] in ("signpost", "break_glass")
        and line["resource"] != f"person:{SEARCH}" and not str(line["resource"]).endswith(f",{_RELATIVE}")
    ]  # fmt: skip
    return signposting.may_search(looks, datetime.now(UTC))
