"""Permissions as policies, deny by default: without it who may do what would hide in `if` statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import cedarpy

from threecircles.core.errors import DefinitionError
from threecircles.definitions import HOME, Definition, load_folder
from threecircles.disclosure.purposes import Purpose, forbidden, purposes

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
"""The moment at which the examples of the policies are judged."""


@dataclass(frozen=True, kw_only=True)
class Policy(Definition):
    """One policy: Cedar text with its `@id`, and examples that must be allowed or denied."""

    cedar: str
    examples: dict[str, tuple[dict[str, Any], ...]]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who acts. organisation and teams are ids; training_until in UTC; mfa: second factor used."""

    id: str
    roles: tuple[str, ...]
    organisation: str = "house"
    teams: tuple[str, ...] = ()
    training_until: datetime | None = None
    mfa: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question to the policies.

    resource_type: Dataset, Child, Output or House. resource: its attributes beyond the defaults.
    agreement: the purposes of the agreement in force, or None; agreement_immigration: it lists
    immigration facts. session_age in seconds since sign-in. two_people: a second person agreed.
    """

    person: Person
    action: str
    purpose: str
    resource_type: str
    resource: Mapping[str, Any] = field(default_factory=dict)
    lawful_basis: str = ""
    agreement: tuple[str, ...] | None = None
    agreement_immigration: bool = False
    session_age: int = 0
    two_people: bool = False
    now: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What the policies said, and which of them: the reason in the audit line."""

    allowed: bool
    policies: tuple[str, ...]


@dataclass(frozen=True)
class _Compiled:
    text: str
    policies: cedarpy.PolicySet
    schema: cedarpy.Schema
    ids: tuple[str, ...]


_RESOURCES: dict[str, dict[str, Any]] = {
    "Dataset": {
        "owner": "house",
        "sensitivity": "pseudonymous",
        "purposes": [],
        "immigration": False,
    },
    "Child": {
        "team": "",
        "restricted": False,
        "adopted_away": False,
        "objections": [],
        "named_officers": [],
    },
    "Output": {"requester": "", "checker": "", "profile": "", "state": "", "sensitivity": "safe"},
    "House": {"owner": "house"},
}


@cache
def policy_set(home: Path = HOME, local: Path | None = None) -> _Compiled:
    """The shipped policies, validated against the schema. A set that fails stops the program.

    Raises DefinitionError naming the policy and the fault: the bare engine would silently deny on a
    misspelt attribute, so nothing is decided before this has passed.
    """
    schema_text = (home / "policies" / "schema.cedarschema").read_text(encoding="utf-8")
    names = ", ".join(f'"{p}"' for p in sorted(forbidden(local)))
    loaded = load_folder("policies", Policy, home)
    text = "\n".join(p.cedar.replace("FORBIDDEN", names) for p in loaded)
    checked = cedarpy.validate_policies(text, schema_text)
    if not checked.validation_passed:
        told = "; ".join(str(e) for e in checked.errors)
        raise DefinitionError("The policies do not fit their schema.", where="policies", found=told)
    for p in loaded:
        named = sorted(f for f in forbidden(local) if f'"{f}"' in p.cedar)
        if "permit(" in p.cedar and named:
            raise DefinitionError(
                "A policy permits a forbidden purpose.",
                where=f"policies/{p.id}.yaml", found=", ".join(named),
                mend="Nothing can permit it; take the policy out.",
            )  # fmt: skip
        if (
            f'@id("{p.id}")' not in p.cedar
            or not p.examples.get("allow")
            or not p.examples.get("deny")
        ):
            raise DefinitionError(
                "A policy needs its own @id, and an example it allows and one it denies.",
                where=f"policies/{p.id}.yaml",
            )
    return _Compiled(
        text,
        cedarpy.PolicySet.from_str(text),
        cedarpy.Schema.from_str(schema_text),
        tuple(p.id for p in loaded),
    )


def decide(questions: Sequence[Asked], local: Path | None = None) -> list[Decision]:
    """Answers in order. Lists are asked in one batch (a quarter of the time); nothing is cached."""
    compiled = policy_set(local=local)
    decisions: list[Decision] = []
    for person in questions[:1]:
        if all(q.person == person.person for q in questions):
            known = purposes()
            requests = [_request(q, i, known.get(q.purpose)) for i, q in enumerate(questions)]
            entities = [_user(person.person), *(_resource(q, i) for i, q in enumerate(questions))]
            answers = cedarpy.is_authorized_batch(
                requests, compiled.policies, entities, compiled.schema
            )
            return [_decision(a, compiled) for a in answers]
    for q in questions:
        decisions += decide([q], local)
    return decisions


