"""A study from invitation to close: without its record nobody could say who allowed it, or until when.

A study lies in the workspace as `surveys/<id>/study.yaml`; its classes, windows and answers lie in the
store beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from threecircles.core.errors import NotPermitted, UsageError, did_you_mean
from threecircles.core.safety import Grant
from threecircles.definitions import HOME, Definition
from threecircles.definitions.loader import load_text
from threecircles.survey.licences import refuse_unlicensed
from threecircles.survey.questionnaire import Questionnaire, core_hash, questionnaire
from threecircles.survey.wording import Untested, refuse_changed, untested

LONGEST_WINDOW = 31
"""Days a census or a sample may be open."""


@dataclass(frozen=True, kw_only=True)
class Ethics:
    """The committee's decision. date: None until it is there."""

    committee: str = ""
    reference: str = ""
    decision: Literal["none", "favourable", "favourable_with_conditions", "refused"] = "none"
    date: date | None = None


@dataclass(frozen=True, kw_only=True)
class Screening:
    """Whether named free text is read, by whom and within how many hours."""

    rule: Literal["none", "daily"] = "none"
    by: str = ""
    hours: int = 24


@dataclass(frozen=True, kw_only=True)
class Line:
    """A place to get help: shown on every screen."""

    name: str
    number: str
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Extension:
    """The one late extension, and why."""

    until: date
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Study(Definition):
    """One study. untested_reason: why words that are not tried far enough are used all the same.

    follows: the study of the wave before, whose questions are asked again. authorities: those that share
    the study under this one name; authority: which of them this record, with its answers, is of.
    """

    kind: Literal["census", "sample", "service", "workforce"]
    questionnaires: list[str]
    mode: Literal["anonymous", "identifiable"]
    opens: date
    closes: date
    authorities: list[str] = field(default_factory=list)
    authority: str = ""
    basis: Literal["census", "sample", "convenience"] = "census"
    school_window_days: int = 14
    languages: list[str] = field(default_factory=lambda: ["en"])
    ethics: Ethics = field(default_factory=Ethics)
    dpia: str = ""
    lawful_basis: str = ""
    retention: str = ""
    comparators: list[str] = field(default_factory=list)
    who_asks: str = ""
    withdraw_until: date | None = None
    screening: Screening = field(default_factory=Screening)
    help: list[Line] = field(default_factory=list)
    untested_reason: str = ""
    extension: Extension | None = None
    wave: str = "1"
    follows: str = ""
    store: str = ""

    @property
    def last_day(self) -> date:
        """The last day codes open, with the extension if there is one."""
        return max(self.closes, self.extension.until) if self.extension else self.closes

    @property
    def period(self) -> str:
        """The period of the study's tables; the change since the last wave stands under it too, since it
        counts this wave's pupils and has to be attacked together with them."""
        whose = f", {self.authority}" if self.authority else ""
        return f"{self.label}{whose}, wave {self.wave}"

    @property
    def population(self) -> str:
        """Whose pupils the study's tables count: boroughs that share a study count other children."""
        return f"survey-{self.id}" + (f"-{self.authority.casefold()}" if self.authority else "")


def folder_of(workspace: Path, study_id: str) -> Path:
    """Where a study lies in the workspace."""
    if not study_id or any(c in study_id for c in "/\\.\0"):
        raise UsageError("That is not the name of a study.", found=study_id)
    return workspace / "surveys" / study_id


def studies(workspace: Path) -> tuple[str, ...]:
    """Names of the workspace's studies."""
    return tuple(sorted(p.parent.name for p in (workspace / "surveys").glob("*/study.yaml")))


def load_study(workspace: Path, study_id: str) -> Study:
    """The record of a study. Raises UsageError when there is none."""
    path = folder_of(workspace, study_id) / "study.yaml"
    if not path.exists():
        known = studies(workspace)
        raise UsageError(
            f"There is no study called {study_id} here.",
            allowed=", ".join(known) or "none yet: threecircles survey new makes one",
            mend=did_you_mean(study_id, known),
        )
    return load_text(path.read_text(encoding="utf-8"), Study, path.name)


def asked(study: Study, home: Path = HOME) -> tuple[Questionnaire, ...]:
    """The study's questionnaires, checked."""
    return tuple(questionnaire(q, home) for q in study.questionnaires)


def not_tried(study: Study, home: Path = HOME) -> list[Untested]:
    """Words used by the study that have not been tried far enough."""
    told: dict[tuple[str, str], Untested] = {}
    for found in asked(study, home):
        shared = tuple(x for x in study.languages if x in found.languages)
        for one in untested(found, shared, home):
            told.setdefault((one.what, one.language), one)
    return list(told.values())


