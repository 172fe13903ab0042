"""The sheet of a class as a tagged PDF: codes that have to be read out would be heard by everybody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from threecircles.survey.codes import spaced
from threecircles.survey.helper_page import person_mark
from threecircles.survey.sheet import quoted, write_sheet
from threecircles.survey.study import Study

HELPER = (
    "At /survey/helper the adult code and a number show that person's goals and how things are for them, and "
    "nothing of what they say about coming here. Keep this page locked away; give nobody else's slip out."
)


def write_slips(
    row: dict[str, Any], own: Sequence[str], study: Study, address: str, out: Path
) -> Path:
    """One class's sheet: class code, adult code, how to begin, and a slip for each pupil where codes are theirs.

    row: urn, name, code, adult_code. own: pupil codes in a study that names them. Returns the file.
    """
    title = f"{study.label}: class {row['name']}"
    lines = [
        f"#par({quoted(f'Open {address} on each tablet and type the class code.')})",
        f'#par[#text(size: 34pt, weight: "bold", {quoted(spaced(row["code"]))})]',
        f"#par({quoted('For the adult in the room only. At /survey/room this code shows how many have started and finished:')})",
        f"#par[#text(size: 20pt, {quoted(spaced(row['adult_code']))})]",
        f"#par({quoted('Children may say no, leave out any question, and stop at any time. Nobody sees their answers.')})",
    ]
    if own:
        lines.append(
            '#pagebreak()\n#heading(level: 2, "Slips: cut out and hand one to each child")'
        )
        cells = ", ".join(
            f"[#text(size: 9pt, {quoted(_head(study, c))}) #linebreak() #text(size: 16pt, {quoted(spaced(c))})]"
            for c in own
        )
        lines.append(f"#grid(columns: 3, inset: 10pt, stroke: 0.5pt, {cells})")
    if study.kind == "service" and own:
        lines.append(
            '#pagebreak()\n#heading(level: 2, "For the worker: write each name beside its number")'
        )
        lines.append(f"#par({quoted(HELPER)})")
        marks = ", ".join(f"[{person_mark(study.id, c)}: #h(1fr) ]" for c in own)
        lines.append(f"#grid(columns: 2, inset: 10pt, stroke: 0.5pt, {marks})")
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{row['urn']}-{row['name']}").strip("-").lower()
    path = out / f"class-{name}.pdf"
    return write_sheet(title, lines, path)


def _head(study: Study, code: str) -> str:
    """What stands above a person's own code; in a service also the number by which the worker knows it."""
    if study.kind != "service":
        return "Your own code"
    return f"Your own code (number {person_mark(study.id, code)})"
