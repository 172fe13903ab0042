"""Whose words may be asked: without it a licensed questionnaire would be copied by accident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from threecircles.core.errors import NotPermitted
from threecircles.definitions import HOME, Definition, load
from threecircles.survey.questionnaire import Questionnaire, measures_of


@dataclass(frozen=True, kw_only=True)
class LicenceRecord(Definition):
    """The leave a user holds: `licensed/<measure>/licence.yaml` in the workspace."""

    measure: str
    holder: str
    reference: str
    on: date
    scope: str
    purpose: Literal["clinical", "educational", "research", "commercial"]


def licence_record(measure: str, workspace: Path) -> LicenceRecord | None:
    """The record of a measure's licence in this workspace, or None."""
    if not (workspace / "licensed" / measure / "licence.yaml").exists():
        return None
    return load(f"licensed/{measure}/licence", LicenceRecord, workspace)


def refuse_unlicensed(found: Questionnaire, workspace: Path, home: Path = HOME) -> None:
    """Raise NotPermitted when a questionnaire asks a measure without the leave or words it needs."""
    for measure in measures_of(found, home):
        kind = measure.licence.class_
        if kind == "A":
            continue
        record = licence_record(measure.id, workspace)
        if kind == "C" or record is None:
            raise NotPermitted(
                f"{measure.label} may not be asked here.",
                found="no licence record" if kind == "B" else "its scores can be imported only",
                mend=(
                    f"Ask its holder, {measure.licence.holder} ({measure.licence.terms_summary}); then put "
                    f"the record in licensed/{measure.id}/licence.yaml and the words in "
                    f"licensed/{measure.id}/text.en.yaml of the workspace."
                ),
            )
        if not list((workspace / "licensed" / measure.id).glob("text.*.yaml")):
            raise NotPermitted(
                f"The words of {measure.label} are not here.",
                mend=f"Put the licensed text in licensed/{measure.id}/text.en.yaml of the workspace.",
            )


def notices(found: Questionnaire, home: Path = HOME) -> tuple[str, ...]:
    """Lines that the holders want printed with every report."""
    return tuple(m.licence.notice for m in measures_of(found, home) if m.licence.notice)
