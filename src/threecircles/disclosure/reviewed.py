"""The table people have read, beside what the policies decide: without it a policy could drift unseen.

The table lists what is allowed, and nothing else; every other combination of role, action, purpose
and state of the child must be refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from threecircles.definitions import read_csv
from threecircles.disclosure.policy import NOW, Asked, Person, decide
from threecircles.disclosure.purposes import purposes

ROLES = (
    "practitioner", "analyst", "survey_lead", "school_lead", "reviewer", "output_checker", "approver",
    "information_governance", "data_protection_officer", "researcher", "administrator",
)  # fmt: skip
CHILD_ACTIONS = (
    "view_record", "signpost", "break_glass", "review_link", "link_across_adoption",
    "subject_access", "correct", "erase",
)  # fmt: skip

_ME, _TEAM = "somebody", "north"
CHILDREN: dict[str, dict[str, object]] = {
    "own": {"team": _TEAM},
    "own_named": {"team": _TEAM, "named_officers": [_ME]},
    "other": {"team": "south"},
    "other_named": {"team": "south", "named_officers": [_ME]},
    "unknown": {"restricted": True},
    "restricted": {"team": _TEAM, "restricted": True},
    "restricted_named": {"team": "south", "restricted": True, "named_officers": [_ME]},
    "adopted": {"team": _TEAM, "adopted_away": True},
    "adopted_named": {"team": "south", "adopted_away": True, "named_officers": [_ME]},
    "objected": {"team": _TEAM, "objections": "all"},
}
"""States of a child. Unknown is asked as a restricted one with no officer (rights/asking.py), so that
both are refused in the same words."""


@dataclass(frozen=True)
class Cell:
    """One combination, what people decided, and what the policies decide."""

    role: str
    action: str
    purpose: str
    child: str
    reviewed: bool
    decided: bool


def matrix() -> Iterator[Cell]:
    """Every role x action x purpose x state of the child, with both answers.

    Everything else is as good as can be (training, second factor, fresh sign-in, two people), so that
    only role, purpose and child decide.
    """
    allowed, every = _reviewed(), tuple(sorted(purposes()))
    for role, action in product(ROLES, CHILD_ACTIONS):
        combinations = list(product(every, CHILDREN))
        decisions = decide([_asked(role, action, p, c, every) for p, c in combinations])
        for (purpose, child), decision in zip(combinations, decisions, strict=True):
            wanted = (role, action, purpose, child) in allowed
            yield Cell(role, action, purpose, child, wanted, decision.allowed)


def _reviewed() -> set[tuple[str, str, str, str]]:
    return {
        (row["role"], row["action"], purpose, child)
        for row in read_csv("policies/reviewed")
        for purpose in row["purposes"].split()
        for child in row["on"].split()
    }


def _asked(role: str, action: str, purpose: str, child: str, every: tuple[str, ...]) -> Asked:
    about = dict(CHILDREN[child])
    if about.get("objections") == "all":
        about["objections"] = [purpose]
    person = Person(
        id=_ME, roles=(role,), teams=(_TEAM,), mfa=True, training_until=NOW + timedelta(days=90)
    )
    return Asked(
        person=person, action=action, purpose=purpose, resource_type="Child", resource=about,
        agreement=every, two_people=True, now=NOW,
    )  # fmt: skip
