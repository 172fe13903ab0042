"""Objections, opt-outs and consents: without them a no would be heard and then forgotten."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, get_args

from threecircles.core.errors import UsageError
from threecircles.disclosure import state
from threecircles.disclosure.purposes import purpose

Kind = Literal["objection", "opt_out", "consent", "withdrawal"]
Whose = Literal["child", "parent"]
LIST = "list: "
"""How the evidence begins of what a national list of opt-outs says, rather than somebody here."""

NOT_TO_BE_REFUSED = ("direct_care", "safeguarding", "statutory_return", "audit", "subject_rights")
"""Purposes that the law or a child's safety asks for: an objection to them goes to the officer, who
decides and answers (UK GDPR art. 21(1)); it does not act by itself."""


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What a person, or a parent for them, wants for one purpose.

    judgement: how age and competence were judged, in words; competent: whether the child's own view
    decides. Days are inclusive; to_day None = until changed.
    """

    person: str
    purpose: str
    kind: Kind
    whose: Whose
    from_day: date
    to_day: date | None = None
    evidence: str = ""
    judgement: str = ""
    competent: bool = False


def record(workspace: Path, wanted: Preference, by: str) -> None:
    """Keep a preference. The caller has asked `check_may` for it.

    Raises UsageError for a purpose that an objection does not stop by itself, and for a child's own
    view without a recorded judgement of competence.
    """
    known = purpose(wanted.purpose).id
    if wanted.kind not in get_args(Kind) or wanted.whose not in get_args(Whose):
        raise UsageError("That is no kind of preference.", allowed=", ".join(get_args(Kind)))
    if known in NOT_TO_BE_REFUSED and wanted.kind in ("objection", "opt_out"):
        raise UsageError(
            f"An objection to {known} does not act by itself.",
            mend="The officer weighs it and answers within a month; a person at risk may be restricted instead.",
        )
    if wanted.whose == "child" and not wanted.judgement.strip():
        raise UsageError(
            "A child's own view needs a recorded judgement of age and competence.",
            mend="Say who judged, when, and what they found.",
        )
    with state.state(workspace) as kept:
        kept.execute(
            "INSERT INTO preference (person, purpose, kind, whose, from_day, to_day, evidence, judgement, by, at) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (wanted.person, known, wanted.kind, wanted.whose, wanted.from_day.isoformat(),
             wanted.to_day.isoformat() if wanted.to_day else None, wanted.evidence,
             f"{'competent' if wanted.competent else 'not competent'}: {wanted.judgement}", by, state.now()),
        )  # fmt: skip


def preferences(workspace: Path, person: str = "") -> list[Preference]:
    """All preferences, or those of one person, oldest first."""
    found = state.rows(workspace, "SELECT * FROM preference ORDER BY id")
    return [_preference(r) for r in found if not person or r["person"] == person]


def excluded(workspace: Path, purpose_id: str, day: date | None = None) -> frozenset[str]:
    """Persons to be left out of every table for a purpose on a day.

    The latest word of child and of parent counts each; where the child was judged competent, the
    child's own decides, else either's no is a no.
    """
    today = day or datetime.now(UTC).date()
    latest: dict[str, dict[str, Preference]] = {}
    for p in preferences(workspace):
        if (
            p.purpose == purpose_id
            and p.from_day <= today
            and (p.to_day is None or today <= p.to_day)
        ):
            latest.setdefault(p.person, {})[_voice(p)] = p
    return frozenset(person for person, views in latest.items() if _is_no(views))


def version(workspace: Path, purpose_id: str) -> str:
    """What stands in a step's key, so that a table built before an objection is built anew; "" for none."""
    out = excluded(workspace, purpose_id)
    return hashlib.sha256("\n".join(sorted(out)).encode()).hexdigest()[:16] if out else ""


def _is_no(views: dict[str, Preference]) -> bool:
    if any(v.kind != "consent" for voice, v in views.items() if voice.startswith(LIST)):
        return True
    child, parent = views.get("child"), views.get("parent")
    if child is not None and (child.competent or parent is None):
        return child.kind != "consent"
    return any(v is not None and v.kind != "consent" for v in (child, parent))


def _voice(p: Preference) -> str:
    """Whose word it is. A list let in again takes back its own no only, never what was said here."""
    return p.evidence if p.evidence.startswith(LIST) else p.whose


def _preference(row: dict[str, object]) -> Preference:
    judged, _, told = str(row["judgement"]).partition(": ")
    return Preference(
        person=str(row["person"]), purpose=str(row["purpose"]), kind=row["kind"], whose=row["whose"],  # type: ignore[arg-type]
        from_day=date.fromisoformat(str(row["from_day"])),
        to_day=date.fromisoformat(str(row["to_day"])) if row["to_day"] else None,
        evidence=str(row["evidence"]), judgement=told, competent=judged == "competent",
    )  # fmt: skip
