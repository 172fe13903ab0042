"""The table people have read, beside what the policies decide: without it a policy could drift unseen.

The table lists what is allowed, and nothing else; every other combination of role, action, purpose
and state of the child must be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product

from threecircles.definitions import read_csv
from threecircles.disclosure.policy import NOW, Asked, Person, decide, resource_type
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


TABLE_ACTIONS = (
    "load_source", "view_sensitive_table", "request_release", "check_release", "approve_release",
    "withdraw_release", "export_extract", "view_audit", "manage_policy",
)  # fmt: skip
STATES: dict[str, dict[str, dict[str, object]]] = {
    "Dataset": {
        "held": {"owner": "house", "sensitivity": "pseudonymous"},
        "unnamed": {"owner": "house", "sensitivity": "pseudonymous", "purposes": []},
        "unagreed": {"owner": "somebody else", "sensitivity": "pseudonymous"},
    },
    "Output": {
        "others": {"requester": "another"},
        "own": {"requester": _ME},
        "wrong_state": {"requester": "another", "state": "refused"},
    },
    "House": {"house": {}},
}
"""What an action that meets no child is about: rows of tables, releases, the house itself. unnamed: the
table does not stand under the purpose; unagreed: another's data without an agreement."""

_RIGHT_STATE = {
    "request_release": "none",
    "check_release": "requested",
    "approve_release": "checked",
}


@dataclass(frozen=True)
class Cell:
    """One combination, what people decided, and what the policies decide.

    child: the state of the child, or of the table or release that the action is about.
    """

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
    every = tuple(sorted(purposes()))
    yield from _cells(
        "policies/reviewed", CHILD_ACTIONS, lambda action: CHILDREN, partial(_asked, every)
    )


def matrix_of_tables() -> Iterator[Cell]:
    """The same for what meets no child: role x action x purpose x state of the table or release."""
    every = tuple(sorted(purposes()))
    yield from _cells(
        "policies/reviewed_tables", TABLE_ACTIONS, lambda action: STATES[resource_type(action)],
        partial(_asked_of_tables, every),
    )  # fmt: skip


def _cells(
    file: str, actions: tuple[str, ...], states: Callable[[str], Iterable[str]],
    asked: Callable[[str, str, str, str], Asked],
) -> Iterator[Cell]:  # fmt: skip
    allowed = _reviewed(file)
    for role, action in product(ROLES, actions):
        combinations = list(product(sorted(purposes()), states(action)))
        decisions = decide([asked(role, action, p, c) for p, c in combinations])
        for (purpose, state), decision in zip(combinations, decisions, strict=True):
            wanted = (role, action, purpose, state) in allowed
            yield Cell(role, action, purpose, state, wanted, decision.allowed)


def _reviewed(file: str) -> set[tuple[str, str, str, str]]:
    return {
        (row["role"], row["action"], purpose, child)
        for row in read_csv(file)
        for purpose in row["purposes"].split()
        for child in row["on"].split()
    }


def _asked(every: tuple[str, ...], role: str, action: str, purpose: str, child: str) -> Asked:
    about = dict(CHILDREN[child])
    if about.get("objections") == "all":
        about["objections"] = [purpose]
    return Asked(
        person=_somebody(role), action=action, purpose=purpose, resource_type="Child", resource=about,
        agreement=every, two_people=True, now=NOW,
    )  # fmt: skip


def _asked_of_tables(
    every: tuple[str, ...], role: str, action: str, purpose: str, state: str
) -> Asked:
    kind = resource_type(action)
    about = dict(STATES[kind][state])
    if kind == "Dataset":
        about.setdefault("purposes", [purpose])
    if kind == "Output":
        about.setdefault("state", _RIGHT_STATE.get(action, "released"))
    return Asked(
        person=_somebody(role), action=action, purpose=purpose, resource_type=kind, resource=about,
        agreement=None if state == "unagreed" else every, two_people=True, now=NOW,
    )  # fmt: skip


def _somebody(role: str) -> Person:
    return Person(
        id=_ME, roles=(role,), teams=(_TEAM,), mfa=True, training_until=NOW + timedelta(days=90)
    )
