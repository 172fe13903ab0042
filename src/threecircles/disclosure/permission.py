"""The doors: without these functions a permission would be something each room remembers to ask.

Each check_may_... returns or raises NotPermitted, and writes its audit line first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from threecircles.core.errors import NotPermitted
from threecircles.core.safety import Grant
from threecircles.disclosure import agreements, audit
from threecircles.disclosure.ethics import FICTITIOUS
from threecircles.disclosure.immigration import immigration
from threecircles.disclosure.people import LOCAL_ROLES, accounts
from threecircles.disclosure.policy import Asked, Decision, Person, decide, resource_type
from threecircles.disclosure.purposes import Purpose, forbidden, purpose, purposes
from threecircles.disclosure.why_not import why_not

GRANT_LASTS = timedelta(hours=12)
"""A grant outlives the longest run of one place, and no working day."""


def check_may_read(
    purpose_id: str,
    *,
    tables: Sequence[str],
    attributes: Sequence[str] = (),
    actor: Person,
    folder: Path,
    fictitious: bool = False,
    ethics_id: str | None = None,
    excluded: Iterable[str] = (),
) -> Grant:
    """A grant to read pseudonymous child-level tables for a purpose.

    tables: names or patterns below record and identity. attributes: beyond person_public; each must
    be named by the purpose. excluded: person_ids left out by objection. Raises NotPermitted.
    """
    child_level = [t for t in tables if t.startswith(("record.", "identity."))]
    known = _purpose(purpose_id, "view_sensitive_table", child_level, actor, folder)
    questions = [
        Asked(
            person=actor,
            action="view_sensitive_table",
            purpose=known.id,
            resource_type="Dataset",
            resource={
                "owner": actor.organisation,
                "purposes": [p.id for p in purposes().values() if p.may_read(t)],
            },
            lawful_basis=",".join(known.lawful_basis),
        )
        for t in child_level
    ]
    policies = check(questions, folder=folder, names=child_level, known=known)
    if immigration().attribute in attributes:
        policies = (*policies, *_check_immigration(child_level, actor, known, folder))
    outside = sorted(
        a
        for a in attributes
        if "*" not in known.attributes
        and a not in known.attributes
        and not (a == immigration().attribute and known.names_immigration)
    )
    if outside:
        raise NotPermitted(
            f"The purpose {known.id} does not cover: {', '.join(outside)}.",
            allowed=", ".join(sorted(known.attributes)) or "person_public only",
            mend="Name the attribute in the purpose's definition, with its reason, or do without it.",
        )
    return Grant(
        purpose=known.id, actor=actor.id, basis=",".join(known.lawful_basis), policies=policies,
        attributes=frozenset(attributes), excluded=frozenset(excluded),
        expires=datetime.now(UTC) + GRANT_LASTS,
        ethics_id=ethics_id or (FICTITIOUS if fictitious else None), fictitious=fictitious,
    )  # fmt: skip


def _check_immigration(
    tables: Sequence[str], actor: Person, known: Purpose, folder: Path
) -> tuple[str, ...]:
    """Facts about immigration need a purpose that names them and an agreement that lists them."""
    listed = agreements.lists_immigration(folder, known.id, datetime.now(UTC).date())
    question = Asked(
        person=actor, action="view_sensitive_table", purpose=known.id, resource_type="Dataset",
        resource={"owner": actor.organisation, "purposes": [known.id], "immigration": True},
        lawful_basis=",".join(known.lawful_basis), agreement=(known.id,) if listed else None,
        agreement_immigration=listed,
    )  # fmt: skip
    return check([question], folder=folder, names=[f"immigration:{','.join(tables)}"], known=known)


def check_may(
    action: str,
    *,
    actor: Person,
    purpose_id: str,
    folder: Path,
    resource_id: str,
    resource: Mapping[str, Any] | None = None,
    agreement: tuple[str, ...] | None = None,
    agreement_immigration: bool = False,
    session_age: int = 0,
    two_people: bool = False,
    detail: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Permission for one action on one thing; returns the ids of the policies that allow it.

    resource_id: for the audit line, for example `person:0123456789ABCDEF`. resource: what policies
    need to know of it. Raises NotPermitted; the audit line is written either way, before returning.
    """
    known = _purpose(purpose_id, action, [resource_id], actor, folder)
    question = Asked(
        person=actor, action=action, purpose=known.id, resource_type=resource_type(action), resource=dict(resource or {}),
        lawful_basis=",".join(known.lawful_basis), agreement=agreement, agreement_immigration=agreement_immigration,
        session_age=session_age, two_people=two_people,
    )  # fmt: skip
    return check([question], folder=folder, names=[resource_id], known=known, detail=detail)


def check(
    questions: Sequence[Asked],
    *,
    folder: Path,
    names: Sequence[str],
    known: Purpose,
    detail: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Decide a list of questions together, write one audit line, and raise unless all are allowed."""
    local = folder / "forbidden.yaml"
    decisions = decide(questions, local if local.exists() else None)
    refused = [(q, d) for q, d in zip(questions, decisions, strict=True) if not d.allowed]
    policies = tuple(sorted({p for d in decisions for p in d.policies}))
    if not questions:
        return policies
    asked = questions[0]
    basis = ",".join(known.lawful_basis)
    if not accounts(folder) and asked.person.roles == LOCAL_ROLES:
        basis += ";local-operator"
    audit.append(
        folder, actor=asked.person.id, action=asked.action, resource=f"{_kind(asked)}:{','.join(names)}",
        purpose=known.id, basis=basis, decision="deny" if refused else "allow",
        policy=tuple(sorted({p for _, d in refused for p in d.policies})) if refused else policies,
        detail=detail,
    )  # fmt: skip
    if refused:
        raise _refusal(*refused[0])
    return policies


def _kind(asked: Asked) -> str:
    return {"Dataset": "table", "Child": "person", "Output": "release", "House": "house"}[
        asked.resource_type
    ]


def _purpose(
    purpose_id: str, action: str, names: Sequence[str], actor: Person, folder: Path
) -> Purpose:
    """The purpose, or a refusal that is audited like any other."""
    local = folder / "forbidden.yaml"
    try:
        return purpose(purpose_id, local if local.exists() else None)
    except NotPermitted:
        named = purpose_id if purpose_id in forbidden() else "unknown"
        audit.append(
            folder, actor=actor.id, action=action, resource=",".join(names), purpose=named, basis="",
            decision="deny", policy=("never-forbidden-purpose",) if named != "unknown" else (),
        )  # fmt: skip
        raise


def _refusal(asked: Asked, decision: Decision) -> NotPermitted:
    # Restricted, adopted-away and unknown children must read alike: nothing here speaks of the child.
    told = why_not(asked)
    rules = "" if asked.resource_type == "Child" else ", ".join(decision.policies)
    return NotPermitted(
        f"{asked.person.id} may not do this: {asked.action.replace('_', ' ')} for {asked.purpose}.",
        found="; ".join(told) if told else "no policy permits it",
        allowed=f"see policies: {rules}" if rules else "",
    )