def faults(study: Study, home: Path = HOME) -> list[str]:
    """Everything that stands against opening the study, as sentences; empty when it may open."""
    told = []
    if study.closes < study.opens:
        told.append(f"It closes ({study.closes}) before it opens ({study.opens}).")
    if study.kind in ("census", "sample") and study.last_day - study.opens > timedelta(
        LONGEST_WINDOW
    ):
        told.append(f"It is open for more than {LONGEST_WINDOW} days.")
    if not study.ethics.decision.startswith("favourable") or study.ethics.date is None:
        told.append(
            f"The ethics decision is {study.ethics.decision.replace('_', ' ')}"
            f" ({study.ethics.committee or 'no committee named'}); a favourable one with its date is needed."
        )
    if study.mode == "identifiable" and not study.dpia:
        told.append(
            "An identifiable study needs the reference of its data protection impact assessment."
        )
    if study.screening.rule == "daily" and not study.screening.by:
        told.append("Free text is to be read daily, and nobody is named who reads it.")
    if study.kind == "service" and study.mode == "identifiable" and not study.lawful_basis:
        told.append("A service form needs its lawful basis.")
    if len(study.authorities) > 1 and study.authority not in study.authorities:
        told.append(
            "Several authorities share the study, and the record does not say which of them it is of "
            f"(authority: {' or '.join(study.authorities)})."
        )
    unknown = [x for q in asked(study, home) for x in study.languages if x not in q.languages]
    if unknown:
        told.append(f"Languages without a text: {', '.join(sorted(set(unknown)))}.")
    untried = not_tried(study, home)
    if untried and not study.untested_reason:
        told.append(
            "These words have not been tried far enough, and no reason is recorded (untested_reason): "
            + " ".join(u.sentence() for u in untried)
        )
    return told


def check_may_open(study: Study, grant: Grant | None, workspace: Path, home: Path = HOME) -> None:
    """Raise NotPermitted unless the study may open.

    grant: what disclosure's ethics gate gave; it must carry an ethics_id. Also raises for a measure
    whose licence is not recorded, and for questions reworded under their old code.
    """
    if grant is None or not grant.ethics_id:
        raise NotPermitted(
            f"The study {study.id} does not open without an ethics record.",
            found="no grant" if grant is None else "a grant without ethics_id",
            mend="Record the committee's decision; the command asks disclosure for the grant.",
        )
    grant.check()
    told = faults(study, home)
    if told:
        raise NotPermitted(
            f"The study {study.id} may not open.", found=" ".join(told),
            mend="Mend surveys/<study>/study.yaml and try again.",
        )  # fmt: skip
    for found in asked(study, home):
        refuse_changed(found, home)
        refuse_unlicensed(found, workspace, home)


def versions(study: Study, home: Path = HOME) -> tuple[str, ...]:
    """Questionnaires with version and core hash, for every figure's definition."""
    return tuple(f"{q.id}@{q.version}#{core_hash(q, home)}" for q in asked(study, home))


TEMPLATE = """\
# A study of the survey room. Every line can be changed until it opens.
id: {id}
label: {label}
kind: {kind}
questionnaires: [{questionnaires}]
mode: {mode}
basis: {basis}
opens: {opens}
closes: {closes}
languages: [en]
authorities: []         # where several share the study under this name: all of them
authority: ""           # and which of them this record is of
who_asks: "the council and your school"
ethics: {{committee: "", reference: "", decision: none}}   # decision: favourable, with its date
dpia: ""                # reference; an identifiable study needs one
lawful_basis: "public task"
retention: "answers until 2 years after close"
help:
  - {{name: "A named adult at your school", number: "ask at the office"}}
untested_reason: ""     # why words below `piloted` are used, if they are
source: {label}
"""


def new_study(
    workspace: Path, study_id: str, kind: str, label: str, today: date, mode: str
) -> Path:
    """Write the record of a new study to be filled in; returns its path. Raises when it is there already."""
    path = folder_of(workspace, study_id) / "study.yaml"
    if path.exists():
        raise UsageError(f"The study {study_id} is there already.", where=path.name)
    which = {
        "census": "pupils_9_11, pupils_11_16",
        "sample": "parents_0_8",
        "service": "service, service_later",
        "workforce": "",
    }[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    opens = today + timedelta(28)
    text = TEMPLATE.format(
        id=study_id, label=label, kind=kind, questionnaires=which, mode=mode,
        basis="census" if kind == "census" else "sample", opens=opens, closes=opens + timedelta(27),
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    return path


def next_wave(workspace: Path, before: Study, study_id: str, today: date) -> Path:
    """Write the record of a study's next wave; returns its path.

    What is asked, of whom and how stays; the window is four weeks from today, and the ethics decision,
    its date and any reason for untried words have to be given anew. Raises when it is there already.
    """
    path = new_study(workspace, study_id, before.kind, before.label, today, before.mode)
    wave = str(int(before.wave) + 1) if before.wave.isdigit() else f"{before.wave}, next"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = {
        "questionnaires": f"[{', '.join(before.questionnaires)}]",
        "languages": f"[{', '.join(before.languages)}]", "basis": before.basis,
        "authorities": json.dumps(before.authorities), "authority": json.dumps(before.authority),
        "who_asks": json.dumps(before.who_asks), "dpia": json.dumps(before.dpia),
        "lawful_basis": json.dumps(before.lawful_basis), "retention": json.dumps(before.retention),
    }  # fmt: skip
    told = []
    for line in lines:
        name = line.partition(":")[0]
        told.append(f"{name}: {kept[name]}" if name in kept else line)
    told += [f"wave: {json.dumps(wave)}", f"follows: {before.id}"]
    path.write_text("\n".join(told) + "\n", encoding="utf-8")
    return path


def field_names() -> tuple[str, ...]:
    """Fields that a study's record may hold, for help texts."""
    return tuple(f.name for f in fields(Study))