def _decision(answer: cedarpy.AuthzResult, compiled: _Compiled) -> Decision:
    if answer.diagnostics.errors:
        raise DefinitionError(
            "A policy could not be judged.",
            where="policies",
            found="; ".join(map(str, answer.diagnostics.errors)),
        )
    return Decision(
        answer.allowed, tuple(sorted(_named(r, compiled) for r in answer.diagnostics.reasons))
    )


def _named(reason: str, compiled: _Compiled) -> str:
    """The @id of a policy that the engine calls policy<number>, in the order of the text."""
    number = reason.removeprefix("policy")
    return compiled.ids[int(number)] if number.isdigit() else reason


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _user(person: Person) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "organisation": person.organisation, "roles": list(person.roles), "teams": list(person.teams), "mfa": person.mfa,
    }  # fmt: skip
    if person.training_until is not None:
        attributes["training_until"] = _seconds(person.training_until)
    return {"uid": {"type": "User", "id": person.id}, "attrs": attributes, "parents": []}


def _resource(q: Asked, i: int) -> dict[str, Any]:
    attributes = {**_RESOURCES[q.resource_type], **q.resource}
    return {"uid": {"type": q.resource_type, "id": f"r{i}"}, "attrs": attributes, "parents": []}


def _request(q: Asked, i: int, known: Purpose | None) -> dict[str, Any]:
    context = {
        "person": q.person.id, "purpose": q.purpose, "lawful_basis": q.lawful_basis,
        "purpose_allows": known is not None and q.action in known.allowed_actions,
        "now": _seconds(q.now or datetime.now(UTC)), "session_age": q.session_age,
        "names_immigration": known is not None and known.names_immigration,
        "agreement_active": q.agreement is not None, "agreement_purposes": list(q.agreement or ()),
        "agreement_immigration": q.agreement_immigration, "two_people": q.two_people,
    }  # fmt: skip
    return {
        "principal": {"type": "User", "id": q.person.id},
        "action": {"type": "Action", "id": q.action},
        "resource": {"type": q.resource_type, "id": f"r{i}"},
        "context": context,
    }


def example(words: Mapping[str, Any]) -> Asked:
    """The question that an example in a policy file stands for. Words left out are the harmless ones."""
    trained = {"lapsed": NOW - timedelta(days=1), "never": None}.get(
        words.get("trained", ""), NOW + timedelta(days=90)
    )
    person = Person(
        id="somebody", roles=tuple(words["roles"]), teams=tuple(words.get("teams", ())), mfa=words.get("mfa", True),
        training_until=trained,
    )  # fmt: skip
    kind = resource_type(words["action"])
    resource: dict[str, Any] = {
        k: words[k]
        for k in ("restricted", "adopted_away", "objections", "sensitivity", "immigration", "state")
        if k in words
    }
    if kind == "Child":
        resource["team"] = "a"
        resource["named_officers"] = ["somebody"] if words.get("named_officer") else []
    if kind == "Dataset":
        resource["purposes"] = list(purposes())
        resource["owner"] = words.get("organisation", "house")
    if kind == "Output":
        resource["requester"] = "somebody" if words.get("requester") == "self" else "another"
    return Asked(
        person=person, action=words["action"], purpose=words["purpose"], resource_type=kind, resource=resource,
        agreement=tuple(purposes()) if words.get("agreement_active", True) else None,
        agreement_immigration=words.get("agreement_immigration", False),
        session_age=words.get("session_age", 0), two_people=words.get("two_people", True), now=NOW,
    )  # fmt: skip


def resource_type(action: str) -> str:
    """The kind of thing an action is done to."""
    if action in ("load_source", "view_sensitive_table", "export_extract"):
        return "Dataset"
    if action.endswith("_release"):
        return "Output"
    return "House" if action in ("manage_policy", "view_audit") else "Child"


def wrong_examples() -> Iterable[str]:
    """Sentences about examples that do not come out as their policy file says; none when all is well."""
    for policy in load_folder("policies", Policy):
        for word, wanted in (("allow", True), ("deny", False)):
            for words in policy.examples[word]:
                found = decide([example(words)])[0]
                if found.allowed is not wanted:
                    yield f"{policy.id}: {words} should be {word}, but {', '.join(found.policies) or 'nothing permits it'}"
                elif (
                    not wanted
                    and policy.id.startswith("never-")
                    and policy.id not in found.policies
                ):
                    yield f"{policy.id}: {words} is denied, but by {', '.join(found.policies) or 'default'}"
