"""Screens of a form as HTML: one template for the page, for the browser's module and for no script at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from threecircles.survey.conditions import holds
from threecircles.survey.questionnaire import Item
from threecircles.survey.store import Session
from threecircles.survey.wording import RIGHT_TO_LEFT, screens
from threecircles.web.survey.live import Live

MOST_ORDERS = 64
"""Orders of a form whose screens are kept; with modules that rotate there are few."""
FACES = {"yes": "yes", "no": "no", "unsure": "question"}


@dataclass(frozen=True)
class Option:
    """One answer that can be chosen."""

    value: str
    text: str
    symbol: str


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("threecircles.web.survey", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def words_of(language: str) -> dict[str, str]:
    """Words of buttons and notices, English where there are none."""
    return dict(screens("en")) | {k: v for k, v in screens(language).items() if v}


def page(template: str, language: str, name: str, **known: Any) -> str:
    """A whole page. name: what the page is, for the script."""
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    return (
        _environment()
        .get_template(template)
        .render(
            language=language, direction=direction, words=words_of(language), page=name, **known
        )
    )


def screen(
    live: Live, session: Session, number: int, answers: dict[str, Any], problem: str = ""
) -> Markup:
    """One question as a form."""
    found = live.form(session.questionnaire)[1]
    item = found[session.given[number]]
    told = live.texts(session.questionnaire, session.language)
    visible = [i for i, code in enumerate(session.given) if holds(found[code].ask_if, answers)]
    step = sum(1 for i in visible if i <= number)
    given = answers.get(item.code)
    chosen = [str(v) for v in (given if isinstance(given, list) else [given]) if v is not None]
    text = told.get(f"item.{item.code}", item.code)
    # The template escapes every text it is given.
    return Markup(
        _environment().get_template("survey_screen.html").render(
            item=item, number=number, step=step, of=max(len(visible), step), chosen=chosen,
            text=text, stem=told.get(f"stem.{item.code}", ""),
            hint=told.get(f"hint.{item.code}", ""), problem=problem, language=session.language,
            options=options(item, told), symbol=session.mode == "symbol",
            fallback=live.falls_back(session.questionnaire, session.language, item),
            spoken=live.recording(session.language, f"item.{item.code}") is not None,
            words=words_of(session.language),
        )
    )  # fmt: skip


def options(item: Item, told: dict[str, str]) -> list[Option]:
    """The answers of a question with their words and pictures."""
    if item.type == "info" or item.type not in ("single", "multiple", "scale_0_10"):
        return []
    values = item.values
    made = []
    for place, value in enumerate(values):
        text = told.get(f"option.{item.options}.{value}") or value
        level = f"level{place}" if len(values) == 5 else ""
        made.append(Option(value, text, FACES.get(value, level)))
    return made


def blank_screens(live: Live, session: Session) -> tuple[str, ...]:
    """Every screen of a form without an answer: the same for all children who are given the same order.

    A class begins within a minute; making thirty times the same forty screens would hold up its answers.
    """
    key = (session.questionnaire, session.language, session.mode, session.given)
    if key not in live.blank:
        if len(live.blank) >= MOST_ORDERS:
            live.blank.clear()
        live.blank[key] = tuple(
            str(screen(live, session, number, {})) for number in range(len(session.given))
        )
    return live.blank[key]


def bundle(live: Live, session: Session) -> dict[str, Any]:
    """Everything the browser's module needs to go on alone: every screen, conditions, answers so far."""
    answers = live.reader.answers(session.key)
    found = live.form(session.questionnaire)[1]
    kept = (
        "question_of",
        "title",
        "saved",
        "offline",
        "done_heading",
        "done_waiting",
        "done_adult",
    )
    words = words_of(session.language)
    return {
        "token": session.token,
        "language": session.language,
        "next": live.reader.next_seq(session.key),
        "at": session.at,
        "answers": answers,
        "words": {k: words[k] for k in kept},
        "items": [
            {
                "code": code, "type": found[code].type, "ask": found[code].ask_if,
                "html": html,
            }
            for code, html in zip(session.given, blank_screens(live, session), strict=True)
        ],
    }  # fmt: skip


def judged(item: Item, value: Any) -> Any:
    """An answer as it may be kept, or None when it is none of those that can be given."""
    if value is None or value in ("", []):
        return None
    if item.type == "multiple":
        told = [str(v) for v in (value if isinstance(value, list) else [value])]
        return told if all(v in item.values for v in told) else None
    text = str(value if not isinstance(value, list) else value[0]).strip()
    if item.type in ("single", "scale_0_10"):
        return text if text in item.values else None
    if item.type == "number":
        return text if text.lstrip("-").replace(".", "", 1).isdigit() else None
    return text[: item.longest] or None


def as_json(told: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
