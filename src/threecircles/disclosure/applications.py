"""What a project must have shown before rows of children are opened for it: else an extract is a favour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from threecircles.core.errors import NotPermitted
from threecircles.core.safety import Grant
from threecircles.disclosure.agreements import covering, lists_immigration
from threecircles.disclosure.extracts import ExtractSpec
from threecircles.disclosure.permission import check_may
from threecircles.disclosure.policy import Person
from threecircles.disclosure.purposes import forbidden
from threecircles.disclosure.studies import check_may_open_study

PURPOSE = "accredited_research"
SAFES = ("projects", "people", "settings", "data", "outputs")
"""The five safes (UK Data Service; Office for National Statistics): each has its answer."""


def missing(spec: ExtractSpec) -> list[str]:
    """What an application still lacks, in words; empty when it is whole.

    People, an answer to each of the five safes, and every forbidden purpose ruled out one by one.
    """
    answers: Mapping[str, str] = spec.five_safes
    found = [
        f"five_safes: nothing is said of safe {s}" for s in SAFES if not answers.get(s, "").strip()
    ]
    found += [] if spec.people else ["people: nobody is named"]
    found += [
        f"ruled_out: {p.id.replace('_', ' ')} is not ruled out"
        for p in forbidden().values()
        if p.id not in spec.ruled_out
    ]
    return found


def check_may_take_out(
    spec: ExtractSpec, workspace: Path, *, actor: Person, second: str, session_age: int = 0
) -> Grant:
    """A grant to build, run or seal for a project; every refusal and permit is in the audit log.

    Needs a whole application, an ethics record of the kind `research` that the application names, the
    agreement it names, and two people: actor, and second (who has signed in too). Raises NotPermitted.
    """
    lacking = missing(spec)
    if lacking:
        more = f"; and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        raise NotPermitted(
            f"The application of {spec.project} is not whole.", found="; ".join(lacking[:5]) + more,
            mend="Add what is named to its specification.",
        )  # fmt: skip
    grant = check_may_open_study("research", spec.project, workspace=workspace, actor=actor)
    if not grant.fictitious and grant.ethics_id != spec.ethics_id:
        raise NotPermitted(
            "The application names another ethics record than the one that holds for the project.",
            found=spec.ethics_id, allowed=grant.ethics_id or "",
        )  # fmt: skip
    today = datetime.now(UTC).date()
    named = [a for a in covering(workspace, PURPOSE, today) if a.id == spec.agreement]
    check_may(
        "export_extract", actor=actor, purpose_id=PURPOSE, folder=workspace, resource_id=f"dataset:{spec.project}",
        two_people=bool(second), session_age=session_age,
        resource={"owner": "house", "sensitivity": "pseudonymous", "purposes": [PURPOSE], "immigration": spec.immigration_agreed},
        agreement=tuple(p for a in named for p in a.purposes) or None,
        agreement_immigration=bool(named) and lists_immigration(workspace, PURPOSE, today),
        detail={"second": second},
    )  # fmt: skip
    return grant
