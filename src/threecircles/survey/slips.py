"""The sheet of a class as a tagged PDF: codes that have to be read out would be heard by everybody."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threecircles.survey.codes import spaced
from threecircles.survey.study import Study

_HEAD = """\
#set document(title: {title}, author: {title}, date: none)
#set page(paper: "a4", margin: 18mm)
#set text(lang: "en", size: 12pt, font: "Libertinus Serif")
"""


def write_slips(
    row: dict[str, Any], own: Sequence[str], study: Study, address: str, out: Path
) -> Path:
    """One class's sheet: class code, adult code, how to begin, and a slip for each pupil where codes are theirs.

    row: urn, name, code, adult_code. own: pupil codes in a study that names them. Returns the file.
    """
    import typst

    title = f"{study.label}: class {row['name']}"
    lines = [
        _HEAD.format(title=_text(title)),
        f"#heading(level: 1, {_text(title)})",
        f"#par({_text(f'Open {address} on each tablet and type the class code.')})",
        f'#par[#text(size: 34pt, weight: "bold", {_text(spaced(row["code"]))})]',
        f"#par({_text('For the adult in the room only. At /survey/room this code shows how many have started and finished:')})",
        f"#par[#text(size: 20pt, {_text(spaced(row['adult_code']))})]",
        f"#par({_text('Children may say no, leave out any question, and stop at any time. Nobody sees their answers.')})",
    ]
    if own:
        lines.append(
            '#pagebreak()\n#heading(level: 2, "Slips: cut out and hand one to each child")'
        )
        cells = ", ".join(
            f"[#text(size: 9pt, {_text('Your own code')}) #linebreak() #text(size: 16pt, {_text(spaced(c))})]"
            for c in own
        )
        lines.append(f"#grid(columns: 3, inset: 10pt, stroke: 0.5pt, {cells})")
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{row['urn']}-{row['name']}").strip("-").lower()
    path = out / f"class-{name}.pdf"
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
