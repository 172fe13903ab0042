"""REDCap data dictionaries: universities keep their questionnaires so, and would otherwise retype them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.survey import conditions
from threecircles.survey.conditions import Tree
from threecircles.survey.forms import FlatForm, FlatItem

COLUMNS = 18
CHOICES = {
    "radio": "single",
    "dropdown": "single",
    "checkbox": "multiple",
    "yesno": "single",
    "truefalse": "single",
}
PLAIN = {"text": "text", "notes": "text", "descriptive": "info"}
FIXED = {"yesno": "1, Yes | 0, No", "truefalse": "1, True | 0, False"}


def read_redcap(path: Path) -> FlatForm:
    """The form of a data dictionary (CSV of 18 columns). What is not understood stands in its losses."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or len(rows[0]) != COLUMNS:
        raise UsageError(
            "A REDCap data dictionary has 18 columns.",
            where=path.name,
            found=str(len(rows[0]) if rows else 0),
        )
    losses: list[str] = []
    made = []
    for number, row in enumerate(rows[1:], start=2):
        code, kind, label, listed, validation = row[0], row[3], row[4], row[5], row[7]
        where = f"row {number}"
        if row[17]:
            losses.append(f"{where}, column 18 (action tags): {row[17]}")
        tree: Tree | None = None
        if row[11]:
            try:
                tree = read_branching(row[11])
            except DefinitionError:
                losses.append(f"{where}, column 12 (branching logic): {row[11]}")
        if kind in CHOICES:
            choices = _choices(FIXED.get(kind, listed))
            made.append(
                FlatItem(code, CHOICES[kind], {"en": label}, choices, tree, {}, f"{code}_answers")
            )
        elif kind in PLAIN:
            told = "number" if validation in ("integer", "number") else PLAIN[kind]
            made.append(FlatItem(code, told, {"en": label}, (), tree))
        else:
            losses.append(f"{where}, column 4 (field type): {kind}")
    name = re.sub(r"[^A-Za-z0-9]+", "_", path.stem).strip("_").lower()
    return FlatForm(name, path.stem, "1", ("en",), tuple(made), tuple(losses))


def read_branching(text: str) -> Tree:
    """Branching logic in our grammar: [a] = '1', [b(3)] = '1', and, or, <>."""
    told = re.sub(r"\[([A-Za-z0-9_]+)\((\w+)\)\]\s*=\s*['\"]?1['\"]?", r"selected(\1, '\2')", text)
    told = re.sub(r"\[([A-Za-z0-9_]+)\]\s*<>\s*(''|\"\")", r"answered(\1)", told)
    told = re.sub(r"\[([A-Za-z0-9_]+)\]", r"\1", told).replace("<>", "!=")
    told = re.sub(r"(?<![<>!=])=(?!=)", "==", told)
    told = re.sub(r"'(-?\d+(\.\d+)?)'", r"\1", told) if "selected(" not in told else told
    return conditions.parse(told, "branching logic")


def _choices(listed: str) -> tuple[tuple[str, dict[str, str]], ...]:
    pairs = (part.split(",", 1) for part in listed.split("|") if "," in part)
    return tuple((value.strip(), {"en": words.strip()}) for value, words in pairs)
