"""The form on paper, tagged: where no tablet is, the same questions are asked with a pencil."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from threecircles.survey.forms import FlatForm

_HEAD = """\
#set document(title: {title}, author: {title}, date: none)
#set page(paper: "a4", margin: 18mm, numbering: "1")
#set text(lang: {language}, size: 12pt, font: "Libertinus Serif")
#set par(spacing: 0.9em)
"""


def write_paper(form: FlatForm, path: Path, language: str = "en") -> Path:
    """A printable form as PDF/UA in one language: a box for each answer, lines for words.

    Each answer's number stands beside its box, so that a data-entry clerk types what is stored.
    """
    import typst

    lines = [
        _HEAD.format(title=_text(form.title), language=_text(language)),
        f"#heading(level: 1, {_text(form.title)})",
    ]
    lines.append(
        f"#par({_text('You may leave out any question. Please tick one box for each question, unless it says more.')})"
    )
    for number, item in enumerate(form.items, start=1):
        words = item.labels.get(language) or item.labels.get(form.languages[0], item.code)
        body = [f"#heading(level: 2, {_text(f'{number}. {words}')})"]
        for value, told in item.choices:
            text = told.get(language) or value
            body.append(
                f"#par[#box(stroke: 1pt, width: 11pt, height: 11pt) #h(6pt) #text({_text(text)}) #h(4pt) #text(size: 7pt, {_text(value)})]"
            )
        if not item.choices and item.type != "info":
            body.append(
                "#v(14pt)\n#line(length: 100%, stroke: 0.5pt)\n#v(10pt)\n#line(length: 100%, stroke: 0.5pt)"
            )
        lines.append("#block(breakable: false)[\n" + "\n".join(body) + "\n]")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "main.typ"
        source.write_text("\n".join(lines), encoding="utf-8")
        typst.compile(
            source, output=path, root=Path(folder), ignore_system_fonts=True, pdf_standards="ua-1",
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    return path


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
