"""The records of ethics committees: without them a hasty study would link first and ask later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from threecircles.core.dates import in_words
from threecircles.core.errors import DefinitionError
from threecircles.definitions import Definition, load, load_text

FICTITIOUS = "fictitious-place"
"""Id of the shipped record that made-up workspaces carry, and no other."""

FOLDER = "ethics"
"""Where a place, and its workspace, keep the records: one file a study."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A principle of the framework: level from 0 to 5, and why."""

    level: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Harm:
    """What could go wrong, for whom, how likely, and what lessens it."""

    to: str
    what: str
    likelihood: str
    lessened_by: str


@dataclass(frozen=True, kw_only=True)
class Benefit:
    """Who gains, and when."""

    to: str
    when: str


@dataclass(frozen=True, kw_only=True)
class Consulted:
    """Children who were asked about the study: who, how, when, what they said, what changed."""

    who: str
    how: str
    when: str
    said: str
    changed: str


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What the committee asked for: met is yes or no, with the evidence."""

    id: str
    text: str
    met: bool = False
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class EthicsRecord(Definition):
    """One decision of a committee on one study, or on one linkage of sources.

    kind: id of definitions/ethics/studies.yaml. study: what the record is for; sources and purposes:
    for a linkage, what may be joined and what for. before_care: the linkage reaches records made
    before a child came into care, or of parents; then both own questions need an answer.
    """

    kind: str
    study: str = ""
    sources: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    question: str
    why_now: str
    framework: dict[str, Answer]
    harms: tuple[Harm, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    alternatives: str = ""
    children_consulted: Consulted | None = None
    not_consulted_because: str = ""
    groups_singled_out: tuple[str, ...] = ()
    right_to_refuse: str = ""
    feedback_plan: str = ""
    committee: str = ""
    local_committee: bool = False
    committee_members: tuple[str, ...] = ()
    study_members: tuple[str, ...] = ()
    reference: str = ""
    decision: Literal["waiting", "approved", "approved with conditions", "refused"] = "waiting"
    conditions: tuple[Condition, ...] = ()
    decided_on: date | None = None
    review_by: date | None = None
    before_care: bool = False
    family_would_expect: str = ""
    if_it_is_wrong: str = ""
    fictitious: bool = False


@dataclass(frozen=True, kw_only=True)
class Committees(Definition):
    """The local approvers a place has named to act as committee (`committees.yaml`)."""

    local: tuple[str, ...] = ()


def records(folder: Path) -> dict[str, EthicsRecord]:
    """All records below `ethics/` of a workspace or place, by id. Raises DefinitionError."""
    found: dict[str, EthicsRecord] = {}
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        if path.stem == "committees":
            continue
        record = load_text(path.read_text(encoding="utf-8"), EthicsRecord, path.name)
        if record.fictitious or record.id == FICTITIOUS:
            raise DefinitionError(
                "Only the shipped record may call itself fictitious.", where=path.name
            )
        if record.id in found:
            raise DefinitionError(
                "Two ethics records bear one id.", where=path.name, found=record.id
            )
        found[record.id] = record
    return found


def shipped() -> EthicsRecord:
    """The record of made-up workspaces."""
    return load("ethics/fictitious", EthicsRecord)


def local_committees(folder: Path) -> tuple[str, ...]:
    """The local approvers that may act as committee here; none unless the place names them."""
    path = folder / FOLDER / "committees.yaml"
    if not path.exists():
        return ()
    return load_text(path.read_text(encoding="utf-8"), Committees, path.name).local


def faults(record: EthicsRecord, day: date, local: tuple[str, ...] = ()) -> list[str]:
    """What stands in the way of opening a study on this record, in words; nothing when it is good."""
    found: list[str] = []
    if record.decision == "refused":
        return [f"{_committee(record)} refused it"]
    if record.decision == "waiting":
        return [f"{_committee(record)} has not decided yet", *missing(record)]
    found += missing(record)
    if record.decided_on is None:
        found.append("the day of the decision is missing")
    elif record.decided_on > day:
        found.append(f"it holds only from {in_words(record.decided_on)}")
    if record.review_by is not None and record.review_by < day:
        found.append(f"it was to be reviewed by {in_words(record.review_by)}")
    if record.decision == "approved with conditions" and not record.conditions:
        found.append("it was approved with conditions, and the conditions are missing")
    for condition in record.conditions:
        if not condition.met:
            found.append(f"the condition {condition.id} is not met: {condition.text}")
        elif not condition.evidence.strip():
            found.append(f"the condition {condition.id} has no evidence")
    if record.local_committee and record.committee not in local:
        found.append("this place has named no such local committee (ethics/committees.yaml)")
    both = sorted(set(record.committee_members) & set(record.study_members))
    if record.local_committee and both:
        found.append("somebody of the study sits on the committee")
    return found


def missing(record: EthicsRecord) -> list[str]:
    """Parts of the record that have no answer, in words."""
    wanted = load("ethics/framework", Framework)
    found = [
        f"the answer on {p.id} is missing"
        for p in wanted.principles
        if p.id not in record.framework
        or not record.framework[p.id].reason.strip()
        or not wanted.lowest <= record.framework[p.id].level <= wanted.highest
    ]
    for part, told in (
        ("the question", record.question), ("why now", record.why_now), ("alternatives", record.alternatives),
        ("the right to refuse", record.right_to_refuse), ("the feedback plan", record.feedback_plan),
        ("the committee", record.committee), ("the committee's reference", record.reference),
    ):  # fmt: skip
        if not told.strip():
            found.append(f"{part} is missing")
    if not record.harms:
        found.append("harms are missing")
    if not record.benefits:
        found.append("benefits are missing")
    if record.children_consulted is None and not record.not_consulted_because.strip():
        found.append("children were not consulted, and no reason is given")
    if record.before_care and not record.family_would_expect.strip():
        found.append("whether the family would expect it has no answer")
    if record.before_care and not record.if_it_is_wrong.strip():
        found.append("what happens if the link is wrong has no answer")
    return found


@dataclass(frozen=True, kw_only=True)
class Principle:
    """One principle of the framework and its question."""

    id: str
    question: str


@dataclass(frozen=True, kw_only=True)
class Framework(Definition):
    """The principles every study is judged by, and the scale."""

    principles: tuple[Principle, ...]
    lowest: int
    highest: int


def _committee(record: EthicsRecord) -> str:
    return record.committee or "the committee"
