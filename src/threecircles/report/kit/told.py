"""What a released pack says, finding by finding: whatever the kit says stands here first.

Read from the released folder alone (pack.json and the drawings on its pages), so that a kit can hold
nothing that the pack does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from threecircles.core.errors import UsageError
from threecircles.report.model import Column, Table, Value
from threecircles.report.words import between, in_hundred, text_of


@dataclass(frozen=True, kw_only=True)
class Item:
    """One finding. id: stable, page and number. kind: lead, key (a number of the lead's), finding or
    figure. sentence: as released. values: what it rests on, in order. drawing: the released SVG, ""
    where there is none. table: its figures as a table, if any."""

    id: str
    page: str
    kind: str
    sentence: str
    more: str = ""
    values: tuple[Value, ...] = ()
    drawing: str = ""
    table: Table | None = None
    author: str = ""
    edited: str = ""

    @property
    def speaks(self) -> bool:
        """Whether the sentence says something by itself: a figure's bare title does not."""
        return self.kind in ("lead", "finding") or (self.kind == "figure" and ":" in self.sentence)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A released pack as the kit needs it. unknown: (what, why) of everything the pack cannot say."""

    title: str
    place: str
    period: str
    edition: str
    release_id: str
    fictitious: bool
    contact: str
    items: tuple[Item, ...]
    unknown: tuple[tuple[str, str], ...]

    @property
    def stamp(self) -> str:
        """What every item of the kit bears."""
        made_up = " A made-up place; no real child is described." if self.fictitious else ""
        return f"{self.place}, {self.period}. Edition {self.edition}, release {self.release_id}.{made_up}"


def read_told(folder: Path) -> Told:
    """The released pack of a folder. Raises UsageError when it holds none."""
    source = folder / "pack.json"
    if not source.is_file():
        raise UsageError(
            "There is no released pack here.",
            where=str(folder),
            mend="Release one first: threecircles release list, then publish.",
        )
    pack = json.loads(source.read_text(encoding="utf-8"))
    pages = [p for p in pack["pages"] if p.get("order", 0) < 90]
    return Told(
        title=pack["title"],
        place=pack["place"],
        period=pack["period"],
        edition=pack["edition"],
        release_id=pack["release_id"],
        fictitious=pack.get("fictitious", False),
        contact=pack.get("contact", ""),
        items=tuple(i for page in pages for i in _items(page, folder)),
        unknown=tuple(
            (b["title"], b["why"]) for p in pages for b in p.get("blocks", ()) if b["kind"] == "Nothing"
        ),
    )  # fmt: skip


def _items(page: dict[str, Any], folder: Path) -> Iterator[Item]:
    drawings = _drawings(folder / f"{page['slug']}.html")
    number = 0
    for block in page.get("blocks", ()):
        for kind, sentence, more, values, figure in _sentences(block):
            number += 1
            shown = figure and _table(figure["table"])
            yield Item(
                id=f"{page['slug']}-{number}",
                page=page["title"],
                kind=kind,
                sentence=sentence,
                more=more,
                values=tuple(_value(v) for v in values),
                drawing=drawings.get(figure["id"], "") if figure else "",
                table=shown or None,
            )


def _sentences(block: dict[str, Any]) -> Iterator[tuple[str, str, str, list, dict | None]]:
    """Kind, sentence, what is said beside it, values and figure of everything a block states."""
    if block["kind"] == "Lead":
        values = [f["value"] for f in block["figures"]]
        yield "lead", block["sentence"], block["unknown"], values, block["figure"]
    if block["kind"] in ("Lead", "Keyfigures"):
        kind = "key" if block["kind"] == "Lead" else "finding"
        for key in block["figures"]:
            if (value := _value(key["value"])).known:
                yield kind, _key_sentence(value, key["words"]), "", [key["value"]], None
    elif block["kind"] == "Findings":
        for finding in block["findings"]:
            yield "finding", finding["sentence"], "", finding.get("values", []), None
    for figure in _figures(block):
        drawn = [v for _, v in figure.get("drawn", ())]
        if any(v.get("number") is not None for v in drawn):
            yield "figure", f"{figure['title'].rstrip('.')}.", figure["desc"], drawn, figure


def _figures(block: dict[str, Any]) -> list[dict[str, Any]]:
    if block["kind"] == "Gallery":
        return list(block["figures"])
    return [block] if block["kind"] == "Figure" else []


def _key_sentence(value: Value, words: str) -> str:
    if value.kind != "percent":
        return f"{text_of(value)} {words}."
    likely = between(value)
    said = in_hundred(value)
    return f"{said[0].upper()}{said[1:]} {words}{f' ({likely})' if likely else ''}."


def _drawings(page: Path) -> dict[str, str]:
    """The drawings of a released page by figure id."""
    if not page.is_file():
        return {}
    found = re.findall(r"<svg .*?</svg>", page.read_text(encoding="utf-8"), re.DOTALL)
    named = ((re.search(r'aria-labelledby="(\S+)-title ', svg), svg) for svg in found)
    return {match[1]: svg for match, svg in named if match}


def _value(raw: dict[str, Any]) -> Value:
    known = {f.name for f in fields(Value)}
    told = {k: v for k, v in raw.items() if k in known and k != "kind"}
    return Value(
        **{"number": None, **told, "cell": tuple(raw["cell"]), "kind": raw.get("kind", "count")}
    )


def _table(raw: dict[str, Any]) -> Table:
    columns = tuple(
        Column(c["id"], c["label"], c.get("kind", "text"), c.get("unit", ""), c.get("decimals", 0))
        for c in raw["columns"]
    )
    rows = tuple(
        tuple(_value(cell) if isinstance(cell, dict) else cell for cell in row)
        for row in raw.get("rows", ())
    )
    return Table(id=raw["id"], caption=raw["caption"], columns=columns, rows=rows,
                 table_ids=tuple(raw.get("table_ids", ())), period=raw.get("period", ""),
                 source=raw.get("source", ""), notes=tuple(raw.get("notes", ())))  # fmt: skip
