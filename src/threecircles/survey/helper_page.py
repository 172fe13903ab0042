"""What the worker who helps one person may see of that person's form: their goals and the short scale, no more.

Nobody would say how it is to come here if the person they say it of could read it. Experience answers are
therefore never read from the store for this page: the statement asks for the codes that may be seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from threecircles.core.dates import in_words
from threecircles.survey.codes import ADULT_LENGTH, ALPHABET, is_code, tidy
from threecircles.survey.questionnaire import items, questionnaire
from threecircles.survey.service import helper_view
from threecircles.survey.store import Store
from threecircles.survey.study import Study
from threecircles.survey.wording import texts

MARK_LENGTH = 5


@dataclass(frozen=True)
class Goal:
    """A goal in the person's own words, and how near it is, 0 to 10; None where it was not said."""

    words: str
    now: str | None


@dataclass(frozen=True)
class HelperForm:
    """One person's form. answers: the short questions with the words of the answer; on: the day, in words."""

    title: str
    on: str
    goals: tuple[Goal, ...]
    answers: tuple[tuple[str, str], ...]


def person_mark(study_id: str, code: str) -> str:
    """The number by which a worker asks for a person's form: no code can be had from it, and it opens none."""
    digest = int.from_bytes(hashlib.sha256(f"{study_id}|helper|{code}".encode()).digest()[:8])
    told = ""
    for _ in range(MARK_LENGTH):
        digest, place = divmod(digest, len(ALPHABET))
        told += ALPHABET[place]
    return told


def helper_form(
    store: Store, study: Study, adult_code: str, mark: str, home: Path
) -> HelperForm | None:
    """The form that belongs to a mark of a service's sheet; None for any other code, mark or kind of study."""
    if study.kind != "service" or not is_code(adult_code, ADULT_LENGTH):
        return None
    own = store.one("SELECT code, questionnaire FROM class WHERE adult_code=?", (tidy(adult_code),))
    if own is None:
        return None
    people = store.run("SELECT code FROM pupil_code WHERE class_code=?", (own["code"],))
    asked = [p["code"] for p in people if person_mark(study.id, p["code"]) == tidy(mark)]
    if len(asked) != 1:
        return None
    begun = store.one("SELECT * FROM session WHERE pupil_code=?", (asked[0],))
    name = begun["questionnaire"] if begun else own["questionnaire"]
    form = questionnaire(name, home)
    if begun is None:
        return HelperForm(form.label, "", (), ())
    found = {i.code: i for i in items(form, home)}
    seen = list(helper_view(dict.fromkeys(found, ""), {c: i.measure for c, i in found.items()}))
    marks = ",".join("?" * len(seen))
    rows = store.run(
        f"SELECT item, value FROM answer WHERE session=? AND value IS NOT NULL AND item IN ({marks})",
        (begun["key"], *seen),
    )
    said = {r["item"]: r["value"] for r in rows}
    words = texts(form, "en", home)
    goals = tuple(
        Goal(said[c], said.get(f"{c}_now")) for c in seen if c in said and f"{c}_now" in found
    )
    answers = tuple(
        (words.get(f"item.{c}", c), words.get(f"option.{found[c].options}.{said[c]}") or said[c])
        for c in seen
        if c in said and found[c].measure
    )
    day = begun["finished_on"]
    return HelperForm(form.label, in_words(_day(day)) if day else "", goals, answers)


def _day(text: str) -> date:
    return date.fromisoformat(text)
