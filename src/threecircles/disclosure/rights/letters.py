"""The answer as a letter: for an adult, for a child of 13, and for a child of 8."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from threecircles.core.dates import in_words
from threecircles.definitions import Definition, load
from threecircles.disclosure.document import Document, Heading, Items, Paragraph, Part, Rows
from threecircles.disclosure.purposes import forbidden
from threecircles.disclosure.rights.access import HELD_BACK, Access

Reader = Literal["adult", "thirteen", "eight"]


@dataclass(frozen=True, kw_only=True)
class SourceWords:
    """What a source is, for a child of eight and of thirteen."""

    source: str
    eight: str
    thirteen: str


@dataclass(frozen=True, kw_only=True)
class PlainWords(Definition):
    """Sentences by source."""

    sources: tuple[SourceWords, ...]


def letter(found: Access, reader: Reader, author: str) -> Document:
    """The answer in the words of its reader. author: who answers, such as the council's name."""
    parts = {"adult": _adult, "thirteen": _thirteen, "eight": _eight}[reader](found)
    title = {
        "adult": "What is held about you",
        "thirteen": "What we know about you",
        "eight": "What we wrote down about you",
    }
    day = date.fromisoformat(found.made)
    return Document(title[reader], author, f"Made on {in_words(day)}", tuple(parts))


def words_for(source_id: str, reader: Reader) -> str:
    """The sentence about a source for a child."""
    known = {s.source: s for s in load("rights/plain_words", PlainWords).sources}
    told = known.get(source_id, known["*"])
    return told.eight if reader == "eight" else told.thirteen


def _told(found: Access, reader: Reader) -> tuple[str, ...]:
    """What each source is, once: two sources in the same words are one sentence."""
    return tuple(dict.fromkeys(words_for(r.source, reader) for r in found.rows))


def _adult(found: Access) -> list[Part]:
    parts: list[Part] = [
        Paragraph(
            "This is everything held about you here, by where it came from, with who looked at it and what it was used for."
        ),
        Heading("Where it came from"),
    ]
    for key in dict.fromkeys((r.label, r.delivery, r.table) for r in found.rows):
        parts.append(Heading(f"{key[0]} ({key[1]}): {key[2]}", 3))
        for row in found.rows:
            if (row.label, row.delivery, row.table) == key:
                parts.append(Rows(f"Row {row.row + 1}", ("What", "What is written"), row.fields))
    parts += [
        Heading("How sure we are that it is you"),
        Rows("Links", ("Source", "Received as", "How sure"), found.links),
        Heading("What was made from it"),
        Items(tuple(f"{name}: {n} rows, under a number instead of your name" for name, n in found.derived) or ("Nothing.",)),
        Heading("What it may be used for"),
        Rows("Purposes", ("Purpose", "By which law", "Kept for"), found.purposes),
        Heading("Who looked"),
        Rows("Looks", ("When", "Who", "At what", "Why", "Allowed?"), tuple((x.at, x.who, x.what, x.purpose.replace("_", " "), "yes" if x.decision == "allow" else "no") for x in found.looks)),
        Heading("What was published"),
        Items(tuple(f"{title}, {when}: you {'were' if yes else 'were not'} among those counted" for title, when, yes in found.releases) or ("Nothing yet.",)),
        Heading("What you have told us"),
        Items(tuple(f"{kind.replace('_', ' ')} to {what.replace('_', ' ')}, from {when}" for what, kind, when in found.preferences) or ("Nothing yet.",)),
        Heading("What is held back"),
        Paragraph(f"{len(found.to_settle)} entries may tell of somebody else and read '{HELD_BACK}'." if found.to_settle else "Nothing is held back."),
        Heading("What you can do"),
        Items(("Ask us to mend what is wrong.", "Say no to a use.", "Ask us to take it out.", "Complain to the Information Commissioner, or to a court.")),
    ]  # fmt: skip
    return parts


def _thirteen(found: Access) -> list[Part]:
    told = _told(found, "thirteen")
    own = [x for x in found.looks if x.what == "your record"]
    return [
        Paragraph("You asked what we know about you. Here it is in short. You can have every line of it too: just ask."),
        Heading("What we hold"),
        Items(told or ("Nothing.",)),
        Heading("Who looked at it"),
        Paragraph(f"People looked at your own record {len(own)} times. Each time they had to say why. You can ask for the list." if own else "Nobody has looked at your own record."),
        Heading("What it is used for"),
        Paragraph("It helps people help you. It also helps the council learn what children need. For that your name is taken off first."),
        Heading("What it is never used for"),
        Items(tuple(p.plain_words for p in forbidden().values())),
        Heading("What you can do"),
        Items(("Tell us if something is wrong. We will look at it.", "Tell us if you do not want it used to learn about children in general.", "Ask us to take it out. We tell you if the law says we must keep it.", "Bring somebody you trust.")),
    ]  # fmt: skip


def _eight(found: Access) -> list[Part]:
    return [
        Paragraph("You asked what we know about you. That is a good question."),
        Heading("What we wrote down"),
        Items(_told(found, "eight") or ("Nothing at all.",)),
        Heading("Why we keep it"),
        Paragraph("It helps grown-ups help you. It helps them help other children too."),
        Heading("Who can see it"),
        Paragraph("Only people who help you, and they must say why."),
        Heading("What you can do"),
        Items(
            (
                "Tell us if something is wrong.",
                "Say no if you do not like it.",
                "Ask a grown-up you trust to help.",
            )
        ),
    ]
