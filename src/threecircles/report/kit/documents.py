"""The kit on paper: slides with their notes, and a poster, as tagged documents."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from threecircles.report.kit.slides import chosen, slides
from threecircles.report.kit.told import Item, Told
from threecircles.report.pdf import compile_ua, string, table_lines

_PAGE = """\
#set document(title: {title}, author: {author})
#set page(width: {width}, height: {height}, margin: {margin})
#set text(lang: "en", region: "GB", size: {size}, font: "Libertinus Serif")
#show heading.where(level: 1): it => block(below: 0.8em, text(size: 1.6em, it.body))
#show heading.where(level: 2): it => block(above: 1.2em, below: 0.5em, text(size: 1.2em, it.body))
#set table(stroke: (x: none, y: 0.5pt + luma(190)), inset: 5pt)
#show table.cell.where(y: 0): strong
"""
POSTER_FINDINGS = 5


def slides_pdf(told: Told, path: Path) -> Path:
    """The deck, one slide a page, the table of each finding on a page of notes behind it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        compile_ua(_deck(told, home), home, path)
    return path


def poster_pdf(told: Told, path: Path) -> Path:
    """A poster of A3: five findings with two drawings, what is not known, and where it comes from."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        compile_ua(_poster(told, home), home, path)
    return path


def _deck(told: Told, home: Path) -> Iterator[str]:
    yield _page(told, "297mm", "167mm", "14mm", "15pt")
    deck = slides(told)
    for number, slide in enumerate(deck, 1):
        if number > 1:
            yield "#pagebreak()"
        yield f"#heading(level: {1 if number == 1 else 2}, {string(slide.title)})"
        yield from (f"#par({string(line)})" for line in slide.lines)
        if slide.item is not None:
            yield from _picture(slide.item, home, "78mm")
        yield _small(f"{told.stamp} Slide {number} of {len(deck)}.")
        if slide.item is not None and slide.item.table is not None:
            yield "#pagebreak()"
            yield f"#heading(level: 3, {string(f'Notes to slide {number}')})"
            yield from table_lines(slide.item.table)


def _poster(told: Told, home: Path) -> Iterator[str]:
    yield _page(told, "297mm", "420mm", "16mm", "15pt")
    yield f"#heading(level: 1, {string(told.title)})"
    yield f"#par({string(told.period)})"
    pictures = 0
    for item in chosen(told)[:POSTER_FINDINGS]:
        yield f"#heading(level: 2, {string(item.sentence)})"
        if item.drawing and pictures < 2:
            pictures += 1
            yield from _picture(item, home, "62mm")
        elif item.more:
            yield f"#par({string(item.more)})"
    yield f"#heading(level: 2, {string('What we do not know')})"
    for what, why in told.unknown or (("Those who were not asked", "they are not heard here."),):
        yield f"#par({string(f'{what}: {why}')})"
    yield _small(told.stamp)


def _page(told: Told, width: str, height: str, margin: str, size: str) -> str:
    return _PAGE.format(title=string(told.title), author=string(told.place), width=width,
                        height=height, margin=margin, size=size)  # fmt: skip


def _picture(item: Item, home: Path, height: str) -> Iterator[str]:
    if item.drawing:
        name = f"{item.id}.svg"
        (home / name).write_text(item.drawing, encoding="utf-8")
        alt = item.more or item.sentence
        yield f'#figure(image({string(name)}, height: {height}, fit: "contain", alt: {string(alt)}))'


def _small(text: str) -> str:
    return f"#par(text(size: 0.7em, fill: luma(70), {string(text)}))"
