"""The words of questions in each language, and how well each was tried: without it an untested question
would look like any other.

States: draft, translated, reviewed, tested, piloted, live. First wording needs `piloted`, a translation
`reviewed`, before a live study opens; anything less needs a recorded reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from threecircles.core.errors import DefinitionError
from threecircles.definitions import HOME, Definition, load, read_csv
from threecircles.survey.measures import response_sets
from threecircles.survey.questionnaire import Item, Questionnaire, items

STATES = ("draft", "translated", "reviewed", "tested", "piloted", "live")
FIRST = "en"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "ps", "ku"})


@dataclass(frozen=True, kw_only=True)
class State:
    """One step of trying the words: who, when, and what was found."""

    state: Literal["draft", "translated", "reviewed", "tested", "piloted", "live"]
    by: str
    on: date
    n: int | None = None
    ages: list[int] = field(default_factory=list)
    where: str = ""
    findings: str = ""
    changes: str = ""
    missing_rate: float | None = None
    median_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Wording(Definition):
    """Text of a measure, a module, sets of answers or the screens, in one language.

    audio: the recording's file name of a question that was brought in with one.
    """

    language: str
    measure: str = ""
    module: str = ""
    stem: str = ""
    title: str = ""
    items: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    audio: dict[str, str] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    screens: dict[str, str] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The furthest state that the words reached."""
        reached = [STATES.index(s.state) for s in self.states]
        return STATES[max(reached)] if reached else "draft"


def wording(kind: str, name: str, language: str, home: Path = HOME) -> Wording | None:
    """The words of a measure (`measures`) or module (`questionnaires`); None where there are none.

    A licensed text lies in the workspace, `licensed/<measure>/text.<language>.yaml`.
    """
    for folder in dict.fromkeys((home, HOME)):
        if (folder / kind / language / f"{name}.yaml").exists():
            return load(f"{kind}/{language}/{name}", Wording, folder)
        if (folder / "licensed" / name / f"text.{language}.yaml").exists():
            return load(f"licensed/{name}/text.{language}", Wording, folder)
    return None


def of_item(item: Item, language: str, home: Path = HOME) -> Wording | None:
    """The file that holds an item's words in a language."""
    if item.measure:
        return wording("measures", item.measure, language, home)
    return wording("questionnaires", item.module, language, home)


def item_text(item: Item, language: str, home: Path = HOME) -> str:
    """The question's words, "" where there are none."""
    found = of_item(item, language, home)
    return found.items.get(item.code, "") if found else ""


def texts(found: Questionnaire, language: str, home: Path = HOME) -> dict[str, str]:
    """Every text a form needs in a language; what is missing falls back to English, item by item.

    Keys: item.<code>, hint.<code>, stem.<code>, option.<set>.<value>, screen.<name>.
    """
    told: dict[str, str] = {}
    for use in dict.fromkeys((FIRST, language)):
        told |= {k: v for k, v in _own(found, use, home).items() if v}
    return told


def missing(found: Questionnaire, language: str, home: Path = HOME) -> list[str]:
    """Keys of texts that fall back to English in this language."""
    return sorted(
        set(_own(found, FIRST, home)) - {k for k, v in _own(found, language, home).items() if v}
    )


def not_written(found: Questionnaire, language: str, home: Path = HOME) -> list[str]:
    """Codes of questions that have no words at all, not even English ones."""
    told = texts(found, language, home)
    return [i.code for i in items(found, home) if not told.get(f"item.{i.code}")]


def _own(found: Questionnaire, language: str, home: Path) -> dict[str, str]:
    told = {f"screen.{k}": v for k, v in screens(language).items()}
    sets = option_texts(language)
    for item in items(found, home):
        words = of_item(item, language, home)
        if words is not None:
            told[f"item.{item.code}"] = words.items.get(item.code, "")
            if words.hints.get(item.code):
                told[f"hint.{item.code}"] = words.hints[item.code]
            if item.measure and words.stem:
                told[f"stem.{item.code}"] = words.stem
        own = words.options.get(item.options, {}) if words else {}
        for value in item.values if item.options else ():
            told[f"option.{item.options}.{value}"] = own.get(value) or sets.get(
                item.options, {}
            ).get(value, "")
    return told


@cache
def screens(language: str) -> Mapping[str, str]:
    """Words of buttons and notices."""
    found = wording("questionnaires", "screens", language)
    return dict(found.screens) if found else {}


@cache
def option_texts(language: str) -> Mapping[str, Mapping[str, str]]:
    """Words of the shipped sets of answers."""
    if language == FIRST:
        sets: dict[str, dict[str, str]] = {}
        for row in response_sets():
            sets.setdefault(row["set"], {})[row["value"]] = row["label"]
        return sets
    found = wording("questionnaires", "answers", language)
    return dict(found.options) if found else {}


@dataclass(frozen=True)
class Untested:
    """Words that have not been tried far enough for a live study."""

    what: str
    language: str
    state: str
    needed: str

    def sentence(self) -> str:
        """For the message that refuses, and for the report's method page."""
        return f"{self.what} ({self.language}) is {self.state}; {self.needed} is needed."


def untested(found: Questionnaire, languages: tuple[str, ...], home: Path = HOME) -> list[Untested]:
    """Words below the state a live study needs, one entry a file and language."""
    told: dict[tuple[str, str], Untested] = {}
    for language in languages:
        needed = "piloted" if language == FIRST else "reviewed"
        for item in items(found, home):
            words = of_item(item, language, home)
            name = item.measure or item.module
            state = words.state if words else "not written"
            short = words is None or STATES.index(state) < STATES.index(needed)
            if short:
                told.setdefault((name, language), Untested(name, language, state, needed))
    return list(told.values())


def text_hash(text: str) -> str:
    """Sixteen digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changed_words(found: Questionnaire, home: Path = HOME) -> list[str]:
    """Codes whose English words are no longer those that were locked: they need a new code, at draft."""
    locked = {r["code"]: r["words"] for r in read_csv("questionnaires/locked")}
    return [
        i.code
        for i in items(found, home)
        if i.code in locked and text_hash(item_text(i, FIRST, home)) != locked[i.code]
    ]


def refuse_changed(found: Questionnaire, home: Path = HOME) -> None:
    """Raise DefinitionError when a question was reworded under its old code."""
    changed = changed_words(found, home)
    if changed:
        raise DefinitionError(
            "Questions were reworded under their old code.",
            found=", ".join(changed),
            mend="Give the new words a new code, at draft: answers to other words are other answers.",
        )


def as_lock(found: tuple[Questionnaire, ...], home: Path = HOME) -> list[dict[str, Any]]:
    """Rows of the lock file: code, words (hash), source."""
    rows = {i.code: text_hash(item_text(i, FIRST, home)) for one in found for i in items(one, home)}
    return [
        {"code": c, "words": h, "source": "English wording, 2026"} for c, h in sorted(rows.items())
    ]
