"""Why not, in plain words: without it a refusal would send people to ask around, or to give up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

from threecircles.core.dates import in_words
from threecircles.disclosure.policy import Asked, decide
from threecircles.disclosure.purposes import forbidden, purposes

Mended = Callable[[Asked], Asked | None]

NOT_YOURS = (
    "this is not a child you may see (not held, not with your team, or kept for named officers)"
)

_ROLES = (
    "practitioner", "analyst", "survey_lead", "school_lead", "reviewer", "output_checker", "approver",
    "information_governance", "data_protection_officer", "researcher",
)  # fmt: skip


def why_not(asked: Asked) -> list[str]:
    """The shortest list of conditions that, if met, would turn a refusal into a permit.

    Each condition is satisfied in turn, then in pairs and threes. Says nothing about the child: what
    depends on the child alone is never among them, so the list is empty then.
    """
    if asked.purpose in forbidden():
        return [f"{asked.purpose} is a forbidden purpose; nothing makes it permitted"]
    if asked.resource_type == "Child":
        # Judged as if the child were theirs to see: restricted, adopted and unknown children read alike.
        asked = _own_child(asked)
    possible = [(words, mend) for words, mend in _conditions(asked) if mend(asked) is not None]
    for size in (0, 1, 2, 3):
        tried = [(c, _mended(asked, c)) for c in combinations(possible, size)]
        whole = [(chosen, changed) for chosen, changed in tried if changed is not None]
        # One batch a person: the engine answers a list in a fraction of the time of its parts.
        for person in dict.fromkeys(changed.person for _, changed in whole):
            same = [(chosen, changed) for chosen, changed in whole if changed.person == person]
            answers = decide([changed for _, changed in same])
            for (chosen, _), answer in zip(same, answers, strict=True):
                if answer.allowed:
                    return [words for words, _ in chosen] or (
                        [NOT_YOURS] if asked.resource_type == "Child" else []
                    )
    return []


def _mended(asked: Asked, chosen: Iterable[tuple[str, Mended]]) -> Asked | None:
    changed: Asked | None = asked
    for _, mend in chosen:
        changed = mend(changed) if changed is not None else None
    return changed


def _conditions(asked: Asked) -> list[tuple[str, Mended]]:
    now = asked.now or datetime.now(UTC)
    until = asked.person.training_until
    lapsed = (
        f"your training ended on {in_words(until)}" if until else "no training is recorded for you"
    )
    found: list[tuple[str, Mended]] = [
        (lapsed, lambda q: _person(q, training_until=now + timedelta(days=1)) if until is None or until < now else None),
        ("you signed in without a second factor", lambda q: None if q.person.mfa else _person(q, mfa=True)),
        ("you signed in too long ago; sign in again", lambda q: replace(q, session_age=0) if q.session_age else None),
        ("a second person must agree", lambda q: None if q.two_people else replace(q, two_people=True)),
        (f"no agreement in force covers {asked.purpose}", _agree),
        ("no agreement in force lists immigration facts", lambda q: None if q.agreement_immigration else replace(q, agreement_immigration=True)),
        ("the person who asked for a release neither checks nor approves it", _other_requester),
        (f"the release is {asked.resource.get('state') or 'not there'}, which is not the state for this", _state),
        (f"the purpose {asked.purpose} does not name this table", _named),
    ]  # fmt: skip
    found += [
        (f"you do not hold the role {r.replace('_', ' ')}", _with_role(r))
        for r in _ROLES
        if r not in asked.person.roles
    ]
    found += [
        (f"your role {r.replace('_', ' ')} excludes it; use your other account", _without_role(r))
        for r in ("analyst", "researcher", "administrator")
        if r in asked.person.roles
    ]
    others = [p for p in purposes().values() if asked.action in p.allowed_actions]
    if any(p.id == asked.purpose for p in others):
        others = []
    found += [(f"{asked.purpose} does not allow it; {p.id} does", _for(p.id)) for p in others]
    return found


def _person(q: Asked, **changes: object) -> Asked:
    return replace(q, person=replace(q.person, **changes))  # type: ignore[arg-type]


def _agree(q: Asked) -> Asked | None:
    return (
        None
        if q.agreement is not None and q.purpose in q.agreement
        else replace(q, agreement=tuple(purposes()))
    )


def _other_requester(q: Asked) -> Asked | None:
    if q.resource.get("requester") != q.person.id:
        return None
    return replace(q, resource={**q.resource, "requester": ""})


def _state(q: Asked) -> Asked | None:
    wanted = {
        "check_release": "requested",
        "approve_release": "checked",
        "withdraw_release": "released",
    }.get(q.action)
    if wanted is None or q.resource.get("state") == wanted:
        return None
    return replace(q, resource={**q.resource, "state": wanted})


def _own_child(q: Asked) -> Asked:
    mine = (q.person.teams or ("mine",))[0]
    adopted = q.action == "link_across_adoption"
    child = {"team": mine, "adopted_away": adopted, "named_officers": [q.person.id]}
    return replace(_person(q, teams=(*q.person.teams, mine)), resource=child)


def _named(q: Asked) -> Asked | None:
    if q.resource_type != "Dataset" or q.purpose in q.resource.get("purposes", ()):
        return None
    return replace(
        q, resource={**q.resource, "purposes": [*q.resource.get("purposes", ()), q.purpose]}
    )


def _with_role(role: str) -> Mended:
    return lambda q: None if role in q.person.roles else _person(q, roles=(*q.person.roles, role))


def _without_role(role: str) -> Mended:
    return lambda q: (
        _person(q, roles=tuple(r for r in q.person.roles if r != role))
        if role in q.person.roles
        else None
    )


def _for(purpose: str) -> Mended:
    return lambda q: None if q.purpose == purpose else replace(q, purpose=purpose)
