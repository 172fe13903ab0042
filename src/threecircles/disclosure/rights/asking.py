"""Asks before anything is done about one person, in words that are the same for everybody refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import Workspace
from threecircles.disclosure.people import named_officers, person, same_human
from threecircles.disclosure.permission import check_may
from threecircles.disclosure.policy import Person
from threecircles.disclosure.rights.held import NOT_FOUND, find_person, is_restricted

PURPOSE = "subject_rights"


@dataclass(frozen=True)
class Asked:
    """A person found, and who may act for them. second: the other person, where two are needed."""

    person: str
    by: Person
    policies: tuple[str, ...]
    second: str = ""


def may(
    workspace: Workspace, named: str, action: str, *, actor: Person | str | None,
    second: str = "", session_age: int = 0,
) -> Asked:  # fmt: skip
    """Permission to act on one person's rights; the audit line is written first.

    named: person id or scheme:value. action: subject_access, correct or erase. Unknown, restricted
    and adopted persons are refused alike. Raises NotPermitted.
    """
    who = actor if isinstance(actor, Person) else person(workspace.path, actor, mfa=True)
    try:
        found = find_person(workspace, named)
    except NotPermitted:
        found = ""
    hidden = not found or is_restricted(workspace, found)
    about = {
        "restricted": hidden,
        "named_officers": named_officers(workspace.path, found) if found else [],
    }
    two = bool(second) and _is_second(workspace.path, who, second)
    try:
        policies = check_may(
            action, actor=who, purpose_id=PURPOSE, folder=workspace.path, resource=about,
            resource_id=f"person:{found or 'unknown'}", session_age=session_age, two_people=two,
        )  # fmt: skip
    except NotPermitted as refusal:
        if hidden and "not a child you may see" in str(refusal):
            raise NotPermitted(
                NOT_FOUND, mend="Check the number; ask the data protection officer."
            ) from None
        raise
    return Asked(found, who, policies, second)


def may_destroy(
    folder: Path, delivery: str, *, actor: Person, second: str, session_age: int = 0
) -> tuple[str, ...]:
    """Permission to destroy a whole delivery; the audit line is written first. Raises NotPermitted."""
    return check_may(
        "erase", actor=actor, purpose_id=PURPOSE, folder=folder, resource={"restricted": False},
        resource_id=f"delivery:{delivery}", session_age=session_age, two_people=_is_second(folder, actor, second),
    )  # fmt: skip


def _is_second(folder: Path, who: Person, second: str) -> bool:
    if same_human(folder, who.id, second):
        raise UsageError("The second person must be somebody else.")
    roles = set(person(folder, second, mfa=True).roles)
    if not roles & {"data_protection_officer", "information_governance"}:
        raise NotPermitted(
            "The second person does not hold the role for it.",
            allowed="data protection officer or information governance",
        )
    return True
