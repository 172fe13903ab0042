"""XLSForm, in and out: most of those who run surveys in the field keep their forms as such a workbook.

Source: XLSForm reference (xlsform.org). Read: survey, choices and settings with labels, hints and audio
in any number of languages, `relevant`; repeats are refused, and every other cell that says something is a
loss with its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.survey import conditions
from threecircles.survey.conditions import Tree
from threecircles.survey.forms import FlatForm, FlatItem

NAMES = {
    "en": "English",
    "pl": "Polish",
    "ar": "Arabic",
    "cy": "Welsh",
    "fr": "French",
    "es": "Spanish",
}
OUT = {"text": "text", "place": "text", "number": "decimal", "date_month": "date", "info": "note"}
IN = {
    "text": "text",
    "integer": "number",
    "decimal": "number",
    "date": "date_month",
    "note": "info",
}
PASSED_OVER = frozenset({"start", "end", "today", "deviceid"})
READ = {
    "survey": ("type", "name", "label", "hint", "media::audio", "relevant"),
    "choices": ("list_name", "list name", "name", "label"),
    "settings": ("form_title", "form_id", "version", "default_language"),
}
"""Columns of each sheet that are read; a cell of any other is a loss."""
_LANGUAGE = re.compile(r"(?P<field>[a-z:_ ]+?)::\s*(?P<name>.*?)\s*\((?P<code>[a-zA-Z-]+)\)\s*$")


def write_xlsform(form: FlatForm, path: Path) -> Path:
    """The form as a workbook of three sheets."""
    import xlsxwriter

    heads = [f"{NAMES.get(x, x)} ({x})" for x in form.languages]
    survey = [
        [
            "type",
            "name",
            *(f"label::{h}" for h in heads),
            *(f"hint::{h}" for h in heads),
            "relevant",
            *(f"media::audio::{h}" for h in heads),
        ]
    ]
    lists: dict[str, FlatItem] = {}
    for item in form.items:
        kind = OUT.get(item.type, "")
        if item.choices:
            lists.setdefault(item.list_name, item)
            kind = (
                f"{'select_multiple' if item.type == 'multiple' else 'select_one'} {item.list_name}"
            )
        told = [item.labels.get(x, "") for x in form.languages]
        hints = [item.hints.get(x, "") for x in form.languages]
        heard = [item.audio.get(x, "") for x in form.languages]
        survey.append([kind, item.code, *told, *hints, relevant(item.ask_if), *heard])
    choices = [["list_name", "name", *(f"label::{h}" for h in heads)]]
    for name, item in lists.items():
        choices += [
            [name, value, *(words.get(x, "") for x in form.languages)]
            for value, words in item.choices
        ]
    settings = [
        ["form_title", "form_id", "version", "default_language"],
        [form.title, form.id, form.version, heads[0]],
    ]
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in (("survey", survey), ("choices", choices), ("settings", settings)):
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    sheet.write_string(r, c, str(cell))
    return path


def relevant(tree: Tree | None) -> str:
    """A condition as XLSForm writes it."""
    if tree is None:
        return ""
    word, *parts = tree
    if word in ("and", "or"):
        return f" {word} ".join(f"({relevant(p)})" for p in parts)
    if word == "not":
        return f"not({relevant(parts[0])})"
    name = "${" + str(parts[0]) + "}"
    if word in ("answered", "selected"):
        return f"{name} != ''" if word == "answered" else f"selected({name}, {_quoted(parts[1])})"
    if word == "in":
        return "(" + " or ".join(f"{name} = {_quoted(v)}" for v in parts[1]) + ")"
    return f"{name} {'=' if word == '==' else word} {_quoted(parts[1])}"


def _quoted(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else f"'{value}'"


def read_xlsform(path: Path) -> FlatForm:
    """The form of a workbook; what is not understood stands in its losses."""
    sheets = _sheets(path)
    if "survey" not in sheets:
        raise UsageError(
            "The workbook has no sheet survey.", where=path.name, found=", ".join(sheets)
        )
    languages = _languages(sheets["survey"][0]) if sheets["survey"] else []
    losses = [loss for name, rows in sheets.items() for loss in _unread(name, rows)]
    lists = _lists(sheets.get("choices", []), languages)
    made = []
    for number, row in enumerate(sheets["survey"], start=2):
        kind, code = row.get("type", "").strip(), row.get("name", "").strip()
        if not kind or kind in PASSED_OVER:
            continue
        if kind.startswith("begin repeat") or kind.startswith("begin_repeat"):
            raise UsageError(
                "Repeats are not read.",
                where=f"{path.name}, sheet survey, row {number}",
                found=kind,
            )
        item = _item(kind, code, row, languages, lists, losses, number)
        if item is not None:
            made.append(item)
    settings = (sheets.get("settings") or [{}])[0]
    form_id = re.sub(r"[^A-Za-z0-9]+", "_", settings.get("form_id") or path.stem).strip("_").lower()
    return FlatForm(
        form_id, settings.get("form_title") or path.stem, settings.get("version") or "1",
        tuple(code for code, _ in languages), tuple(made), tuple(losses),
    )  # fmt: skip


def _item(
    kind: str, code: str, row: Mapping[str, str], languages: list[tuple[str, str]],
    lists: Mapping[str, tuple[tuple[str, Mapping[str, str]], ...]], losses: list[str], number: int,
) -> FlatItem | None:  # fmt: skip
    first, _, list_name = kind.partition(" ")
    where = f"sheet survey, row {number}"
    labels, audio = _worded(row, "label", languages), _worded(row, "media::audio", languages)
    hints = _worded(row, "hint", languages)
    tree = None
    if row.get("relevant"):
        try:
            tree = read_relevant(row["relevant"])
        except DefinitionError:
            losses.append(f"{where}, column relevant: {row['relevant']}")
    if first in ("select_one", "select_multiple"):
        if list_name not in lists:
            losses.append(f"{where}, column type: {kind} (no such list)")
            return None
        told = "multiple" if first == "select_multiple" else "single"
        scale = told == "single" and [v for v, _ in lists[list_name]] == [str(v) for v in range(11)]
        return FlatItem(
            code,
            "scale_0_10" if scale else told,
            labels,
            lists[list_name],
            tree,
            audio,
            list_name,
            hints,
        )
    if first in IN:
        return FlatItem(code, IN[first], labels, (), tree, audio, hints=hints)
    losses.append(f"{where}, column type: {kind}")
    return None


def _unread(sheet: str, rows: list[dict[str, str]]) -> list[str]:
    """Cells of a sheet that say something and are not read, with row, column and text."""
    known = READ.get(sheet)
    if known is None:
        told = sum(any(row.values()) for row in rows)
        return [f"sheet {sheet}: {told} rows"] if told else []
    return [
        f"sheet {sheet}, row {number}, column {head}: {text}"
        for number, row in enumerate(rows, start=2)
        for head, text in row.items()
        if text and head.partition("::")[0] not in known and not _heard(head, known)
    ]


def _heard(head: str, known: tuple[str, ...]) -> bool:
    """Whether a column holds recordings that are read: media::audio, in any language."""
    return "media::audio" in known and head.startswith("media::audio")


def read_relevant(text: str) -> Tree:
    """A condition of XLSForm in our grammar. Raises DefinitionError where it cannot be said in it."""
    told = re.sub(r"\$\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\s*!=\s*(''|\"\")", r"answered(\1)", text)
    told = re.sub(r"\$\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}", r"\1", told)
    told = re.sub(r"(?<![<>!=])=(?!=)", "==", told)
    told = re.sub(r"\bnot\s*\(", "not (", told)
    return conditions.parse(told, "relevant")


def _languages(row: Mapping[str, str]) -> list[tuple[str, str]]:
    """Codes of the languages and the heading each goes by; no heading means English."""
    found = []
    for head in row:
        match = _LANGUAGE.match(head)
        if match and match["field"].strip() == "label":
            found.append((match["code"].lower(), head.split("::", 1)[1]))
    return found or [("en", "")]


def _worded(row: Mapping[str, str], name: str, languages: list[tuple[str, str]]) -> dict[str, str]:
    told = {}
    for code, head in languages:
        text = row.get(f"{name}::{head}" if head else name, "")
        if text:
            told[code] = text
    return told


def _lists(
    rows: list[dict[str, str]], languages: list[tuple[str, str]]
) -> dict[str, tuple[tuple[str, Mapping[str, str]], ...]]:
    found: dict[str, tuple[tuple[str, Mapping[str, str]], ...]] = {}
    for row in rows:
        name = (row.get("list_name") or row.get("list name") or "").strip()
        if name:
            found[name] = (
                *found.get(name, ()),
                (row.get("name", "").strip(), _worded(row, "label", languages)),
            )
    return found


def _sheets(path: Path) -> dict[str, list[dict[str, str]]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(path))
    told = {}
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python()
        if not rows:
            continue
        heads = [str(h).strip() for h in rows[0]]
        told[name.lower()] = [
            {h: _cell(c) for h, c in zip(heads, row, strict=False)} for row in rows[1:]
        ]
    return told


def _cell(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
