"""A questionnaire laid out flat, with every word in every language: what exports and imports share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from threecircles.definitions import HOME
from threecircles.survey.conditions import Tree
from threecircles.survey.questionnaire import Questionnaire, items
from threecircles.survey.wording import of_item, texts


@dataclass(frozen=True)
class FlatItem:
    """One question. labels, hints, audio (file names): by language. choices: (answer, words by language)."""

    code: str
    type: str
    labels: Mapping[str, str]
    choices: tuple[tuple[str, Mapping[str, str]], ...] = ()
    ask_if: Tree | None = None
    audio: Mapping[str, str] = field(default_factory=dict)
    list_name: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FlatForm:
    """A whole form. losses: what could not be carried over, as sentences."""

    id: str
    title: str
    version: str
    languages: tuple[str, ...]
    items: tuple[FlatItem, ...]
    losses: tuple[str, ...] = ()


def flat(found: Questionnaire, home: Path = HOME) -> FlatForm:
    """The questionnaire with its words."""
    told = {x: texts(found, x, home) for x in found.languages}
    made = []
    for item in items(found, home):
        labels = {x: _label(told[x], item.code) for x in found.languages}
        name = item.options or ("scale_0_10" if item.type == "scale_0_10" else "")
        choices = tuple(
            (v, {x: told[x].get(f"option.{item.options}.{v}") or v for x in found.languages})
            for v in item.values
        )
        words = {x: w for x in found.languages if (w := of_item(item, x, home))}
        audio = {x: w.audio[item.code] for x, w in words.items() if item.code in w.audio}
        hints = {x: w.hints[item.code] for x, w in words.items() if w.hints.get(item.code)}
        made.append(
            FlatItem(item.code, item.type, labels, choices, item.ask_if, audio, name, hints)
        )
    return FlatForm(found.id, found.label, found.version, tuple(found.languages), tuple(made))


def _label(told: Mapping[str, str], code: str) -> str:
    stem = told.get(f"stem.{code}", "")
    text = told.get(f"item.{code}", "")
    return f"{stem} {text}".strip()
