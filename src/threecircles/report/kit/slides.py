"""Slides: a page for the wall and a tagged document, one finding each with its table in the notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from threecircles.report.html import written
from threecircles.report.kit.told import Item, Told
from threecircles.report.model import Table

FINDINGS = 9
"""Slides of findings at most; with the first and the last the deck has eight to twelve."""
ABOUT_DATA = ("quality-", "linkage-", "methods-")
"""Figures of these pages say how the data are, not how children are."""


@dataclass(frozen=True)
class Slide:
    """One slide. item: the finding it shows, None for the first and the last."""

    title: str
    lines: tuple[str, ...]
    item: Item | None = None


def slides(told: Told) -> tuple[Slide, ...]:
    """The deck: what it is, the findings, what is not known, where it comes from."""
    first = Slide(told.title, (told.period, told.stamp))
    shown = [
        Slide(i.sentence, tuple(x for x in (i.more, _edited(i)) if x), i) for i in chosen(told)
    ]
    unknown = Slide(
        "What we do not know",
        tuple(f"{what.rstrip('.')}: {why}" for what, why in told.unknown)
        or ("Those who were not asked, and those who did not answer.",),
    )
    last = Slide(
        "Where these figures come from",
        (
            "Every number is in the released pack, with its sources, its method and its interval.",
            f"Contact: {told.contact or 'the team that released the pack'}.",
        ),
    )
    return (first, *shown, unknown, last)


def chosen(told: Told) -> tuple[Item, ...]:
    """Findings for slides: those with a drawing first from each page in turn, then the others."""
    drawn = [i for i in told.items if i.drawing and not i.id.startswith(ABOUT_DATA)]
    turns: list[Item] = []
    pages = list(dict.fromkeys(i.page for i in drawn))
    # The lead opens; then one figure from each page in turn.
    while len(turns) < FINDINGS and any(i not in turns for i in drawn):
        for page in pages:
            turns += [i for i in drawn if i.page == page and i not in turns][:1]
    others = [i for i in told.items if i.kind == "finding"]
    return tuple((turns + others)[:FINDINGS])


def html(told: Told) -> str:
    """The deck as one page: arrow keys or the links move; without scripts it reads from top to bottom."""
    deck = slides(told)
    body = "\n".join(_section(n, s, len(deck), told) for n, s in enumerate(deck, 1))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(told.title)}: slides</title>\n"
        '<link rel="stylesheet" href="kit.css">\n<script src="kit.js" defer></script>\n</head>\n'
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(number: int, slide: Slide, of: int, told: Told) -> str:
    head = "h1" if number == 1 else "h2"
    parts = [f'<section id="slide-{number}" tabindex="-1" aria-labelledby="title-{number}">',
             f'<{head} id="title-{number}">{escape(slide.title)}</{head}>']  # fmt: skip
    parts += [f"<p>{escape(line)}</p>" for line in slide.lines]
    if slide.item is not None:
        parts.append(slide.item.drawing)
        parts += _notes(slide.item.table)
    parts.append(
        f'<p class="foot">{escape(told.stamp)} Slide {number} of {of}.'
        + (f' <a href="#slide-{number + 1}">Next slide</a>' if number < of else "")
        + "</p>\n</section>"
    )
    return "\n".join(p for p in parts if p)


def _notes(table: Table | None) -> Iterator[str]:
    if table is None:
        return
    head = "".join(f'<th scope="col">{escape(c.label)}</th>' for c in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(written(row[0]))}</th>'
        + "".join(f"<td>{escape(written(cell))}</td>" for cell in row[1:])
        + "</tr>"
        for row in table.rows
    )
    yield (
        "<details><summary>Notes: the figures as a table</summary>"
        f'<div role="region" aria-label="{escape(table.caption)}" tabindex="0">'
        f"<table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _edited(item: Item) -> str:
    return f"Words by {item.author}, {item.edited}." if item.author else ""


def write_assets(out: Path) -> list[Path]:
    """The style and the keys of the page, beside it."""
    written_files = []
    for name in ("kit.css", "kit.js"):
        target = out / name
        target.write_bytes((Path(__file__).parent / name).read_bytes())
        written_files.append(target)
    return written_files
