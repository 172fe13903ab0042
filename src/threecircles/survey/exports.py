"""Forms and answers for other programs: SurveyJS, DDI-Codebook and SPSS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.survey.conditions import Tree
from threecircles.survey.forms import FlatForm, FlatItem

DDI = "ddi:codebook:2_5"
MISSING = {
    "left_out": -9.0,
    "refused": -8.0,
    "not_asked": -7.0,
    "not_applicable": -6.0,
    "not_reached": -5.0,
}
"""Codes of why there is no answer, in files that keep numbers only."""
TYPES = {
    "single": "radiogroup", "multiple": "checkbox", "scale_0_10": "radiogroup", "number": "text",
    "text": "comment", "place": "comment", "date_month": "text", "info": "html",
}  # fmt: skip


def surveyjs(form: FlatForm) -> dict[str, Any]:
    """The form as SurveyJS reads it; one question a page."""
    pages = []
    for item in form.items:
        element: dict[str, Any] = {
            "type": TYPES[item.type],
            "name": item.code,
            "title": dict(item.labels),
        }
        if item.type == "info":
            element = {"type": "html", "name": item.code, "html": dict(item.labels)}
        if item.choices:
            element["choices"] = [{"value": v, "text": dict(words)} for v, words in item.choices]
        if item.type == "number":
            element["inputType"] = "number"
        if item.ask_if is not None:
            element["visibleIf"] = visible_if(item.ask_if)
        pages.append({"name": f"page_{item.code}", "elements": [element]})
    return {"title": form.title, "locale": form.languages[0], "pages": pages}


def visible_if(tree: Tree) -> str:
    """A condition as SurveyJS writes it."""
    word, *parts = tree
    if word in ("and", "or"):
        return f" {word} ".join(f"({visible_if(p)})" for p in parts)
    if word == "not":
        return f"!({visible_if(parts[0])})"
    name = "{" + str(parts[0]) + "}"
    if word == "answered":
        return f"{name} notempty"
    if word == "selected":
        return f"{name} anyof [{json.dumps(str(parts[1]))}]"
    if word == "in":
        return f"{name} anyof {json.dumps([str(v) for v in parts[1]])}"
    sign = {"==": "=", "!=": "!="}.get(word, word)
    value = parts[1] if isinstance(parts[1], int | float) else json.dumps(parts[1])
    asked = f"{name} {sign} {value}"
    return f"({name} notempty and {asked})" if word == "!=" else asked


def write_surveyjs(form: FlatForm, path: Path) -> Path:
    """The form as a SurveyJS file."""
    path.write_text(
        json.dumps(surveyjs(form), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    return path


def write_ddi(form: FlatForm, path: Path, cases: int | None = None) -> Path:
    """The form as DDI-Codebook 2.5: study, file, variables with question text, categories, missing codes."""
    ET.register_namespace("", DDI)
    root = ET.Element(f"{{{DDI}}}codeBook", {"version": "2.5", "ID": form.id})
    study = _add(root, "stdyDscr")
    citation = _add(_add(study, "citation"), "titlStmt")
    _add(citation, "titl", form.title)
    _add(citation, "IDNo", form.id)
    texts = _add(_add(root, "fileDscr", ID="F1"), "fileTxt")
    _add(texts, "fileName", f"{form.id}.csv")
    size = _add(texts, "dimensns")
    if cases is not None:
        _add(size, "caseQnty", str(cases))
    _add(size, "varQnty", str(len(form.items)))
    data = _add(root, "dataDscr")
    for item in form.items:
        _variable(data, item, form.languages)
    tree = ET.ElementTree(root)
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)
    return path


def _variable(data: ET.Element, item: FlatItem, languages: tuple[str, ...]) -> None:
    variable = _add(data, "var", ID=f"V_{item.code}", name=item.code, files="F1", intrvl="discrete")
    _add(variable, "labl", item.labels.get(languages[0], item.code)[:255])
    question = _add(variable, "qstn")
    for language in languages:
        if item.labels.get(language):
            told = _add(question, "qstnLit", item.labels[language])
            told.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    for value, words in item.choices:
        category = _add(variable, "catgry")
        _add(category, "catValu", value)
        _add(category, "labl", words.get(languages[0], value))
    for reason, code in MISSING.items():
        category = _add(variable, "catgry", missing="Y")
        _add(category, "catValu", f"{code:g}")
        _add(category, "labl", reason.replace("_", " "))
    kind = (
        "numeric"
        if item.choices and all(v.lstrip("-").isdigit() for v, _ in item.choices)
        else "character"
    )
    _add(variable, "varFormat", type=kind)


def _add(parent: ET.Element, tag: str, text: str = "", /, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{DDI}}}{tag}", attributes)
    child.text = text or None
    return child


def write_sav(form: FlatForm, responses: pl.DataFrame, path: Path) -> Path:
    """Answers as SPSS keeps them, with labels; reasons for no answer are user-missing codes.

    responses: as frozen at close. Questions with numbered answers only. Needs the extra `spss`.
    """
    try:
        import pyreadstat
    except ImportError:
        raise UsageError(
            "SPSS files need pyreadstat.", mend="Install threecircles[spss]."
        ) from None
    numbered = [
        i
        for i in form.items
        if i.choices
        and all(v.lstrip("-").isdigit() for v, _ in i.choices)
        and i.code in responses.columns
    ]
    numbered = [i for i in numbered if i.type != "multiple"]
    columns = [
        pl.coalesce(
            pl.col(i.code).cast(pl.Float64, strict=False),
            pl.col(f"{i.code}__why").replace_strict(MISSING, default=None, return_dtype=pl.Float64),
        ).alias(i.code)
        for i in numbered
    ]
    table = responses.select("response_id", "questionnaire", "urn", "nc_year", *columns)
    first = form.languages[0]
    labels: dict[str, dict[int | float, str]] = {
        i.code: {float(v): w.get(first, v) for v, w in i.choices}
        | {c: r.replace("_", " ") for r, c in MISSING.items()}
        for i in numbered
    }
    pyreadstat.write_sav(
        table, str(path),
        column_labels={i.code: i.labels.get(first, i.code)[:255] for i in numbered},
        variable_value_labels=labels,
        missing_ranges={i.code: [{"lo": -9.0, "hi": -5.0}] for i in numbered},
    )  # fmt: skip
    return path
