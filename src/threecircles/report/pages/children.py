"""The page for children: without it those whom every figure is about would be the last to be told."""

from __future__ import annotations

from threecircles.definitions import read_csv
from threecircles.report.context import Context
from threecircles.report.model import Block, Entries, Keyfigure, Keyfigures, Nothing, Page, Text
from threecircles.report.released import Tables
from threecircles.report.sources import source_name

VOICE = ("voice-feedback", "voice-decisions")
"""Tables that say what was done with children's words, when there are any."""


def page(tables: Tables, context: Context) -> Page:
    """What is held, why, who used it, and what children's words changed; for readers of nine to eleven."""
    blocks: list[Block] = []
    figures = _answers(tables)
    if figures:
        blocks.append(Keyfigures(figures))
    blocks.append(_held(tables))
    blocks.append(
        Text(
            "Who used it?",
            (
                f"A few people who work for {context.place}. They made these pages with it.",
                "They did not see your name, your street or your birthday when they counted.",
                "Each time someone looks, it is written in a book that no one can change.",
                "It may not be sold. It may not be used to send you adverts. It may not be used to send a family away from this country.",
            ),
            (("How we made the numbers", "methods"),),
        )
    )
    blocks.append(_changed(tables))
    blocks.append(
        Text(
            "What can you do?",
            (
                "You can ask to see what is held about you. A grown-up you trust can help you ask.",
                "If something is wrong, say so. It must be put right.",
                "You can say no to questions. Nothing bad will happen if you do.",
                "Are you worried or not safe? Tell a grown-up you trust, or call Childline on 0800 1111. It is free, day and night.",
            ),
        )
    )
    used = [tables["circles-place"]] if figures else []
    return Page(
        id="children",
        slug="children",
        nav="For children",
        title="What is known about me, and why?",
        summary=(
            "This page is for you if you are a child. It says what is kept, why, who used it, and what you can do.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in used),
        related=("index", "gaps"),
        audience=("children", "public"),
        order=11,
    )


def _answers(tables: Tables) -> tuple[Keyfigure, ...]:
    """How many answered, and how many have a hard time; nothing when either is not shown."""
    place = tables.get("circles-place")
    if place is None:
        return ()
    asked, need = place.value("need", "n"), place.value("need")
    if asked is None or need is None or not (asked.known and need.known):
        return ()
    return (
        Keyfigure(asked, "children told us how they are. Thank you."),
        Keyfigure(
            need,
            "children have a hard time in more than one part of life. You are not the only one.",
        ),
    )


def _held(tables: Tables) -> Entries:
    """What each source that this pack was made from holds about a child, and why."""
    used = {s for t in tables.values() for s in t.safe.spec.sources}
    listed = [r for r in read_csv("report/children") if r["source_id"] in used]
    told = tuple((source_name(r["source_id"]), f"{r['what']} Why? {r['why']}") for r in listed)
    nothing = (("Nothing yet", "No lists about children were used for these pages."),)
    return Entries("What is kept about me, and why?", told or nothing)


def _changed(tables: Tables) -> Text | Nothing:
    """What was done with what children said; that nobody has told us, where nobody has."""
    if any(tables.starting(name) for name in VOICE):
        return Text(
            "What did my words change?",
            ("You can read what was decided, and why.",),
            (("What changed because of what children said", "voice"),),
        )
    return Nothing(
        "What did my words change?",
        "We do not know yet. No one has told us what was done with what you said.",
        "You may ask for it. When they tell us, it will stand here.",
    )
