"""Letters and reports on paper: without it an answer to a person would be a screen they cannot keep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from threecircles.core.errors import ThreeCirclesError
from threecircles.disclosure.document import Document, Heading, Items, Paragraph, Part, Rows
from threecircles.report.pdf import string

_HEAD = """\
#set document(title: {title}, author: {author})
#set page(paper: "a4", margin: (x: 22mm, y: 24mm), numbering: "1")
#set text(lang: "en", region: "GB", size: 11pt, font: "Libertinus Serif")
#set par(leading: 0.7em, spacing: 1.1em)
#set table(stroke: (x: none, y: 0.5pt + luma(190)), inset: (x: 5pt, y: 4pt))
#show table.cell.where(y: 0): strong
"""


def write_pdf(document: Document, path: Path) -> Path:
    """The document as PDF/UA-1, A4. Raises ThreeCirclesError when Typst refuses it."""
    import typst

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "main.typ"
        source.write_text("\n".join(_lines(document)), encoding="utf-8")
        try:
            typst.compile(
                source, output=path, root=Path(folder), ignore_system_fonts=True,
                pdf_standards="ua-1", timestamp=datetime(2000, 1, 1, tzinfo=UTC),
            )  # fmt: skip
        except typst.TypstError as error:
            raise ThreeCirclesError(
                "The document could not be made.",
                where=path.name,
                found=str(getattr(error, "message", error)),
            ) from None
    return path


def _lines(document: Document) -> Iterator[str]:
    yield _HEAD.format(title=string(document.title), author=string(document.author))
    yield f"#heading(level: 1, {string(document.title)})"
    yield f"#par({string(f'{document.author}. {document.made}.')})"
    for part in document.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    if isinstance(part, Heading):
        yield f"#heading(level: {part.level}, {string(part.text)})"
    elif isinstance(part, Paragraph):
        yield f"#par({string(part.text)})"
    elif isinstance(part, Items):
        yield from (f"- #{string(item)}" for item in part.items)
        yield ""
    elif isinstance(part, Rows) and part.rows:
        header = ", ".join(string(h) for h in part.header)
        cells = ",\n".join(", ".join(string(c) for c in row) for row in part.rows)
        widths = ", ".join("1fr" for _ in part.header)
        yield f"#par(strong({string(part.caption)}))"
        yield f"#[#set text(size: 9.5pt)\n#table(columns: ({widths},), table.header({header}),\n{cells})]"


def write_html(document: Document) -> str:
    """The document as a page that stands alone: no script, no file beside it, readable on paper too."""
    parts = "\n".join(_html(p) for p in document.parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(document.title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n'
        f"<body><main><h1>{escape(document.title)}</h1>\n<p>{escape(document.author)}. {escape(document.made)}.</p>\n"
        f"{parts}\n</main></body></html>\n"
    )


def _html(part: Part) -> str:
    if isinstance(part, Heading):
        return f"<h{part.level}>{escape(part.text)}</h{part.level}>"
    if isinstance(part, Paragraph):
        return f"<p>{escape(part.text)}</p>"
    if isinstance(part, Items):
        return "<ul>" + "".join(f"<li>{escape(i)}</li>" for i in part.items) + "</ul>"
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in part.header)
    rows = "".join("<tr>" + _cells(r) + "</tr>" for r in part.rows)
    return f"<table><caption>{escape(part.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(row: tuple[str, ...]) -> str:
    first, *rest = row
    return f'<th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in rest)


_STYLE = (
    "body{font:1.1rem/1.5 Arial,sans-serif;color:#0b0c0c;background:#fff;margin:0}"
    "main{max-width:44rem;margin:0 auto;padding:1.5rem 1rem}h2{border-top:3px solid #12436d;padding-top:.6rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:bold;padding:.4rem 0}"
    "th,td{text-align:left;vertical-align:top;border-bottom:1px solid #b1b4b6;padding:.4rem .6rem .4rem 0;overflow-wrap:anywhere}"
    "@media print{h3{break-after:avoid}ul{break-inside:avoid}}"
)
