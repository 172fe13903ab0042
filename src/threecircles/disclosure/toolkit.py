"""Questions for practitioners, managers and analysts at five moments: ethics at the desk, not in a drawer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from threecircles.definitions import Definition, load, load_text
from threecircles.disclosure.document import Document, Heading, Items, Paragraph, Part, Rows

Audience = Literal["practitioner", "manager", "analyst"]
AUDIENCES: tuple[Audience, ...] = ("practitioner", "manager", "analyst")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One of the five moments."""

    id: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: for whom, why it is asked, what a good answer looks like, what of the study it rests on."""

    id: str
    moment: str
    for_: tuple[Audience, ...]
    question: str
    why: str
    good_answer: str
    links_to: Literal["notice", "purpose", "holders", "retention"]


@dataclass(frozen=True, kw_only=True)
class Toolkit(Definition):
    """The moments and their questions."""

    moments: tuple[Moment, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, kw_only=True)
class StudyWords(Definition):
    """What a study says of itself: a YAML file of the place.

    notice: what those asked are told, sentence by sentence. purpose: what it is for, in words. holders:
    who holds it. retention: until when. answers: a question's id -> this study's answer.
    """

    notice: tuple[str, ...]
    purpose: str
    holders: tuple[str, ...]
    retention: str
    answers: dict[str, str] = field(default_factory=dict)


def toolkit() -> Toolkit:
    """The shipped questions."""
    return load("ethics/toolkit", Toolkit)


def study_words(text: str, where: str = "study") -> StudyWords:
    """A study's own words from its file."""
    return load_text(text, StudyWords, where)


def toolkit_document(study: StudyWords, audience: Audience | None = None) -> Document:
    """The toolkit for a study, for one audience or for all, ready for page and paper."""
    known = toolkit()
    parts: list[Part] = [
        Paragraph("Go through these with somebody. There is no score. A question without an answer is where to begin."),
        Heading("This study"),
        Rows("The study in short", ("What", "What it says"), (
            ("What it is for", study.purpose), ("Who holds it", "; ".join(study.holders)), ("Kept until", study.retention),
        )),
        Heading("What those who are asked are told"), Items(study.notice),
    ]  # fmt: skip
    for moment in known.moments:
        parts.append(Heading(moment.label))
        for q in known.questions:
            if q.moment == moment.id and (audience is None or audience in q.for_):
                parts += _question(q, study)
    who = (
        f"For the {audience}"
        if audience
        else f"For {', '.join(AUDIENCES[:-1])} and {AUDIENCES[-1]}"
    )
    return Document(f"Questions of ethics: {study.label}", study.source, who, tuple(parts))


def _question(q: Question, study: StudyWords) -> list[Part]:
    linked = {
        "notice": f"This study tells them: {study.notice[0]}"
        if study.notice
        else "This study has no notice yet.",
        "purpose": f"This study is for: {study.purpose}",
        "holders": f"Held by: {'; '.join(study.holders)}",
        "retention": f"Kept until: {study.retention}",
    }[q.links_to]
    parts: list[Part] = [
        Heading(q.question, 3),
        Items(
            (
                f"For: {', '.join(q.for_)}",
                f"Why: {q.why}",
                f"A good answer: {q.good_answer}",
                linked,
            )
        ),
    ]
    if q.id in study.answers:
        parts.append(Paragraph(f"Our answer: {study.answers[q.id]}"))
    return parts
