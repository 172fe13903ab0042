"""Words to say and to talk over: a talk of two minutes, an audio script, captions, a workshop sheet."""

from __future__ import annotations

from threecircles.report.kit.spoken import aloud
from threecircles.report.kit.told import Item, Told
from threecircles.report.words import capital, within

TALK_WORDS = 280
"""Words of a talk of two minutes."""
WORDS_A_MINUTE = 140
PAUSE = "[pause]"


def talk(told: Told) -> str:
    """A talk of two minutes, at most 280 words: what was found, what is not known, what to ask."""
    opening = [f"This is what we know about children in {told.place}, {within(told.period)}."]
    closing = [*_not_known(told)[:1], "Ask us what would have to change, and who would change it."]
    spent = _words(opening) + _words(closing) + _words([told.stamp])
    middle: list[str] = []
    for item in _speaking(told):
        if _words(middle) + _words([item.sentence]) + spent > TALK_WORDS:
            break
        middle.append(item.sentence)
    lines = ["# A talk of two minutes", "", *opening, "", *middle, "", *closing, "", told.stamp]
    return "\n".join(lines) + "\n"


def audio(told: Told) -> str:
    """A script to read aloud: numbers in words, a pause after each finding."""
    return "\n".join(["# Audio script", "", *_spoken(told), "", aloud(told.stamp)]) + "\n"


def captions(told: Told) -> str:
    """Captions of the audio script (WebVTT), timed at 140 words a minute."""
    lines, clock = ["WEBVTT", f"NOTE {told.stamp}", ""], 0.0
    for line in _spoken(told):
        if line == PAUSE:
            clock += 1.0
            continue
        ends = clock + max(1.5, 60 * len(line.split()) / WORDS_A_MINUTE)
        lines += [f"{_time(clock)} --> {_time(ends)}", line, ""]
        clock = ends
    return "\n".join(lines)


def workshop(told: Told) -> str:
    """A sheet for a group: the findings, what is not known, three questions."""
    lines = ["# Workshop sheet", "", "## What the pack says", ""]
    lines += [f"- {item.sentence}" for item in _speaking(told)[:6]]
    lines += ["", "## What the pack does not say", "", *(f"- {line}" for line in _not_known(told))]
    lines += ["", "## Three questions", "",
              "1. Which of these surprised you, and what have you seen that fits or does not fit?",
              "2. Who is missing from these figures, and how could we hear them?",
              "3. What should change first, who would do it, and how would we know?",
              "", told.stamp]  # fmt: skip
    return "\n".join(lines) + "\n"


def _speaking(told: Told) -> list[Item]:
    return [item for item in told.items if item.speaks]


def _spoken(told: Told) -> list[str]:
    lines = [aloud(f"Children in {told.place}, {within(told.period)}."), PAUSE]
    for item in _speaking(told)[:8]:
        lines += [capital(aloud(item.sentence)), PAUSE]
    for line in _not_known(told):
        lines += [aloud(line), PAUSE]
    return lines


def _not_known(told: Told) -> list[str]:
    if not told.unknown:
        return ["Children who were not asked, or did not answer, are not heard in these figures."]
    return [f"Not known: {within(what).rstrip('.')}." for what, _ in told.unknown]


def _words(lines: list[str]) -> int:
    return sum(len(line.split()) for line in lines)


def _time(seconds: float) -> str:
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{left:06.3f}"
