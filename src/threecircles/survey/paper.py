"""The form on paper, tagged: where no tablet is, the same questions are asked with a pencil."""

from __future__ import annotations

from pathlib import Path

from threecircles.survey.forms import FlatForm
from threecircles.survey.sheet import quoted, write_sheet


def write_paper(form: FlatForm, path: Path, language: str = "en") -> Path:
    """A printable form as PDF/UA in one language: a box for each answer, lines for words.

    Each answer's number stands beside its box, so that a data-entry clerk types what is stored.
    """
    leave = "You may leave out any question. Please tick one box for each question, unless it says more."
    lines = [f"#par({quoted(leave)})"]
    for number, item in enumerate(form.items, start=1):
        words = item.labels.get(language) or item.labels.get(form.languages[0], item.code)
        body = [f"#heading(level: 2, {quoted(f'{number}. {words}')})"]
        for value, told in item.choices:
            text = told.get(language) or value
            body.append(
                f"#par[#box(stroke: 1pt, width: 11pt, height: 11pt) #h(6pt) #text({quoted(text)}) #h(4pt) #text(size: 7pt, {quoted(value)})]"
            )
        if not item.choices and item.type != "info":
            body.append(
                "#v(14pt)\n#line(length: 100%, stroke: 0.5pt)\n#v(10pt)\n#line(length: 100%, stroke: 0.5pt)"
            )
        lines.append("#block(breakable: false)[\n" + "\n".join(body) + "\n]")
    return write_sheet(form.title, lines, path, language)
