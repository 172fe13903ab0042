"""What people ask and where it is answered: without it a reader would leaf through every page to find theirs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from threecircles.catalogue import Answer, Demand, demands
from threecircles.report.model import Block, Entries, Page, Text
from threecircles.report.words import capital

STATUSES = (
    ("answered", "Questions with an answer"),
    ("answered in part", "Questions answered in part"),
    ("not built yet", "Questions that nothing here answers yet"),
    ("not planned", "Questions that nothing is planned to answer"),
)


def questions_page(slugs: Collection[str]) -> Page:
    """The questions people brought, those with an answer first, and the pages of this pack that hold one.

    slugs: pages of the pack; an answer on one of them is a link.
    """
    every = demands()
    blocks: list[Block] = [
        Text(
            "Pages of this pack that answer a question",
            (
                "Other answers come from a command, given in full below, because they need a choice or a file of your own.",
            ),
            _links(every, slugs),
        )
    ]
    for status, title in STATUSES:
        chosen = [d for d in every if d.status == status]
        if chosen:
            blocks.append(Entries(title, tuple((d.label, _said(d)) for d in chosen)))
    return Page(
        id="questions",
        slug="questions",
        title="What people ask, and where it is answered",
        summary=(
            f"{len(every)} questions that people brought: {_count(every, 'answered')} with an answer here, "
            f"{_count(every, 'answered in part')} in part, {_count(every, 'not built yet')} with none yet.",
            "An answer means that the page or command is there, not that this place has sent what it needs.",
        ),
        blocks=tuple(blocks),
        related=("gaps", "methods"),
        order=93,
    )


def _links(every: Sequence[Demand], slugs: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{d.label} ({capital(d.audience[0])})", a.page)
        for d in every
        for a in d.met_by
        if a.page in slugs and not a.not_built
    )


def _said(demand: Demand) -> str:
    asked = f"Asked by: {', '.join(demand.audience)}."
    if demand.not_planned:
        return f"{asked} Not planned: {demand.not_planned}"
    return " ".join((asked, *(_answer(a) for a in demand.met_by)))


def _answer(answer: Answer) -> str:
    statements = f"{answer.room} {', '.join(answer.acceptance)}"
    if answer.not_built:
        return f"Not built yet ({statements}): {answer.not_built}"
    said = [f"the page {answer.page}"] if answer.page else []
    if answer.command:
        said.append(f"the command “threecircles {answer.command}”")
    return f"{capital(' or '.join(said))} ({statements})."


def _count(every: Sequence[Demand], status: str) -> int:
    return sum(d.status == status for d in every)
