"""The pack as one tagged document: without it nothing could be printed, mailed or kept.

Typst with the standard PDF/UA-1 on: it refuses a document without title, language, ordered headings
or text alternatives. All text goes in as string literals, so no text can become code.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

from threecircles.core.errors import ThreeCirclesError
from threecircles.report.html import big, written
from threecircles.report.model import (
    Block,
    Downloads,
    Entries,
    Figure,
    Findings,
    Gallery,
    Keyfigures,
    Lead,
    Nothing,
    Notice,
    Pack,
    Page,
    Table,
    Text,
)
from threecircles.report.words import day

WIDE = 6
"""Tables with more columns than this are set smaller."""

_HEAD = """\
#set document(title: {title}, author: {author})
#set page(paper: "a4", margin: (x: 20mm, y: 22mm), numbering: "1")
#set text(lang: "en", region: "GB", size: 10.5pt, font: "Libertinus Serif")
#set par(leading: 0.62em, spacing: 1em)
#set heading(bookmarked: true)
#show heading.where(level: 1): it => {{ pagebreak(weak: true); block(below: 1em, text(size: 20pt, it.body)) }}
#show heading.where(level: 2): it => block(above: 1.8em, below: 0.8em, text(size: 13pt, it.body))
#set table(stroke: (x: none, y: 0.5pt + luma(190)), inset: (x: 5pt, y: 4pt))
#show table.cell.where(y: 0): strong
"""


def string(text: object) -> str:
    """The text as a Typst string literal: inside it no character means anything but itself."""
    told = str(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + told.replace("\n", "\\n").replace("\r", "").replace("\t", " ") + '"'


def write_pdf(pack: Pack, path: Path) -> Path:
    """The pack's pages of reading (not its lists of files) as PDF/UA-1.

    Equal packs give equal bytes. Raises ThreeCirclesError naming what Typst refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        compile_ua(_document(pack, home), home, path, pack.made_on)
    return path


def compile_ua(source: Iterable[str], home: Path, path: Path, made_on: date | None = None) -> None:
    """Typst source to a document by PDF/UA-1. home: the folder its pictures lie in.

    Raises ThreeCirclesError naming what Typst refused.
    """
    import typst

    made_at = datetime.combine(made_on or date(2000, 1, 1), time(12), UTC)
    (home / "main.typ").write_text("\n".join(source), encoding="utf-8")
    try:
        typst.compile(
            home / "main.typ",
            output=path,
            root=home,
            ignore_system_fonts=True,
            pdf_standards="ua-1",
            timestamp=made_at,
        )
    except typst.TypstError as error:
        raise ThreeCirclesError(
            "The document could not be made.", where=path.name, found=_refused(error)
        ) from error


def _refused(error: Exception) -> str:
    """What Typst said and the line it said it of, without the temporary file's place."""
    line = re.search(r"│ (#.{0,160})", getattr(error, "diagnostic", ""))
    return (
        f"{getattr(error, 'message', error)}: {line[1]}"
        if line
        else str(getattr(error, "message", error))
    )


def _document(pack: Pack, home: Path) -> Iterator[str]:
    yield _HEAD.format(title=string(pack.title), author=string(pack.place))
    yield f"#heading(level: 1, outlined: false, {string(pack.title)})"
    made = f"Made on {day(pack.made_on)}. " if pack.made_on else ""
    yield _paragraph(f"{pack.period}. {made}Release {pack.release_id}.")
    if pack.fictitious:
        yield _paragraph(
            "A made-up place for demonstration. No real child, family or worker is described here."
        )
    yield _heading("Contents")
    yield "#outline(title: none, depth: 1)"
    for page in pack.pages:
        if page.order < 90:
            yield from _page(page, home)


def _page(page: Page, home: Path) -> Iterator[str]:
    yield f"#heading(level: 1, {string(page.title)})"
    for line in page.summary:
        yield _paragraph(line)
    for block in page.blocks:
        yield from _block(block, home)


def _block(block: Block, home: Path) -> Iterator[str]:
    if isinstance(block, Lead):
        yield _heading(block.figure.title)
        yield from _picture(block.figure, home)
        yield _paragraph(block.sentence)
        yield _paragraph(block.unknown)
        yield from (_paragraph(c, small=True) for c in block.figure.caveats)
        yield from table_lines(block.figure.table)
    elif isinstance(block, Figure):
        yield from _figure(block, home)
    elif isinstance(block, Gallery):
        for figure in block.figures:
            yield from _figure(figure, home)
    elif isinstance(block, Table):
        yield _heading(block.caption)
        yield from table_lines(block)
    elif isinstance(block, Keyfigures):
        for key in block.figures:
            compare = f" ({key.compare})" if key.compare else ""
            yield f"- #strong({string(big(key.value))}) #{string(key.words + compare)}"
    elif isinstance(block, Findings):
        yield _heading(block.title)
        yield from (f"+ #{string(f.sentence)}" for f in block.findings)
    elif isinstance(block, (Text, Nothing)):
        yield _heading(block.title)
        paragraphs = block.paragraphs if isinstance(block, Text) else (block.why, block.change)
        yield from (_paragraph(p) for p in paragraphs)
    elif isinstance(block, Entries):
        yield _heading(block.title)
        yield from (f"/ #{string(term)}: #{string(said)}" for term, said in block.entries)
    elif isinstance(block, Notice):
        yield _paragraph(block.text)
    elif isinstance(block, Downloads):
        return


def _figure(figure: Figure, home: Path) -> Iterator[str]:
    yield _heading(figure.title)
    yield from _picture(figure, home)
    for caveat in figure.caveats:
        yield _paragraph(caveat, small=True)
    yield from table_lines(figure.table)


def _picture(figure: Figure, home: Path) -> Iterator[str]:
    if figure.svg.text:
        name = f"{figure.id}.svg"
        (home / name).write_text(figure.svg.text, encoding="utf-8")
        width = "100%" if figure.wide else "62%" if figure.id.startswith("map-") else "84%"
        yield f"#figure(image({string(name)}, width: {width}, alt: {string(figure.desc)}))"


def table_lines(table: Table) -> Iterator[str]:
    """A table of the model as Typst source, with its caption, source and notes below."""
    size = "7.5pt" if len(table.columns) > WIDE else "9pt"
    widths = ", ".join(["1.6fr", *["1fr"] * (len(table.columns) - 1)])
    align = ", ".join("left" if c.kind == "text" else "right" for c in table.columns)
    header = ", ".join(string(c.label) for c in table.columns)
    cells = ",\n".join(", ".join(string(written(cell)) for cell in row) for row in table.rows)
    yield (
        f"#[#set text(size: {size})\n#table(columns: ({widths},), align: ({align},), "
        f"table.header({header}),\n{cells})]"
    )
    yield _paragraph(f"{table.caption}. {table.period}. Source: {table.source}.", small=True)
    for note in table.notes:
        yield _paragraph(note, small=True)


def _heading(text: str) -> str:
    return f"#heading(level: 2, {string(text)})"


def _paragraph(text: str, small: bool = False) -> str:
    body = f"text(size: 8.5pt, fill: luma(70), {string(text)})" if small else string(text)
    return f"#par({body})"
