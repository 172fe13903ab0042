"""Sheets of paper as tagged PDF: slips and paper forms would else each have their own way to be printed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

_HEAD = """\
#set document(title: {title}, author: {title}, date: none)
#set page(paper: "a4", margin: 18mm, numbering: "1")
#set text(lang: {language}, size: 12pt, font: "Libertinus Serif")
#set par(spacing: 0.9em)
#heading(level: 1, {title})
"""


def quoted(text: str) -> str:
    """Words as Typst reads them: no mark in them can become a command."""
    return json.dumps(text, ensure_ascii=False)


def write_sheet(title: str, lines: Sequence[str], path: Path, language: str = "en") -> Path:
    """A PDF/UA document with its title as heading. lines: Typst, with every text through `quoted`."""
    import typst

    head = _HEAD.format(title=quoted(title), language=quoted(language))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "main.typ"
        source.write_text(head + "\n".join(lines), encoding="utf-8")
        typst.compile(
            source, output=path, root=Path(folder), ignore_system_fonts=True, pdf_standards="ua-1",
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    return path
