"""Decisions to share, and not to: without them only half of what was decided about a child would be known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.disclosure import audit, state
from threecircles.disclosure.law import laws
from threecircles.disclosure.people import person
from threecircles.disclosure.permission import check_may
from threecircles.disclosure.policy import Person

DECISIONS = ("shared", "not shared")
CONSIDERED = ("yes", "no", "not considered")
DUTY = "ca2004-16la"


@dataclass(frozen=True)
class ShareDecision:
    """One decision about one child, in either direction."""

    child: str
    asked_by: str
    asked_of: str
    decision: str
    reason: str
    more_detrimental: str
    by: str
    at: str

    def __str__(self) -> str:
        return f"{self.decision} with {self.asked_by}"


def decide(
    workspace: Path, child: str, *, asked_by: str, asked_of: str, decision: str, reason: str,
    more_detrimental: str = "not considered", actor: Person | str | None = None,
) -> ShareDecision:  # fmt: skip
    """Keep a decision and write it to the audit log.

    Raises UsageError without a reason, and for a refusal that does not say whether sharing would be
    more detrimental to the child, which is what Children Act 2004 s.16LA asks.
    """
    if decision not in DECISIONS or more_detrimental not in CONSIDERED:
        raise UsageError("That is no decision.", allowed=", ".join((*DECISIONS, *CONSIDERED)))
    if not reason.strip():
        raise UsageError("A decision needs its reason.")
    if decision == "not shared" and more_detrimental == "not considered":
        raise UsageError(
            "Not sharing needs an answer: would sharing harm the child more?",
            mend="--more-detrimental yes or no.",
        )
    who = actor if isinstance(actor, Person) else person(workspace, actor, mfa=True)
    known = {r["child"] for r in state.rows(workspace, "SELECT DISTINCT child FROM share_decision")}
    check_may(
        "subject_access", actor=who, purpose_id="subject_rights", folder=workspace,
        resource_id=f"person:{child}", detail={"share_decision": True, "earlier": int(child in known)},
    )  # fmt: skip
    made = ShareDecision(
        child, asked_by, asked_of, decision, reason, more_detrimental, who.id, state.now()
    )
    with state.state(workspace) as kept:
        kept.execute(
            "INSERT INTO share_decision (child, asked_by, asked_of, decision, reason, more_detrimental, by, at) VALUES (?,?,?,?,?,?,?,?)",
            (child, asked_by, asked_of, decision, reason, more_detrimental, who.id, made.at),
        )
    audit.append(
        workspace, actor=who.id, action="share_decision", resource=f"person:{child}", purpose="subject_rights",
        basis=laws()[DUTY].id, decision="allow" if decision == "shared" else "deny", policy=("share-decision",),
    )  # fmt: skip
    return made


def decisions(workspace: Path, child: str = "") -> list[ShareDecision]:
    """All decisions, or those about one child, oldest first."""
    found = state.rows(workspace, "SELECT * FROM share_decision ORDER BY id")
    return [
        ShareDecision(*(r[k] for k in ("child", "asked_by", "asked_of", "decision", "reason", "more_detrimental", "by", "at")))
        for r in found if not child or r["child"] == child
    ]  # fmt: skip


def duty(day: date) -> str:
    """What the law asks of a decision on a day, in a sentence."""
    law = laws()[DUTY]
    if law.binds(day):
        return f"{law.title}, section {law.section}, is in force: information is shared unless that harms the child more."
    return f"{law.title}, section {law.section}, is not in force here yet; the decision is kept all the same."
