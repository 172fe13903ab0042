"""People's own words for the kit: without them every place would sound alike, with free numbers none could be trusted.

need-2:
  sentence: "In our schools, {1} children are worried much of the time."
  author: Head of insight
  date: 2026-06-01

{1} stands for the finding's first value; a numeral written out is refused, so that an edit cannot
bring in a number that was not released.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from threecircles.core.dates import in_words
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions.loader import build
from threecircles.definitions.yaml12 import parse
from threecircles.report.kit.told import Item, Told
from threecircles.report.model import Value
from threecircles.report.words import in_hundred, text_of


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One sentence in somebody's words."""

    sentence: str
    author: str
    date: date


def edited(told: Told, path: Path) -> Told:
    """The pack with the edits of a file laid over its findings.

    Raises UsageError for an id that is no finding, a numeral, or a value the finding does not have.
    """
    text = path.read_text(encoding="utf-8")
    edits: dict[str, Edit] = build(parse(text, str(path)), dict[str, Edit], str(path))
    ids = [item.id for item in told.items]
    for name in edits:
        if name not in ids:
            raise UsageError("There is no such finding in the pack.", where=str(path), found=name, mend=did_you_mean(name, ids))  # fmt: skip
    items = (
        _edited(item, edits[item.id], path) if item.id in edits else item for item in told.items
    )
    return replace(told, items=tuple(items))


def _edited(item: Item, edit: Edit, path: Path) -> Item:
    bare = re.sub(r"\{\d+\}", "", edit.sentence)
    if re.search(r"\d", bare):
        raise UsageError(
            "An edited sentence holds a number of its own.",
            where=f"{path}, {item.id}",
            found=edit.sentence,
            mend=f"Write {{1}} to {{{max(1, len(item.values))}}} for the values of the finding.",
        )
    wanted = [int(n) for n in re.findall(r"\{(\d+)\}", edit.sentence)]
    if any(not 1 <= n <= len(item.values) for n in wanted):
        raise UsageError(
            f"The finding has {len(item.values)} values.",
            where=f"{path}, {item.id}",
            found=edit.sentence,
        )
    sentence = re.sub(r"\{(\d+)\}", lambda m: said(item.values[int(m[1]) - 1]), edit.sentence)
    return replace(item, sentence=sentence, author=edit.author, edited=in_words(edit.date))


def said(value: Value) -> str:
    """A value as the kit writes it: a share as "about 24 in 100", all else as released."""
    return in_hundred(value) if value.kind == "percent" else text_of(value)
